"""The risk that time explains a difference: models, or everything, measured in one go."""

from collections.abc import Iterator

from chimera_dagster.evidence.findings.cells import files_of, sources_of_cells
from chimera_dagster.notes.advice import Basis, risk
from chimera_dagster.notes.context import QUESTIONS, NoteContext
from chimera_dagster.notes.naming import models_in_words
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Phrase, file, phrase
from chimera_dagster.notes.rules.sessions import of_few_sessions

_WEIGHT = 105.0


def one_session(data: NoteContext) -> Iterator[Note]:
    """A note if models that differ ran in files of their own, or else if all values are of one file."""
    order = of_few_sessions(data)
    if order is not None:
        names = models_in_words(order.names, 3)
        yield risk(
            "one_session",
            _WEIGHT,
            _of_files(names) if order.contest.apart else _of_few(names),
            phrase("Run them in turn, on several days, before you rely on a small difference."),
            Basis(order.scope, order.sources, (order.finding,), order.measure.metric, order.certainty),
        )
        return
    cells = [cell for measure in QUESTIONS for cell in data.data.cells(measure)]
    files = files_of(cells)
    if len(files) == 1:
        [name] = files
        scope = Scope(tuple(sorted({cell.model for cell in cells})), n=sum(len(cell.places) for cell in cells), files=1)
        yield risk(
            "one_session",
            _WEIGHT,
            (
                phrase("Every value is from {name}, so probably from one session.", name=file(name)),
                phrase("One file, {name}, holds every value: another day may give others.", name=file(name)),
            ),
            phrase("Measure again on another day and compare."),
            Basis(scope, sources_of_cells(cells)),
        )


def _of_files(names: Phrase) -> tuple[Phrase, ...]:
    return (
        phrase(
            "{names} ran in files of their own: a change of the machine between them would look like a difference.",
            names=names,
        ),
        phrase(
            "A change of the machine between the files of {names} would look like a difference between them.",
            names=names,
        ),
    )


def _of_few(names: Phrase) -> tuple[Phrase, ...]:
    return (
        phrase("{names} differ in these sessions; so few can't show whether that holds in others.", names=names),
        phrase("In other sessions, {names} may not differ as they do here: these are too few to tell.", names=names),
    )
