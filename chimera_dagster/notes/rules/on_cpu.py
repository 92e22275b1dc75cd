"""The risk of taking the speed of a CPU for that of a GPU."""

from collections.abc import Iterator

from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.notes.advice import Basis, risk
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import files_in_words, scope_of
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import phrase

_WEIGHT = 106.0
_MOST = 2  # names of files


def on_cpu(data: NoteContext) -> Iterator[Note]:
    """One note if files say that a CPU ran the models, and no file names a GPU."""
    rows = data.cpu
    if rows.empty:
        return
    names = files_in_words(sorted(str(name) for name in rows["file"].unique()), _MOST)
    says = "says" if rows["file"].nunique() == 1 else "say"
    ran = "Everything here ran on a CPU only" if data.on_cpu else "Some of this ran on a CPU, and no file names a GPU"
    yield risk(
        "on_cpu",
        _WEIGHT,
        (
            phrase(f"{ran}, as {{names}} {says}; on a GPU the order and the distances may be others.", names=names),
            phrase(f"{ran}, as {{names}} {says}: on a GPU it may look otherwise.", names=names),
        ),
        phrase("Measure again on the machine that will serve the model."),
        Basis(scope_of(rows), sources_of(rows)),
    )
