"""What was measured of models that nothing compares."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.findings.cells import Cell, files_of, sources_of_cells
from chimera_dagster.evidence.findings.contest_words import Series
from chimera_dagster.evidence.findings.trends import Trend
from chimera_dagster.evidence.measures import FURTHER, Measure
from chimera_dagster.evidence.setups import canonical
from chimera_dagster.notes.context import QUESTIONS, NoteContext
from chimera_dagster.notes.metric_words import does, words_of
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import capital, count, joined, listed, model, number, phrase, subject
from chimera_dagster.notes.settings import in_words

_MOST = 2  # settings of one model
_MEASURES = 3  # of one sentence
_MODELS = 12  # the others are counted
_FEW_MODELS = 2
_ALONE, _AMONG = 120.0, 40.0


class _Setting(NamedTuple):
    """What is known of a model under one setup, the most telling measure first."""

    model: str
    values: list[tuple[Measure, Cell]]

    @property
    def runs(self) -> int:
        return max(len(cell.places) for _, cell in self.values)


def values(data: NoteContext) -> Iterator[Note]:
    """One sentence each for the two settings of a model with the most metrics and runs, of what no other note tells."""
    by_model = _settings(data)
    order = sorted(by_model, key=lambda name: (-max(each.runs for each in by_model[name]), name))
    base = _ALONE if len(data.models) <= _FEW_MODELS else _AMONG
    for place, name in enumerate(order[:_MODELS]):
        for second, setting in enumerate(by_model[name][:_MOST]):
            first, _ = setting.values[0]
            weight = _AMONG if first in FURTHER else base
            yield _note(data, setting, weight - place / 10 - second / 100)
    if others := order[_MODELS:]:
        cells = [cell for name in others for setting in by_model[name] for _, cell in setting.values]
        yield _others(others, cells, base - _MODELS / 10)


def _settings(data: NoteContext) -> dict[str, list[_Setting]]:
    told = _told(data)
    found: dict[str, dict[str, _Setting]] = {}
    for measure in QUESTIONS:
        for cell in data.data.cells(measure):
            if (measure.metric, cell.model) not in told:
                settings = found.setdefault(cell.model, {})
                settings.setdefault(canonical(cell.setup), _Setting(cell.model, [])).values.append((measure, cell))
    return {
        name: sorted(settings.values(), key=lambda each: (-min(len(each.values), _MEASURES), -each.runs))
        for name, settings in found.items()
    }


def _told(data: NoteContext) -> set[tuple[str, str]]:
    """Metrics and models of which another note gives values: contests of models and levels, and trends."""
    models = {
        (measure.metric, standing.item)
        for measure, results in data.rankings.items()
        for _, judged in results
        for standing in judged.contest.standings
    }
    levels = {
        (judged.contest.measure.metric, cell.model)
        for each in data.found("condition_effects", Series)
        for judged in each.about.results
        for _, cell in judged.contest.cells
    }
    return models | levels | {(each.about.measure.metric, each.about.model) for each in data.found("trends", Trend)}


def _note(data: NoteContext, setting: _Setting, weight: float) -> Note:
    shown = setting.values[:_MEASURES]
    cells = [cell for _, cell in shown]
    setup = cells[0].setup
    where = in_words(setup, data.said_of([setting.model]))
    counts = {cell.moments[0] for cell in cells}
    n = int(counts.pop()) if len(counts) == 1 and min(counts) > 1 else 0  # of some it isn't known
    over = phrase("over {n}", n=count(n, "run")) if n else ()
    at = joined([where, over], ", ")
    first, *more = [(measure, _centre(cell)) for measure, cell in shown]
    said = [does(first[0], subject(setting.model), first[1])]
    said += [phrase(words_of(measure).does, x=number(value, measure.unit)) for measure, value in more]
    return Note(
        "value",
        "performance",
        weight,
        (
            phrase("{said}{at}.", said=listed(said), at=phrase(", {at}", at=at) if at else ()),
            capital(phrase("{at}{said}.", said=listed(said), at=phrase("{at}, ", at=at) if at else ())),
        ),
        Scope(
            (setting.model,),
            setup,
            "all" if any(cell.stated for cell in cells) else "warm",
            setting.runs,
            len(files_of(cells)),
        ),
        shown[0][0].metric if len(shown) == 1 else None,
        certainty=Certainty.PLAIN,
        sources=tuple(sources_of_cells(cells)),
    )


def _others(names: Sequence[str], cells: Sequence[Cell], weight: float) -> Note:
    many = count(len(names) - 1, "other model")
    return Note(
        "value",
        "performance",
        weight,
        (
            phrase("{a} and {n} were measured too, not more often than these.", a=model(names[0]), n=many)
            if len(names) > 1
            else phrase("{a} was measured too, not more often than these.", a=model(names[0])),
        ),
        Scope(tuple(names), n=sum(len(cell.places) for cell in cells), files=len(files_of(cells))),
        sources=tuple(sources_of_cells(cells)),
    )


def _centre(cell: Cell) -> float:
    return cell.centre(cell.kind if cell.stated else "mean")
