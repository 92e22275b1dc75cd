"""Summaries that disagree with their raw runs, or leave some of them out without saying so."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.findings.finding import Figures, Finding, params_words, sources_of
from chimera_dagster.evidence.findings.finding_context import FindingContext, slices_of_files
from chimera_dagster.evidence.findings.recomputed import RawRows, Runs, tolerance
from chimera_dagster.evidence.measures import OF_SERVER
from chimera_dagster.schemas import FAILED, FAILED_REQUESTS

_WORDS = r"summary|summaries|stats|statistics|aggregated?|report|results|runs|raw|details|data"
_ENDS = re.compile(rf"(?:^|[_.-])(?:{_WORDS})$|^(?:{_WORDS})(?:[_.-]|$)")
_CHECKED = re.compile(r"mean|median|std|min|max|p\d{1,2}")
_OFF_STD = 0.02  # tools that count whole nanoseconds round the mean before they square
_DECLARED = re.compile(r".*(fail|error|skipped|excluded|timeout).*")
_COMPLETED = re.compile(r"completed|successful.*|succeeded")

_IDENTITY = ("model", "params", "prompt", "backend", "gpu", "metric", "aggregate", "original_name")
_NAMED = ["file", "record", *_IDENTITY, "conditions", "value", "n", "unit", "original_unit"]


class WrongFigures(NamedTuple):
    """How many of the figures in `file` disagree with the runs in `source`, and the one that is off most.

    `row` has its metric, aggregate, value and unit; its `runs` runs give `expected`.
    """

    file: str
    source: str
    wrong: int
    checked: int
    row: dict[Any, Any]
    expected: float
    runs: int


class LeftOut(NamedTuple):
    """Runs in `source` that `file` neither sums up nor mentions: `left_out` of `total`, of which `failed` failed."""

    file: str
    source: str
    left_out: int
    total: int
    failed: int


class _Wrong(NamedTuple):
    row: int
    expected: float
    off: float
    places: NDArray[np.int64]


def wrong_summaries(data: FindingContext) -> Iterator[Finding]:
    """Every mean, median, std, min, max and percentile in a file, computed again from the runs that it sums up.

    These runs are in the same file (of a JSON document, in the object that holds both) or in a file of the same folder
    whose name differs in a word such as summary or runs, and have the model, parameters, prompt, engine, GPU and
    conditions that the summary's row names. Rows that name the same
    differ in something unknown, so they are not checked. A figure agrees if it does so within the digits printed; a
    percentile if any usual definition gives it.
    """
    table = data.table
    kinds = [kind for kind in table["aggregate"].cat.categories if _CHECKED.fullmatch(kind)]
    of_runs = ~table["metric"].isin(OF_SERVER)
    sums = table[(table["aggregate"].isin(kinds) & ~table["error"] & of_runs).to_numpy()]
    counted = table[(table["aggregate"].isna() & (~table["error"] | (table["metric"] == FAILED))).to_numpy()]
    raw, of_files, of_sums = RawRows(counted), slices_of_files(table), slices_of_files(sums)
    siblings = _by_base(raw.files)
    named: list[Any] = list(sums[_NAMED].itertuples())
    for file, part in of_sums.items():
        for source in sorted(siblings.get(_base(file), []), key=lambda name: (name != file, name)):
            if source != file and PurePosixPath(source).stem == PurePosixPath(file).stem:
                continue  # a tool's other output of that name need not be of the same runs
            found = _checked(sums.iloc[part], named[part], Runs(raw, source), table.iloc[of_files[file]])
            if found is not None:
                yield from found.findings(file, source)
                break


def _base(file: str) -> str:
    path = PurePosixPath(file)
    stem, before = path.stem.lower(), None
    while stem != before:
        before, stem = stem, _ENDS.sub("", stem)
    return f"{path.parent}/{stem}"


def _by_base(files: Iterable[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file in files:
        found.setdefault(_base(str(file)), []).append(str(file))
    return found


class _Checked(NamedTuple):
    sums: pd.DataFrame
    runs: Runs
    checked: int
    wrong: list[_Wrong]
    covered: NDArray[np.bool_]
    declared: bool
    failures: int | None  # that the summary counts

    def findings(self, file: str, source: str) -> Iterator[Finding]:
        """At most one of wrong figures and one of runs left out."""
        if self.wrong:
            yield self._disagreeing(file, source)
        left_out = np.flatnonzero(~self.covered).tolist()
        if left_out and not self.declared:
            yield self._silent(file, source, left_out)

    def _disagreeing(self, file: str, source: str) -> Finding:
        figures = Figures()
        worst = max(self.wrong, key=lambda wrong: (wrong.off, -wrong.row))
        row: dict[Any, Any] = self.sums.loc[[worst.row]].to_dict("records")[0]
        unit = row["unit"] if isinstance(row["unit"], str) else ""
        runs = "its own runs" if file == source else f"the runs in {source}"
        at = "" if row["params"] == "{}" else f" at {params_words(str(row['params']))}"
        text = (
            f"{figures.say('wrong', len(self.wrong))} of {figures.count('checked', self.checked, 'figure')} in {file} "
            f"disagree with {runs}. The largest difference: {row['record']} gives "
            f"{figures.say('stated', float(row['value']), unit)} as {row['aggregate']} of {row['metric']}{at}, its "
            f"{figures.count('runs', len(worst.places), 'run')} give {figures.say('expected', worst.expected, unit)}."
        )
        rows = self.sums.loc[[wrong.row for wrong in self.wrong]]
        sources = [*sources_of(rows)[:50], *sources_of(self.runs.rows.iloc[worst.places])]
        effect = float(row["value"]) / worst.expected - 1 if worst.expected else None
        share = len(self.wrong) / self.checked
        return Finding(
            "wrong_summaries",
            "warning",
            file,
            text,
            figures,
            self.checked,
            sources,
            60 + share,
            effect=effect,
            about=WrongFigures(file, source, len(self.wrong), self.checked, row, worst.expected, len(worst.places)),
        )

    def _silent(self, file: str, source: str, left_out: list[int]) -> Finding:
        figures, total = Figures(), len(self.runs.records)
        failed = sum(record in self.runs.failed for record in left_out)
        text = (
            f"{file} sums up {figures.say('covered', total - len(left_out))} of "
            f"{figures.count('runs', total, 'run')} in {source} and "
        )
        stated = self.failures
        text += "does not say so: " if stated is None else f"counts {figures.count('stated', stated, 'failure')}: "
        reasons = []
        if failed:
            reasons.append(f"{figures.say('failed', failed)} failed")
        if len(left_out) > failed:
            reasons.append(f"{figures.say('missing', len(left_out) - failed)} are in none of its rows")
        sources = [(source, self.runs.records[record]) for record in left_out]
        return Finding(
            "wrong_summaries",
            "warning",
            file,
            f"{text}{' and '.join(reasons)}.",
            figures,
            total,
            sources,
            importance=40 + len(left_out) / total,
            about=LeftOut(file, source, len(left_out), total, failed),
        )


def _checked(sums: pd.DataFrame, named: list[Any], runs: Runs, table: pd.DataFrame) -> _Checked | None:
    """`sums` are the aggregates of one file, `named` the same rows as tuples; `table` has all rows of that file."""
    found = [runs.matching(row) for row in named]
    seen = [_said(row, runs, places) for row, places in zip(named, found, strict=True)]
    times = Counter(seen)
    checked, wrong = 0, list[_Wrong]()
    covered = np.zeros(len(runs.records), dtype=bool)
    for row, matched, said in zip(named, found, seen, strict=True):
        if matched is None:
            continue
        covered[runs.record[matched]] = True
        if times[said] > 1 or row.n > len(matched):  # the file lists a sample of the runs
            continue
        if len({*runs.record[matched].tolist()}) < len(matched):  # two columns of a run: it may sum up either
            continue
        checked += 1
        low, high = runs.expected(str(row.aggregate), matched)
        value, middle = float(row.value), (low + high) / 2
        off = max(low - value, value - high, 0.0)
        if off > 1e-6 * max(abs(low), abs(high)):
            slack = (
                (_OFF_STD * abs(high) if row.aggregate == "std" else 0.0)
                + tolerance(value, str(row.unit) == str(row.original_unit))
                + runs.slack(matched)
            )
            if off > slack * (1 + 1e-6) + 1e-6 * max(abs(low), abs(high)):
                wrong.append(_Wrong(int(row.Index), middle, off / max(abs(middle), 1e-12), matched))
    if not covered.any():
        return None
    failures = _failures_counted(table)
    return _Checked(sums, runs, checked, wrong, covered, _says_so(runs, table, failures), failures)


def _said(row: Any, runs: Runs, places: NDArray[np.int64] | None) -> tuple[object, ...]:
    """What a summary's row says of itself, as far as the runs say it too, and the first of its runs."""
    texts = (getattr(row, key) for key in _IDENTITY)
    known = (text if isinstance(text, str) else None for text in texts)
    return *known, runs.conditions_in(str(row.conditions)), None if places is None else int(places[0])


def _failures_counted(table: pd.DataFrame) -> int | None:
    """The failures that the summary counts, in all of its records; None if it counts none, not even zero."""
    counts = table.loc[(table["metric"] == FAILED_REQUESTS).to_numpy("bool"), "value"]
    return int(counts.sum()) if len(counts) else None


def _says_so(runs: Runs, table: pd.DataFrame, failures: int | None) -> bool:
    """Whether the summary lists the failed runs, counts them, or says that fewer runs succeeded than were started."""
    if str(table["file"].iloc[0]) == runs.file:
        return True
    if failures is not None:
        return failures >= len(runs.failed)
    good = len(runs.records) - len(runs.failed)
    if any(_DECLARED.fullmatch(str(name).lower()) for name in table["original_name"].unique()):
        return True
    named = [item for labels in table["labels"].unique() for item in json.loads(str(labels)).items()]
    return any(
        _DECLARED.fullmatch(name) or (_COMPLETED.fullmatch(name) and value == good < len(runs.records))
        for name, value in named
    )
