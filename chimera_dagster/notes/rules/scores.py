"""The risk of taking a benchmark's score for the quality of one's own answers."""

from collections.abc import Iterator

from chimera_dagster.evidence.findings.cells import files_of, sources_of_cells
from chimera_dagster.evidence.measures import SCORES
from chimera_dagster.notes.advice import Basis, risk
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import count, phrase

_WEIGHT = 101.0


def scores(data: NoteContext) -> Iterator[Note]:
    """One note, if some file scores answers."""
    cells = [cell for measure in SCORES for cell in data.data.cells(measure)]
    if not cells:
        return
    tasks = {str(cell.setup["task"]) for cell in cells if "task" in cell.setup}
    of = phrase(" of {n}", n=count(len(tasks), "task")) if tasks else ()
    yield risk(
        "scores",
        _WEIGHT,
        (
            phrase("The scores are those{of} of a benchmark; your own prompts may rank models otherwise.", of=of),
            phrase("How good the answers to your own prompts are is another matter than the scores{of} here.", of=of),
        ),
        phrase("Try the best two models on prompts of your own."),
        Basis(
            Scope(
                tuple(sorted({cell.model for cell in cells})),
                n=sum(len(cell.places) for cell in cells),
                files=len(files_of(cells)),
            ),
            sources_of_cells(cells),
        ),
    )
