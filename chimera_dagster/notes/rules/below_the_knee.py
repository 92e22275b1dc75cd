"""Advice to stay below the load from which a model only gets slower."""

from collections.abc import Iterator

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.findings.cells import files_of, sources_of_cells
from chimera_dagster.evidence.findings.trends import RATE_SHARE, TIME_RATIO, Trend
from chimera_dagster.notes.advice import Basis, recommendation
from chimera_dagster.notes.context import Found, NoteContext
from chimera_dagster.notes.naming import metric_in_words
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Phrase, model, number, phrase
from chimera_dagster.notes.settings import level
from chimera_dagster.schemas import DECODE, OUTPUT

_WEIGHT = 122.0
_LOADS = ("concurrency", "request_rate")
_THROUGHPUTS = (OUTPUT, "total_tok_s", "requests_per_s")
_FAR = 3.0  # times that at the lowest load
_LEAST_LEVELS = 3
_MOST = 2  # models


def below_the_knee(data: NoteContext) -> Iterator[Note]:
    """A note for each of the first models with a knee: of the server's throughput, or of a time that grew by far.

    A time alone does not say that a higher load gains nothing, so it counts only if no throughput was measured.
    """
    with_throughput = _with_throughput(data)
    shown: dict[str, tuple[int, Found[Trend]]] = {}
    for each in data.found("trends", Trend):
        trend = each.about
        at = knee(trend)
        if at is None or trend.name not in _LOADS or trend.measure.metric == DECODE:
            continue
        is_time = trend.measure.sign > 0
        if is_time and (trend.model in with_throughput or max(trend.values) <= _FAR * trend.values[0]):
            continue
        shown.setdefault(trend.model, (at, each))
    for place, (at, each) in enumerate(list(shown.values())[:_MOST]):
        trend = each.about
        yield recommendation(
            "below_the_knee",
            _WEIGHT - place / 10,
            phrase("give {m} no more than {load}", m=model(trend.model), load=_load(trend, at)),
            _reason(trend, at),
            Basis(
                Scope(
                    (trend.model,),
                    trend.stratum.setup,
                    "all" if any(cell.stated for cell in trend.cells) else "warm",
                    sum(len(cell.places) for cell in trend.cells),
                    len(files_of(trend.cells)),
                ),
                sources_of_cells(trend.cells),
                (each.id,),
                trend.measure.metric,
                trend.certainty,
            ),
        )


def _with_throughput(data: NoteContext) -> frozenset[str]:
    """Models of which some file has a throughput over all requests."""
    table = data.data.table
    return frozenset(table.loc[table["metric"].isin(_THROUGHPUTS).to_numpy(), "model"].dropna().astype("str").unique())


def knee(trend: Trend) -> int | None:
    """The level after which a rate hardly grows, or up to which a time stays near its lowest; None if there is none.

    As the finding has it, but only if a level lies above it, and of repeated runs only if a test tells levels apart.
    """
    values = trend.values
    if len(values) < _LEAST_LEVELS or (trend.certainty is Certainty.TIE):
        return None
    if trend.measure.sign < 0:
        reached = next(place for place, value in enumerate(values) if value >= RATE_SHARE * max(values))
        return reached if 0 < reached < len(values) - 1 else None
    above = next((place for place, value in enumerate(values) if value > TIME_RATIO * values[0]), None)
    return above - 1 if above is not None and above > 1 else None


def _reason(trend: Trend, at: int) -> Phrase:
    measure, values = trend.measure, trend.values
    here, unit = number(values[at], measure.unit), measure.unit
    what = metric_in_words(measure.metric)
    if measure.sign > 0:
        return phrase(
            "its {what} is {here} there and {next} with {load}",
            what=what,
            here=here,
            next=number(values[at + 1], unit),
            load=_load(trend, at + 1),
        )
    last = values[-1]
    if last < values[at]:
        return phrase(
            "its {what} is {here} there and falls to {last} with {load}",
            what=what,
            here=here,
            last=number(last, unit),
            load=_load(trend, len(values) - 1),
        )
    return phrase(
        "its {what} is {here} there and no more than {top} beyond", what=what, here=here, top=number(max(values), unit)
    )


def _load(trend: Trend, at: int) -> Phrase:
    value = trend.levels[at]
    return level(trend.name, int(value) if value == int(value) else value)
