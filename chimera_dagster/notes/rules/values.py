"""What was measured of models that no contest compares."""

from collections.abc import Iterator

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.findings.cells import files_of, sources_of_cells
from chimera_dagster.notes.context import QUESTIONS, NoteContext
from chimera_dagster.notes.metric_words import does
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import count, phrase, subject
from chimera_dagster.notes.settings import in_words

_MOST = 3  # setups of one model and measure
_MEASURES = 3


def values(data: NoteContext) -> Iterator[Note]:
    """The values of a model by the measures in which nothing ranks it, of the setups with the most runs."""
    ranked = {
        (measure.metric, standing.item)
        for measure, results in data.rankings.items()
        for _, judged in results
        for standing in judged.contest.standings
    }
    for place, measure in enumerate(QUESTIONS):
        cells = data.data.cells(measure)
        by_model: dict[str, int] = {}
        for cell in sorted(cells, key=lambda cell: -len(cell.places)):
            if (measure.metric, cell.model) in ranked or by_model.get(cell.model, 0) >= _MOST:
                continue
            by_model[cell.model] = by_model.get(cell.model, 0) + 1
            kind = cell.kind if cell.stated else "mean"
            value = cell.centre(kind)
            where = in_words(cell.setup, data.said)
            at = phrase(" {where}", where=where) if where else ()
            runs = cell.moments[0]
            over = phrase(" over {n}", n=count(int(runs), "run")) if runs > 0 else ()
            which = "all" if cell.stated else "warm"
            said = does(measure, subject(cell.model), value)
            yield Note(
                "value",
                "performance",
                (120.0 if place < _MEASURES and len(data.models) < _MEASURES else 40.0) - place,
                (phrase("{said}{at}{over}.", said=said, at=at, over=over),),
                Scope((cell.model,), cell.setup, which, len(cell.places), len(files_of([cell]))),
                measure.metric,
                certainty=Certainty.PLAIN,
                sources=tuple(sources_of_cells([cell])),
            )
