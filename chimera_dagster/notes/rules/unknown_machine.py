"""The risk of figures from a machine that no file names, or that nobody watched."""

from collections.abc import Iterator

from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.findings.finding_context import TIMED
from chimera_dagster.evidence.measures import MEASURES
from chimera_dagster.notes.advice import Basis, risk
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import Phrase, listed, phrase

_WEIGHT = 60.0
_COMPARED = [measure.metric for measure in MEASURES]
_WATCHED = ("gpu_util_pct", "power_w")
_CPU_WATCHED = ("cpu_util_pct",)


def unknown_machine(data: NoteContext) -> Iterator[Note]:
    """A note if no value names its GPU or its engine, and one if nothing says what the GPU did meanwhile.

    Of values that were measured on a CPU nothing about a GPU is asked.
    """
    table = data.data.table
    rows = table[(table["metric"].isin(_COMPARED) & ~table["error"]).to_numpy()]
    asked = [("backend", "engine")] if data.on_cpu else [("gpu", "GPU"), ("backend", "engine")]
    unnamed = [words for column, words in asked if not rows[column].notna().any()]
    if len(rows) and unnamed:
        what = listed([phrase(words) for words in unnamed], "or")
        yield risk(
            "unknown_machine",
            _WEIGHT,
            (
                phrase(
                    "No file names the {what}, so nobody can compare these figures with those of another machine.",
                    what=what,
                ),
                phrase("These figures may not hold on your machine: no file names the {what}.", what=what),
            ),
            phrase(f"Write the {'CPU' if data.on_cpu else 'GPU'}, the engine and its version into each file."),
            Basis(scope_of(rows), sources_of(rows)),
        )
    timed = rows[rows["metric"].isin(TIMED).to_numpy()]
    watched = _CPU_WATCHED if data.on_cpu else _WATCHED
    if len(timed) and data.measured.isdisjoint(watched):
        wordings, mitigation = _unwatched_cpu() if data.on_cpu else _unwatched_gpu()
        yield risk("unknown_machine", _WEIGHT - 1, wordings, mitigation, Basis(scope_of(timed), sources_of(timed)))


def _unwatched_gpu() -> tuple[tuple[Phrase, ...], Phrase]:
    return (
        phrase("Whether the GPU was shared or throttled during a run can't be told: no file has its use or power."),
        phrase("No file has the use or the power of the GPU, so a run beside other work looks like any other."),
    ), phrase("Record GPU use and power with each run, and keep the machine idle otherwise.")


def _unwatched_cpu() -> tuple[tuple[Phrase, ...], Phrase]:
    return (
        phrase("Whether other work shared the CPU during a run can't be told: no file has its load."),
        phrase("No file has the load of the CPU, so a run beside other work looks like any other."),
    ), phrase("Record the load of the CPU with each run, and keep the machine idle otherwise.")
