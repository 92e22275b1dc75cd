"""The few runs of a model that were far slower or faster than its others."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.findings.outliers import Outliers
from chimera_dagster.notes.context import Found, NoteContext
from chimera_dagster.notes.naming import scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import Phrase, count, file, listed, number, phrase, subject
from chimera_dagster.schemas import DECODE, LOAD, PREFILL, TPOT, TTFT

_WEIGHT = 50.0
_DID = {
    TTFT: "showed its first token after {x}, where {usual} is usual",
    DECODE: "decoded {x}, where {usual} is usual",
    PREFILL: "read its prompt at {x}, where {usual} is usual",
    "prompt_eval_ms": "took {x} for its prompt, where {usual} is usual",
    TPOT: "took {x} per output token, where {usual} is usual",
    LOAD: "took {x} to load the model, where {usual} is usual",
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
    cold: bool  # whether it was compared with cold starts


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


def unusual_runs(data: NoteContext) -> list[Unusual]:
    """By model, the model with most of them first."""
    by_model: dict[str, list[Found[Outliers]]] = {}
    for each in data.found("outliers", Outliers):
        by_model.setdefault(each.about.model, []).append(each)
    found = [_merged(model, of_model) for model, of_model in by_model.items()]
    return sorted(found, key=lambda each: (-len(each.rows), each.model))


def did(each: Unusual) -> Phrase:
    """`showed its first token after 1.5 s, where 291 ms is usual`, of its farthest run."""
    said = phrase(_DID[each.metric], x=number(each.value, each.unit), usual=number(each.usual, each.unit))
    return phrase("{said} for a cold start", said=said) if each.cold else said


def _merged(model: str, found: Sequence[Found[Outliers]]) -> Unusual:
    parts: list[pd.DataFrame] = []
    for each in found:
        about = each.about
        value, usual = about.rows[about.metric].to_numpy("float64"), about.rows["usual"].to_numpy("float64")
        worse = value > usual if about.unit == "ms" else value < usual
        parts.append(
            about.rows[["file", "record", "model"]].assign(
                metric=about.metric,
                unit=about.unit,
                value=value,
                usual=usual,
                worse=worse,
                cold=about.rows["apart"].to_numpy() > 0,
                off=np.abs(np.log(value / usual)),
            )
        )
    rows = pd.concat(parts).sort_values("off", ascending=False, kind="stable")
    by_run = rows.drop_duplicates(["file", "record"])
    shown = rows[rows["metric"].isin([TTFT, DECODE])]
    worst = (rows if shown.empty else shown).iloc[0]
    slow = int(by_run["worse"].sum())
    return Unusual(
        model,
        tuple(each.id for each in found),
        by_run,
        slow,
        len(by_run) - slow,
        str(worst["metric"]),
        str(worst["unit"]),
        float(worst["value"]),
        float(worst["usual"]),
        str(worst["file"]),
        bool(worst["cold"]),
    )


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
