"""Repeats of a prompt that a cache answered, which say nothing of how long a new prompt takes."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.prompt_cache import FIRST, FIRST_ALONE, REPEAT, REPEAT_ALONE, SAID
from chimera_dagster.notes.advice import Basis, recommendation
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import Phrase, count, listed, model, number, phrase
from chimera_dagster.schemas import TTFT

_WEIGHT, _ALONE, _ADVICE = 102.0, 100.0, 114.0
_MOST = 3  # models


class _Cached(NamedTuple):
    """Medians of a model in ms, of the first requests of prompts (NaN if not known) and of their repeats."""

    model: str
    first: float
    repeat: float


def prompt_cache(data: NoteContext) -> Iterator[Note]:
    """A note of all models with such repeats, by their order or by what files say, one of those of which a file asks
    one prompt alone, and advice.
    """
    runs = data.data.runs
    notes = [
        note
        for kinds, weight in (
            ((FIRST, REPEAT), _WEIGHT),
            ((SAID, SAID), _WEIGHT),
            ((FIRST_ALONE, REPEAT_ALONE), _ALONE),
        )
        if (note := _note(runs[runs["prompt_cache"].isin(kinds).to_numpy()], kinds, weight))
    ]
    yield from notes
    if notes:
        rows = runs[(runs["prompt_cache"] > 0).to_numpy()]
        yield recommendation(
            "prompt_cache",
            _ADVICE,
            phrase("ask a new prompt in each run, or switch the prompt cache off"),
            phrase("a repeated prompt shows how fast the cache is, and not the model"),
            Basis(scope_of(rows), sources_of(rows), metric=notes[0].metric),
        )


def _note(rows: pd.DataFrame, kinds: tuple[int, int], weight: float) -> Note | None:
    metric = TTFT if rows[TTFT].notna().all() else "prompt_eval_ms"
    found = sorted(_of_models(rows, metric, kinds), key=_by_ratio)
    if not found:
        return None
    repeats = int((rows["prompt_cache"] == kinds[1]).sum())
    if kinds[0] == FIRST:
        wordings = _sure(found, metric, repeats)
    else:
        wordings = _said(found, repeats) if kinds[0] == SAID else _alone(found, metric)
    sources = tuple(sources_of(rows))
    return Note("prompt_cache", "findings", weight, wordings, scope_of(rows), metric, sources=sources)


def _by_ratio(found: _Cached) -> tuple[float, str]:
    """The largest ratio first, those that are not known last."""
    ratio = found.first / found.repeat
    return (-ratio if ratio > 0 else 0.0), found.model


def _sure(found: Sequence[_Cached], metric: str, repeats: int) -> tuple[Phrase, ...]:
    parts = {"models": _models(found, "{m} ({repeat} instead of {first})"), "n": count(repeats, "repeat")}
    what = "shows its first token" if metric == TTFT else "is read"
    return (
        phrase(
            f"A prompt that was asked before {what} far sooner with {{models}}, as if a cache had it. These {{n}} "
            "count for no time to first token here.",
            **parts,
        ),
        phrase(
            "{n} of a prompt look as if a cache had it, and count for no time to first token here: {models}.", **parts
        ),
    )


def _said(found: Sequence[_Cached], repeats: int) -> tuple[Phrase, ...]:
    """Of what files tell apart themselves, as the first request and the others."""
    known = [each for each in found if each.first > each.repeat]
    runs = count(repeats, "run")
    if not known:
        return (phrase("A cache had most of the prompt in {n}, which count for no time to first token here.", n=runs),)
    parts = {"models": _models(known, "{repeat} instead of {first} with {m}"), "n": runs}
    return (
        phrase(
            "In {n}, the first token of a prompt that was asked before comes far sooner than the first time: {models}. "
            "Times to first token here are those of the first time, and no prompt rate is from such runs.",
            **parts,
        ),
        phrase(
            "{n} show how fast a prompt cache is: the first token comes after {models}, the first time. Times to first "
            "token here are those of the first time, and no prompt rate is from such runs.",
            **parts,
        ),
    )


def _alone(found: Sequence[_Cached], metric: str) -> tuple[Phrase, ...]:
    what = "to the first token" if metric == TTFT else "for the prompt"
    models = _models(found, "{m} ({first}, then {repeat})")
    return (
        phrase(
            f"The first of several runs of a prompt took far longer {what} than the others with {{models}}: a prompt "
            "cache, or a first run that warms something up, looks like that.",
            models=models,
        ),
        phrase(
            f"With {{models}}, the first of several runs of a prompt took far longer {what}, as a prompt cache, or a "
            "first run that warms something up, would make it.",
            models=models,
        ),
    )


def _models(found: Sequence[_Cached], template: str) -> Phrase:
    parts: list[Phrase] = [
        phrase(template, m=model(each.model), repeat=number(each.repeat, "ms"), first=number(each.first, "ms"))
        for each in found[:_MOST]
    ]
    if found[_MOST:]:
        parts.append(count(len(found) - _MOST, "other model"))
    return listed(parts)


def _of_models(rows: pd.DataFrame, metric: str, kinds: tuple[int, int]) -> Iterator[_Cached]:
    for name, of_model in rows.groupby("model", observed=True):
        if kinds[0] == SAID:
            known = of_model[of_model["fresh_ms"].notna().to_numpy()]
            yield _Cached(str(name), float(known["fresh_ms"].median()), float(known[metric].median()))
            continue
        first, repeat = (of_model.loc[(of_model["prompt_cache"] == kind).to_numpy(), metric].median() for kind in kinds)
        yield _Cached(str(name), float(first), float(repeat))
