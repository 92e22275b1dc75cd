"""Repeats of a prompt that a cache answered, which say nothing of how long a new prompt takes."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.prompt_cache import FIRST, REPEAT
from chimera_dagster.notes.advice import Basis, recommendation
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import Phrase, count, listed, model, number, phrase
from chimera_dagster.schemas import TTFT

_WEIGHT, _ADVICE = 102.0, 114.0
_MOST = 3  # models


class _Cached(NamedTuple):
    """Medians of a model in ms, of the first requests of prompts and of their repeats."""

    model: str
    first: float
    repeat: float


def prompt_cache(data: NoteContext) -> Iterator[Note]:
    """One note of all models with such repeats, and one with what to do about it."""
    runs = data.data.runs
    rows = runs[(runs["prompt_cache"] > 0).to_numpy()]
    metric = TTFT if rows[TTFT].notna().all() else "prompt_eval_ms"
    found = sorted(_of_models(rows, metric), key=lambda each: (-each.first / each.repeat, each.model))
    if not found:
        return
    parts: list[Phrase] = [
        phrase(
            "{m} ({repeat} instead of {first})",
            m=model(each.model),
            repeat=number(each.repeat, "ms"),
            first=number(each.first, "ms"),
        )
        for each in found[:_MOST]
    ]
    if found[_MOST:]:
        parts.append(count(len(found) - _MOST, "other model"))
    repeats = rows[(rows["prompt_cache"] == REPEAT).to_numpy()]
    what = "shows its first token" if metric == TTFT else "is read"
    models = listed(parts)
    yield Note(
        "prompt_cache",
        "findings",
        _WEIGHT,
        (
            phrase(
                f"A prompt that was asked before {what} far sooner with {{models}}, as if a cache had it. These "
                "{n} count for no time to first token here.",
                models=models,
                n=count(len(repeats), "repeat"),
            ),
            phrase(
                "{n} of a prompt look as if a cache had it, and count for no time to first token here: {models}.",
                models=models,
                n=count(len(repeats), "repeat"),
            ),
        ),
        scope_of(rows),
        metric,
        sources=tuple(sources_of(rows)),
    )
    yield recommendation(
        "prompt_cache",
        _ADVICE,
        phrase("ask a new prompt in each run, or switch the prompt cache off"),
        phrase("a repeated prompt shows how fast the cache is, and not the model"),
        Basis(scope_of(rows), sources_of(repeats), metric=metric),
    )


def _of_models(rows: pd.DataFrame, metric: str) -> Iterator[_Cached]:
    for name, of_model in rows.groupby("model", observed=True):
        medians = of_model.groupby("prompt_cache")[metric].median()
        yield _Cached(str(name), float(medians[FIRST]), float(medians[REPEAT]))
