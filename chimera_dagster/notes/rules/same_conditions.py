"""Advice to measure models under the same conditions, and which runs are missing for that."""

from collections.abc import Iterator, Sequence

from chimera_dagster.evidence.findings.cells import Cell, files_of, sources_of_cells
from chimera_dagster.evidence.findings.ranking import NotComparable
from chimera_dagster.evidence.measures import FURTHER
from chimera_dagster.notes.advice import Basis, recommendation
from chimera_dagster.notes.context import QUESTIONS, Found, NoteContext
from chimera_dagster.notes.naming import metric_in_words, models_in_words
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Part, Phrase, count, phrase
from chimera_dagster.notes.settings import in_words

_WEIGHT = 106.0
_WEIGHT_ALONE = 140.0  # nothing else compares models


def same_conditions(data: NoteContext) -> Iterator[Note]:
    """One note, of the measure that says most about which model to choose; a further one only if none compares them."""
    found = sorted(data.found("not_comparable", NotComparable), key=_first_measure)
    if not found or (data.rankings and QUESTIONS[_first_measure(found[0])] in FURTHER):
        return
    about = found[0].about
    first, *rest = about.groups
    others = [cell for group in rest for cell in group]
    cells = [*first, *others]
    names, missing = _models(first), _models(others)
    by = metric_in_words(about.measures[0].metric)
    if len(rest) == 1:
        action, reason = _of_two(about, by)
    else:
        action = phrase("measure {n} under the same conditions", n=count(len(names) + len(missing), "model"))
        reason = phrase(
            "so far they fall into {k} that share none, so nothing compares them all by {by}",
            k=count(len(about.groups), "group"),
            by=by,
        )
    every = tuple(sorted({*names, *missing}))
    yield recommendation(
        "same_conditions",
        _WEIGHT if data.rankings else _WEIGHT_ALONE,
        action,
        reason,
        Basis(
            Scope(every, n=sum(len(cell.places) for cell in cells), files=len(files_of(cells))),
            sources_of_cells(cells),
            tuple(each.id for each in found),
            about.measures[0].metric,
        ),
    )


def _first_measure(found: Found[NotComparable]) -> int:
    return min(QUESTIONS.index(measure) for measure in found.about.measures)


def _models(cells: Sequence[Cell]) -> list[str]:
    return sorted({cell.model for cell in cells})


def _usual(cells: Sequence[Cell]) -> Cell:
    """The one with the most records."""
    return max(cells, key=lambda cell: len(cell.places))


def _of_two(about: NotComparable, by: Part) -> tuple[Phrase, Phrase]:
    """Action and reason, of two groups of models: the second is to be measured as the first was."""
    one, other = (in_words(_usual(group).setup, about.names) for group in about.groups)
    a, b = (models_in_words(_models(group), 2) for group in about.groups)
    if one and other and one != other:
        parts = {"a": a, "b": b, "one": one, "other": other, "by": by}
        return (
            phrase("measure {b} {one} too", b=b, one=one),
            phrase("{a} ran {one}, {b} {other}, and nothing compares them by {by}", **parts),
        )
    return (
        phrase("measure {b} under the conditions of {a}", a=a, b=b),
        phrase("so far they share none, so nothing compares them by {by}", by=by),
    )
