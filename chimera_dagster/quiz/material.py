"""What a quiz is made of: the values that a folder's facts state, and which metrics were measured of which model."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from chimera_dagster.evidence.fact import Fact, load_facts
from chimera_dagster.evidence.figures import format_value
from chimera_dagster.evidence.measures import MEASURES

# Facts with one value of one model; the others count something, or give away the answer to a comparison.
_KINDS = ("model_mean", "stated", "warm_mean", "cold_mean", "model_p95", "best_run")
_WORDS = {measure.metric: measure.words for measure in MEASURES}
_MOST = 14  # values on the sheet: some 500 tokens, a fraction of the prompt of a report
_OF_A_METRIC = 6  # so that there are two metrics or more


class Value(NamedTuple):
    """A fact that states one value: `quantity` of `subject`, such as `mean decode throughput` of `m:7b at top_k=20`.

    `model` is None if its file does not name one; the subject is the file then.
    """

    fact: Fact
    quantity: str
    subject: str
    model: str | None
    metric: str
    value: float
    unit: str

    @property
    def name(self) -> str:
        return f"{self.quantity} of {self.subject}"

    @property
    def line(self) -> str:
        return f"{self.name}: {self.fact.rendered}"

    @property
    def group(self) -> tuple[str, str]:
        """Values that may be compared with each other."""
        return self.quantity, self.unit


class Material(NamedTuple):
    """`values` are the lines of the data sheet, in its order; `measured` has (model, metric) of the whole folder."""

    values: tuple[Value, ...]
    measured: frozenset[tuple[str, str]]

    @property
    def models(self) -> list[str]:
        return list(dict.fromkeys(value.model for value in self.values if value.model is not None))

    @property
    def groups(self) -> list[list[Value]]:
        """Values of one quantity, two or more of them; not those that are an end of something already."""
        found: dict[tuple[str, str], list[Value]] = {}
        for value in self.values:
            if not value.quantity.startswith(("highest ", "lowest ")):
                found.setdefault(value.group, []).append(value)
        return [group for group in found.values() if len(group) > 1]


def material_of(facts: pd.DataFrame, statistics: pd.DataFrame) -> Material:
    """From schemas.Facts and schemas.DataSummary."""
    found: list[Value] = []
    for fact, row in zip(load_facts(facts), facts.to_dict("records"), strict=True):
        value = _value(fact, row)
        alike = [other for other in found if value and other.metric == value.metric]
        if value and len(alike) < _OF_A_METRIC and value.name not in {other.name for other in found}:
            found.append(value)
    named = statistics[statistics["model"].notna()]
    pairs = zip(named["model"].astype("str"), named["metric"].astype("str"), strict=True)
    measured = frozenset(pairs) | {(value.model, value.metric) for value in found if value.model is not None}
    return Material(tuple(found[:_MOST]), measured)


def rendered(value: float, unit: str) -> str:
    """As facts render a value; of a computed one, which has more digits, three."""
    return format_value(float(f"{value:.3g}"), unit)


def others_of(values: Sequence[Value], than: Value) -> list[Value]:
    """Values of the same unit whose text is another one."""
    return [value for value in values if value.unit == than.unit and value.fact.rendered != than.fact.rendered]


def _value(fact: Fact, row: Any) -> Value | None:
    words = _WORDS.get(row["metric"])
    if row["kind"] not in _KINDS or words is None or not row["value"] > 0:
        return None
    before, found, after = fact.text.partition(f"{words} of ")
    if not found:
        return None
    model = row["model"] if isinstance(row["model"], str) else None
    return Value(fact, before + words, after, model, row["metric"], float(row["value"]), row["unit"])
