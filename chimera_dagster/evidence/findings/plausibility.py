"""Values that can't be true, stated values that contradict derived ones, and names that mean the same."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from chimera_dagster.evidence.figures import format_value
from chimera_dagster.evidence.findings.finding import Figures, Finding, listed, sources_of
from chimera_dagster.evidence.findings.finding_context import FindingContext
from chimera_dagster.evidence.findings.recomputed import tolerance
from chimera_dagster.evidence.runs import spellings

_REASONS = 8
_EXAMPLES = 2
_ROUNDING = 0.02  # a derived value is made of rounded ones


class Implausible(NamedTuple):
    """Rows in doubt by reason, the most frequent first."""

    groups: list[tuple[str, pd.DataFrame]]


class DerivedApart(NamedTuple):
    """`wrong` of `total` values of a metric in a file that `formula` contradicts; the farthest is `stated`."""

    file: str
    metric: str
    unit: str
    wrong: int
    total: int
    stated: float
    formula: str
    given: float


class Spellings(NamedTuple):
    """`others` count as the model `chosen`, in `n` records."""

    chosen: str
    others: list[str]
    n: int


def implausible(data: FindingContext) -> Iterator[Finding]:
    """One finding that counts the values in doubt, by reason and file, each reason with examples."""
    rows = data.doubtful
    if rows.empty:
        return
    figures, total = Figures(), len(rows)
    groups = sorted(rows.groupby("doubt", observed=True), key=lambda item: (-len(item[1]), str(item[0])))
    parts: list[str] = []
    for place, (reason, group) in enumerate(groups[:_REASONS], start=1):
        files = group["file"].astype("str").value_counts()
        ordered = sorted(files.items(), key=lambda item: (-item[1], str(item[0])))
        named = listed([f"{name} ({count})" for name, count in ordered], 3)
        few = group.head(_EXAMPLES)
        shown = zip(few["original_name"], few["value"], few["unit"], few["record"], strict=True)
        examples = "; ".join(
            _example(str(name), float(value), unit, str(record)) for name, value, unit, record in shown
        )
        parts.append(f"{figures.say(f'count_{place}', len(group))} because {reason}, in {named}, such as {examples}")
    more = f"; and {len(groups) - _REASONS} more reasons" if len(groups) > _REASONS else ""
    text = (
        f"{figures.count('values', total, 'value')} can't be true and "
        f"{'is' if total == 1 else 'are'} in no statistic: {'; '.join(parts)}{more}."
    )
    about = Implausible([(str(reason), group) for reason, group in groups])
    yield Finding(
        "implausible", "warning", "implausible values", text, figures, total, sources_of(rows), 95.0, about=about
    )


def _example(name: str, value: float, unit: object, record: str) -> str:
    return f"{name} {format_value(value, unit if isinstance(unit, str) else '')} in {record}"


def contradicting_derived(data: FindingContext) -> Iterator[Finding]:
    """Per file and metric, stated values that differ from what the definition gives by more than rounding.

    That is more than half a unit in the last digit printed and than 2 %, as the numbers of the formula are rounded too.
    """
    rows = data.table[(data.table["aggregate"].isna() & ~data.table["error"]).to_numpy()]
    derived = rows[rows["derived"].notna().to_numpy()]
    stated = rows[rows["derived"].isna().to_numpy() & rows["metric"].isin(list(derived["metric"].unique())).to_numpy()]
    keys = ["file", "record", "metric", "unit"]
    calculated = derived[[*keys, "value", "derived"]].rename(columns={"value": "given"})
    both = stated.drop(columns="derived").merge(calculated, on=keys)
    if both.empty:
        return
    value, given = both["value"].to_numpy("float64"), both["given"].to_numpy("float64")
    own = (both["unit"].astype("str") == both["original_unit"].astype("str")).to_numpy()
    slack = np.array([tolerance(each, bool(is_own)) for each, is_own in zip(value, own, strict=True)])
    wrong = both[np.abs(value - given) > slack + _ROUNDING * np.abs(given)]
    totals = both.groupby(["file", "metric"], observed=True).size()
    for (file, metric), group in wrong.groupby(["file", "metric"], observed=True):
        yield _contradiction(str(file), str(metric), group, int(totals[file, metric]))


def _contradiction(file: str, metric: str, rows: pd.DataFrame, total: int) -> Finding:
    figures = Figures()
    value, derived = rows["value"].to_numpy("float64"), rows["given"].to_numpy("float64")
    worst = rows.iloc[int(np.argmax(np.abs(value - derived) / np.maximum(np.abs(derived), 1e-12)))]
    unit = str(worst["unit"])
    stated, given = float(worst["value"]), float(worst["given"])
    text = (
        f"{figures.say('wrong', len(rows))} of {figures.count('checked', total, 'value')} of {metric} in {file} "
        f"contradict the numbers beside them. The largest difference: {worst['record']} states "
        f"{figures.say('stated', stated, unit)} as {worst['original_name']}, and {worst['derived']} gives "
        f"{figures.say('derived', given, unit)}. The stated values are used."
    )
    effect = stated / given - 1 if given else None
    return Finding(
        "contradicting_derived",
        "warning",
        f"{metric} in {file}",
        text,
        figures,
        total,
        sources_of(rows),
        importance=70.0 + len(rows) / total,
        effect=effect,
        about=DerivedApart(file, metric, unit, len(rows), total, stated, str(worst["derived"]), given),
    )


def model_spellings(data: FindingContext) -> Iterator[Finding]:
    """Models that files spell in several ways, and that count as one."""
    others = {chosen: list(names) for chosen, names in data.spelled.items()}
    for name, chosen in sorted(spellings(data.names).items()):
        others.setdefault(chosen, []).append(name)
    for chosen, names in sorted(others.items()):
        rows = data.table[(data.table["model"] == chosen).to_numpy()]
        if rows.empty:
            continue
        figures = Figures()
        n = len(rows[["file", "record"]].drop_duplicates())
        text = (
            f"{listed(names)} and {chosen} are one model ({figures.count('records', n, 'record')}): its tags differ in "
            f"case, in what joins their words or in `latest` alone."
        )
        about = Spellings(chosen, names, n)
        yield Finding(
            "model_spellings", "notice", chosen, text, figures, n, sources_of(rows), importance=15.0, about=about
        )
