"""Models whose answers end at the limit of tokens alone: a base model, or one without its chat template, does that."""

import json
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.notes.advice import Basis, risk
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import every, scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import Part, Phrase, capital, count, model, number, phrase
from chimera_dagster.schemas import ENDED_AT_LIMIT

_BESIDE, _ALONE = 101.0, 58.0  # weight if another model stops by itself at equal settings, or if none is known to
_LEAST_RUNS = 10
_NEVER = 0.97  # of the answers end at the limit
_STOPS = 0.4  # of the answers of the other model end before it


class _Ends(NamedTuple):
    """Of a model: runs whose file says why the answer ended, and how many ended at the limit."""

    model: str
    rows: pd.DataFrame
    at_limit: int

    @property
    def never(self) -> bool:
        return len(self.rows) >= _LEAST_RUNS and self.at_limit >= _NEVER * len(self.rows)

    @property
    def stops(self) -> bool:
        return self.at_limit <= (1 - _STOPS) * len(self.rows)


def never_stops(data: NoteContext) -> Iterator[Note]:
    """A note for each such model, and a risk of it if another model stops by itself under the same settings."""
    runs = data.data.runs
    known = runs["labels"].astype("str").map(_at_limit)
    rows = runs.assign(at_limit=known)[(known.notna() & runs["model"].notna()).to_numpy()]
    ends = [
        _Ends(str(name), of_model, int(of_model["at_limit"].sum()))
        for name, of_model in rows.groupby("model", observed=True)
    ]
    for each in (each for each in ends if each.never):
        other = next((other for other in ends if other.stops and _share_settings(each, other)), None)
        parts: dict[str, Part | Phrase] = {"of": _of(each), "m": model(each.model)}
        scope, sources = scope_of(each.rows), sources_of(each.rows)
        if other is None:
            yield Note(
                "never_stops",
                "findings",
                _ALONE,
                (
                    capital(phrase("{of} of {m} ended at the token limit, so their length is that limit.", **parts)),
                    phrase("The length of the answers of {m} is the token limit: {of} ended there.", **parts),
                ),
                scope,
                sources=tuple(sources),
            )
            continue
        parts |= {
            "o": model(other.model),
            "n": phrase("{n} of {m}", n=number(other.at_limit), m=number(len(other.rows))),
        }
        yield Note(
            "never_stops",
            "findings",
            _BESIDE,
            (
                capital(
                    phrase(
                        "{of} of {m} ended at the token limit, and only {n} of {o}: either it has more to say, or it "
                        "never stops by itself, like a base model.",
                        **parts,
                    )
                ),
                phrase(
                    "{m} has more to say, or never stops by itself, like a base model: {of} ended at the token limit, "
                    "and only {n} of {o}.",
                    **parts,
                ),
            ),
            scope,
            sources=tuple(sources),
        )
        yield risk(
            "never_stops",
            _BESIDE,
            (
                phrase("Answers of {m} that never end may be of no use, however fast they are.", m=model(each.model)),
                phrase("However fast {m} is, answers that only a limit ends may be of no use.", m=model(each.model)),
            ),
            phrase("Read some of its answers, and check that it runs with its chat template."),
            Basis(scope, sources),
        )


def _at_limit(labels: str) -> float:
    """NaN if the file does not say why the answer ended."""
    return json.loads(labels).get(ENDED_AT_LIMIT, float("nan"))


def _of(each: _Ends) -> Phrase:
    total = len(each.rows)
    if each.at_limit == total:
        return every(total, "answer")
    return phrase("{n} of {m}", n=number(each.at_limit), m=count(total, "answer"))


def _share_settings(one: _Ends, other: _Ends) -> bool:
    """Whether the other model answered under some settings of the first one."""
    return bool(set(one.rows["setting"]) & set(other.rows["setting"]))
