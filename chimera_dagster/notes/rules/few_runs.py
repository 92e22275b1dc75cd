"""The risk of a few runs for each setting."""

from collections.abc import Iterator

import numpy as np

from chimera_dagster.evidence.findings.cells import files_of, sources_of_cells
from chimera_dagster.evidence.measures import Measure
from chimera_dagster.notes.advice import Basis, risk
from chimera_dagster.notes.context import QUESTIONS, NoteContext
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Phrase, count, phrase

_WEIGHT = 110.0
_FEW = 5  # runs


def few_runs(data: NoteContext) -> Iterator[Note]:
    """One note, if half of the settings of the first measure with runs have fewer than five."""
    for measure in QUESTIONS:
        cells = [cell for cell in data.data.cells(measure) if not cell.stated]
        if measure.whole or not cells:
            continue
        usual = int(np.median([len(cell.values) for cell in cells]))
        if usual >= _FEW:
            return
        few = [cell for cell in cells if len(cell.values) <= max(usual, 1)]
        yield risk(
            "few_runs",
            _WEIGHT,
            _of_settings(usual, measure) if len(cells) > 1 else _of_one(usual, measure),
            phrase("Repeat the settings that matter to you before you compare them."),
            Basis(
                Scope(
                    tuple(sorted({cell.model for cell in few})),
                    runs="warm",
                    n=sum(len(cell.places) for cell in few),
                    files=len(files_of(few)),
                ),
                sources_of_cells(few),
                metric=measure.metric,
            ),
        )
        return


def _of_settings(runs: int, measure: Measure) -> tuple[Phrase, ...]:
    parts = {"runs": count(runs, "run"), "what": measure.words}
    if runs == 1:
        return (
            phrase("Most settings ran once, so chance alone can explain a difference in {what}.", what=measure.words),
            phrase("One run for most settings: a difference in {what} may be chance.", what=measure.words),
        )
    return (
        phrase("{runs} for most settings: a difference in {what} has to be large to show.", **parts),
        phrase("Most settings rest on {runs}, so a difference in {what} has to be large to show.", **parts),
    )


def _of_one(runs: int, measure: Measure) -> tuple[Phrase, ...]:
    parts = {"runs": count(runs, "run"), "what": measure.words}
    return (
        phrase("The {what} rests on {runs}, and chance can have moved it.", **parts),
        phrase("Only {runs} behind the {what}: another day can give another value.", **parts),
    )
