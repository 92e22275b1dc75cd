"""How a metric goes with a load or a length: from the first level to the last, and where it turns."""

from collections.abc import Iterator, Sequence

import pandas as pd

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.findings.cells import files_of, sources_of_cells
from chimera_dagster.evidence.findings.trends import Trend
from chimera_dagster.evidence.measures import HEADLINES, MEASURES, SERVER, Measure
from chimera_dagster.evidence.setups import canonical, varying
from chimera_dagster.notes.context import Found, NoteContext
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.order_words import sure
from chimera_dagster.notes.phrase import Phrase, phrase
from chimera_dagster.notes.settings import in_words
from chimera_dagster.notes.trend_shapes import Shape, sentences, shape_of, unknown

_ALONE, _AMONG, _FURTHER, _UNKNOWN = 130.0, 85.0, 45.0, 35.0  # weight if there is one model, several, or it says less
_MOST, _MOST_UNKNOWN = 12, 4  # notes; the findings have the others
_TOGETHER = 3  # models of one sentence

_Trends = list[Found[Trend]]


def trends(data: NoteContext) -> Iterator[Note]:
    """A note for each trend, models that behave alike together, and one for all that only chance may have moved."""
    groups: dict[object, _Trends] = {}
    for each in data.found("trends", Trend):
        groups.setdefault(_alike(each.about), []).append(each)
    parts = [group[start : start + _TOGETHER] for group in groups.values() for start in range(0, len(group), _TOGETHER)]
    known = [part for part in parts if shape_of(part[0].about).kind != "unknown"]
    known.sort(key=lambda part: (-_weight(data, part), -len(part[0].about.levels), -_records(part)))
    for place, part in enumerate(known[:_MOST]):
        shape = shape_of(part[0].about)
        said = sentences(shape, [each.about for each in part], data.who)
        yield _note(data, part, said, _weight(data, part) - place / 100)
    for place, part in enumerate(_same_levels(parts)[:_MOST_UNKNOWN]):
        yield _note(data, part, unknown([each.about for each in part], data.who), _UNKNOWN - place / 10)


def _alike(trend: Trend) -> tuple[object, ...]:
    """Equal for trends that one sentence can tell together."""
    return trend.name, trend.measure, canonical(trend.stratum.setup), *trend.levels, shape_of(trend), trend.certainty


def _same_levels(parts: Sequence[_Trends]) -> list[_Trends]:
    """Those without a known change, of all metrics of the same models over the same levels."""
    found: dict[object, _Trends] = {}
    for part in parts:
        one = part[0].about
        if shape_of(one) == Shape("unknown"):
            models = tuple(each.about.model for each in part)
            key = (one.name, canonical(one.stratum.setup), *one.levels, models, one.certainty)
            found.setdefault(key, []).extend(part)
    return sorted(found.values(), key=lambda part: -_records(part))


def _weight(data: NoteContext, part: _Trends) -> float:
    measure = part[0].about.measure
    base = _FURTHER if measure not in (*HEADLINES, SERVER) else _ALONE if len(data.models) < 2 else _AMONG
    return base - MEASURES.index(measure)


def _note(data: NoteContext, part: _Trends, said: Sequence[Phrase], weight: float) -> Note:
    one, cells = part[0].about, [cell for each in part for cell in each.about.cells]
    measures: set[Measure] = {each.about.measure for each in part}
    models = tuple(dict.fromkeys(each.about.model for each in part))
    alike = [
        each.about.stratum.setup
        for each in data.found("trends", Trend)
        if (each.about.model, each.about.measure, each.about.name) == (one.model, one.measure, one.name)
    ]
    at = in_words(one.stratum.setup, data.said_of(models), needed=varying(alike))
    runs = "all" if any(cell.stated for cell in cells) else "warm"
    return Note(
        "trend",
        "performance",
        weight,
        tuple(said),
        Scope(data.models_of(models), one.stratum.setup, runs, _records(part), len(files_of(cells))),
        one.measure.metric if len(measures) == 1 else None,
        certainty=one.certainty,
        sources=tuple(sources_of_cells(cells)),
        findings=tuple(each.id for each in part),
        opening=phrase("{at}, ", at=at) if at else (),
        sure=_sure(one),
    )


def _sure(trend: Trend) -> Phrase:
    if trend.certainty is Certainty.HOLDS:
        return phrase("That is more than chance.")
    once = all(len(cell.values) == 1 and not cell.moments[0] > 1 for cell in trend.cells)
    if trend.certainty is Certainty.PLAIN and once:
        return phrase("Each value was measured once, so chance is not ruled out.")
    return sure(trend.certainty)


def _records(part: _Trends) -> int:
    """Records behind it; two metrics of one run are one."""
    rows = [cell.frame[["file", "record"]].iloc[cell.places] for each in part for cell in each.about.cells]
    return len(pd.concat(rows).astype("str").drop_duplicates())
