"""The risk of values that files state without the runs behind them."""

from collections.abc import Iterator

from chimera_dagster.evidence.findings.cells import files_of, sources_of_cells
from chimera_dagster.notes.advice import Basis, risk
from chimera_dagster.notes.context import QUESTIONS, NoteContext
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import count, number, phrase

_WEIGHT = 106.0
_LEAST_SHARE = 0.2


def stated_values(data: NoteContext) -> Iterator[Note]:
    """One note, if a fifth of the values that models are compared by are stated by files that do not list the runs."""
    cells = [cell for measure in QUESTIONS if not measure.whole for cell in data.data.cells(measure)]
    stated = [cell for cell in cells if cell.stated]
    if not stated or len(stated) < _LEAST_SHARE * len(cells):
        return
    one = len(stated) == 1
    values = count(len(stated), "value")
    if len(stated) < len(cells):
        values = phrase("{n} of {m}", n=number(len(stated)), m=count(len(cells), "value"))
    them, scatter = ("it", "it scatters") if one else ("them", "they scatter")
    yield risk(
        "stated_values",
        _WEIGHT,
        (
            phrase(
                f"{{values}} {'is' if one else 'are'} stated without the runs behind {them}, so nobody can check "
                f"{them}.",
                values=values,
            ),
            phrase(f"No file lists the runs behind {{values}}: how far {scatter} is unknown.", values=values),
        ),
        phrase("Keep the single runs beside each summary."),
        Basis(
            Scope(
                tuple(sorted({cell.model for cell in stated})),
                n=sum(len(cell.places) for cell in stated),
                files=len(files_of(stated)),
            ),
            sources_of_cells(stated),
        ),
    )
