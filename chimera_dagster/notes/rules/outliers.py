"""The few runs of a model that were far slower or faster than its others, though none had to load it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.findings.outliers import Outliers
from chimera_dagster.notes.context import Found, NoteContext
from chimera_dagster.notes.naming import scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import Phrase, count, file, listed, number, phrase, subject
from chimera_dagster.schemas import DECODE, LOAD, PREFILL, TPOT, TTFT

_WEIGHT = 50.0
_FACTOR = 2.0  # as far from the usual value as a run has to be without its load time
_DID = {
    TTFT: "showed its first token after {x}, where {usual} is usual",
    DECODE: "decoded {x}, where {usual} is usual",
    PREFILL: "read its prompt at {x}, where {usual} is usual",
    "prompt_eval_ms": "took {x} for its prompt, where {usual} is usual",
    TPOT: "took {x} per output token, where {usual} is usual",
}


class Unusual(NamedTuple):
    """Runs of a model that are outliers by any metric: their ids, how many are slow and fast, and the farthest."""

    model: str
    findings: tuple[str, ...]
    rows: pd.DataFrame
    slow: int
    fast: int
    metric: str
    unit: str
    value: float
    usual: float
    file: str


def outliers(data: NoteContext) -> Iterator[Note]:
    """One note for each model, whatever the metrics by which its runs stand out."""
    runs = data.data.runs
    for each in unusual_runs(data):
        total = int((runs["model"] == each.model).sum())
        wordings = _wordings(each, total)
        scope = replace(scope_of(each.rows), n=total)
        weight = _WEIGHT + min(abs(float(np.log(each.value / each.usual))), 9.0)
        sources = tuple(sources_of(each.rows))
        yield Note(
            "outliers", "findings", weight, wordings, scope, each.metric, sources=sources, findings=each.findings
        )


def unusual_runs(data: NoteContext, *, slow: bool = False) -> list[Unusual]:
    """By model, the model with the most slow runs first; only these if `slow`.

    Left out are cold starts and runs that are late by no more than their load time: a load has notes of its own.
    """
    by_model: dict[str, list[Found[Outliers]]] = {}
    for each in data.found("outliers", Outliers):
        by_model.setdefault(each.about.model, []).append(each)
    merged = (_merged(model, of_model, slow=slow) for model, of_model in by_model.items())
    found = [each for each in merged if each is not None]
    return sorted(found, key=lambda each: (-each.slow, -len(each.rows), each.model))


def did(each: Unusual) -> Phrase:
    """`showed its first token after 1.5 s, where 291 ms is usual`, of its farthest run."""
    return phrase(_DID[each.metric], x=number(each.value, each.unit), usual=number(each.usual, each.unit))


def _merged(model: str, found: Sequence[Found[Outliers]], *, slow: bool) -> Unusual | None:
    parts: list[pd.DataFrame] = []
    ids: list[str] = []
    for each in found:
        about = each.about
        value, usual = about.rows[about.metric].to_numpy("float64"), about.rows["usual"].to_numpy("float64")
        worse = value > usual if about.unit == "ms" else value < usual
        kept = ~_by_load(about) & (worse | (not slow))
        part = about.rows[["file", "record", "model"]].assign(
            metric=about.metric,
            unit=about.unit,
            value=value,
            usual=usual,
            worse=worse,
            off=np.abs(np.log(value / usual)),
        )
        if kept.any():
            parts.append(part[kept])
            ids.append(each.id)
    if not parts:
        return None
    rows = pd.concat(parts).sort_values("off", ascending=False, kind="stable")
    by_run = rows.drop_duplicates(["file", "record"])
    shown = rows[rows["metric"].isin([TTFT, DECODE])]
    worst = (rows if shown.empty else shown).iloc[0]
    count_slow = int(by_run["worse"].sum())
    return Unusual(
        model,
        tuple(ids),
        by_run,
        count_slow,
        len(by_run) - count_slow,
        str(worst["metric"]),
        str(worst["unit"]),
        float(worst["value"]),
        float(worst["usual"]),
        str(worst["file"]),
    )


def _by_load(about: Outliers) -> NDArray[np.bool_]:
    """Which runs loaded the model, or would not stand out without the time that they took to load it."""
    cold = about.rows["cold"].to_numpy("bool")
    if about.metric == LOAD:
        return np.ones_like(cold)
    if about.metric != TTFT:
        return cold
    rest = (about.rows[TTFT] - about.rows[LOAD].fillna(0.0)).to_numpy("float64")
    late = about.rows[TTFT].to_numpy("float64") > about.rows["usual"].to_numpy("float64")
    return cold | (late & (rest <= _FACTOR * about.rows["usual"].to_numpy("float64")))


def _wordings(each: Unusual, total: int) -> tuple[Phrase, ...]:
    n, slow, fast = len(each.rows), each.slow, each.fast
    many = n > 1
    how = "slower" if not fast else "faster" if not slow else ""
    were = "were" if many else "was"
    if how:
        said = phrase(f"{were} far {how} than the others")
    else:
        sides = listed([phrase("{n} slower", n=number(slow)), phrase("{n} faster", n=number(fast))])
        said = phrase("were far from the others ({sides})", sides=sides)
    parts = {
        "of_runs": phrase(
            "{n} of {total} of {model}", n=number(n), total=count(total, "run"), model=subject(each.model)
        ),
        "said": said,
        "farthest": phrase(f"{'the farthest one' if many else 'it'} {{did}}", did=did(each)),
        "place": file(each.file),
    }
    return (
        phrase(
            "{of_runs} {said}: {farthest} ({place}). "
            f"A mean over all runs is moved by {'them' if many else 'it'}.",
            **parts,
        ),
        phrase(
            "{of_runs} {said}, and {farthest} ({place}); "
            f"{'they move' if many else 'it moves'} a mean over all runs.",
            **parts,
        ),
    )
