"""What a detector yields, and how it becomes a row of schemas.Findings."""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.certainty import BLIND, Certainty
from chimera_dagster.evidence.figures import format_value, named_params
from chimera_dagster.evidence.runs import MOST_SOURCES, coded
from chimera_dagster.schemas import SEVERITIES, Findings

SHOWN = 12  # names listed in one text
WHOLE_FILE = "/"


class Figures:
    """The figures of one text: each is rendered and stored under its name, so that no figure is in the text alone."""

    def __init__(self) -> None:
        self.values: dict[str, list[float | str]] = {}

    def say(self, name: str, value: float, unit: str = "") -> str:
        """The figure as text; a name may be used again with the same value."""
        self.values[name] = [float(value), unit]
        return format_value(float(value), unit)

    def share(self, name: str, ratio: float) -> str:
        """A ratio as a percentage: 0.05 is `5 %`."""
        return self.say(name, round(ratio * 100, 6), "%")

    def count(self, name: str, number: int, noun: str) -> str:
        """`1 run`, `2 runs`."""
        return f"{self.say(name, number)} {noun if number == 1 else noun + 's'}"


class Finding(NamedTuple):
    """One statement; `importance` orders findings of one severity, the largest first.

    `certainty` is that of the difference it states, the strongest of several; None if it compares nothing. `about` is
    what the text was made from, for those who word it otherwise.
    """

    detector: str
    severity: str
    subject: str
    text: str
    figures: Figures
    n: int
    sources: Sequence[tuple[str, str]]
    importance: float = 0.0
    test: str | None = None
    p_value: float | None = None
    effect: float | None = None
    detectable: float | None = None
    certainty: Certainty | None = None
    about: object = None


def listed(names: Iterable[str], shown: int = SHOWN) -> str:
    """`a, b and c`; of more than `shown` the rest as a count."""
    every = list(names)
    if len(every) > shown:
        return f"{', '.join(every[:shown])} and {len(every) - shown} more"
    return " and ".join([", ".join(every[:-1]), every[-1]]) if len(every) > 1 else "".join(every)


def params_words(params: str) -> str:
    """As `named_params`, and words where there are none."""
    return named_params(params) or "no parameters named"


def sources_of(rows: pd.DataFrame, places: NDArray[np.int64] | None = None) -> list[tuple[str, str]]:
    """[file, record] of rows in the order of `FindingContext.table`, each once, at most 100; of `places` if given."""
    (file, files), (record, records) = coded(rows["file"]), coded(rows["record"])
    if places is not None:
        file, record = file[places], record[places]
    found = pd.unique(file.astype("int64") * (len(records) + 1) + record)[:MOST_SOURCES]
    pairs = zip(files[found // (len(records) + 1)], records[found % (len(records) + 1)], strict=True)
    return [(str(file), str(record)) for file, record in pairs]


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Warnings first, then notices, then info; within one severity by importance, then by text."""
    return sorted(findings, key=_rank)


def as_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """schemas.Findings: D1 is the first of the ranked findings."""
    rows = [
        {
            "id": f"D{number}",
            "detector": one.detector,
            "severity": one.severity,
            "subject": one.subject,
            "text": one.text,
            "values": _json(one.figures.values),
            "n": one.n,
            "test": one.test,
            "p_value": _number(one.p_value),
            "effect": _number(one.effect),
            "detectable": None if one.detectable is None or one.detectable > BLIND else _number(one.detectable),
            "certainty": None if one.certainty is None else str(one.certainty),
            "sources": _json([list(source) for source in one.sources[:MOST_SOURCES]]),
        }
        for number, one in enumerate(ranked(findings), start=1)
    ]
    columns = list(Findings.to_schema().columns)
    numbers = ("p_value", "effect", "detectable")
    types = {name: "float64" if name in numbers else "int64" if name == "n" else "str" for name in columns}
    return pd.DataFrame(rows, columns=columns).astype(types)


def _rank(finding: Finding) -> tuple[object, ...]:
    return SEVERITIES.index(finding.severity), -finding.importance, finding.text, finding.subject


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)
