"""Advice to stay below the load from which a model only gets slower."""

from collections.abc import Iterator, Sequence

from chimera_dagster.evidence.certainty import Certainty, weakest
from chimera_dagster.evidence.findings.cells import files_of, sources_of_cells
from chimera_dagster.evidence.findings.trends import RATE_SHARE, TIME_RATIO, Trend
from chimera_dagster.evidence.setups import canonical
from chimera_dagster.notes.advice import Basis, recommendation
from chimera_dagster.notes.context import Found, NoteContext
from chimera_dagster.notes.failed_runs import failed_at
from chimera_dagster.notes.naming import metric_in_words
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Name, Number, Phrase, Words, count, listed, model, number, phrase
from chimera_dagster.notes.reading import times
from chimera_dagster.notes.settings import level
from chimera_dagster.schemas import DECODE, OUTPUT, TTFT

_WEIGHT = 122.0
_LOADS = ("concurrency", "request_rate")
_THROUGHPUTS = (OUTPUT, "total_tok_s", "requests_per_s")
_FAR = 3.0  # times that at the lowest load
_LEAST_LEVELS = 3
_MOST = 2  # notes
_TOGETHER = 3  # models of one note


def below_the_knee(data: NoteContext) -> Iterator[Note]:
    """A note for each of the first groups of models with a knee: of the server's throughput, or of a time that grew
    by far. A group has the same knee.

    A time alone does not say that a higher load gains nothing, so it counts only if no throughput was measured.
    """
    with_throughput = _with_throughput(data)
    shown: dict[str, Found[Trend]] = {}
    for each in data.found("trends", Trend):
        trend = each.about
        if knee(trend) is None or trend.name not in _LOADS or trend.measure.metric == DECODE:
            continue
        is_time = trend.measure.sign > 0
        if is_time and (trend.model in with_throughput or max(trend.values) <= _FAR * trend.values[0]):
            continue
        shown.setdefault(trend.model, each)
    groups: dict[object, list[Found[Trend]]] = {}
    for each in shown.values():
        groups.setdefault(_alike(each.about), []).append(each)
    for place, found in enumerate(list(groups.values())[:_MOST]):
        yield _note(data, found[:_TOGETHER], _WEIGHT - place / 10)


def _alike(trend: Trend) -> tuple[object, ...]:
    """Equal for knees that one sentence can tell together."""
    at = knee(trend) or 0
    falls = trend.values[-1] < trend.values[at]
    return trend.name, trend.measure, canonical(trend.stratum.setup), *trend.levels, at, falls


def _note(data: NoteContext, found: Sequence[Found[Trend]], weight: float) -> Note:
    trends = [each.about for each in found]
    cells = [cell for trend in trends for cell in trend.cells]
    one, at = trends[0], knee(trends[0]) or 0
    waits = _first_tokens(data, trends, at)
    names = tuple(trend.model for trend in trends)
    return recommendation(
        "below_the_knee",
        weight,
        phrase(
            "give {m} no more than {load}",
            m=listed([data.who(name, alone=False) for name in names]),
            load=_load(one, at),
        ),
        _reason(trends, at, [*_waits(waits, at), *_failures(data, trends)]),
        Basis(
            Scope(
                data.models_of(names),
                one.stratum.setup,
                "all" if any(cell.stated for cell in cells) else "warm",
                sum(len(cell.places) for cell in cells),
                len(files_of(cells)),
            ),
            sources_of_cells([*cells, *(cell for each in waits for cell in each.about.cells)]),
            tuple(each.id for each in [*found, *waits]),
            one.measure.metric,
            weakest(trend.certainty for trend in [*trends, *(each.about for each in waits)]),
        ),
    )


def _first_tokens(data: NoteContext, trends: Sequence[Trend], at: int) -> list[Found[Trend]]:
    """For a throughput, how the time to first token of each model goes with the same loads, if that of all grows."""
    wanted = {trend.model: (canonical(trend.stratum.setup), trend.levels) for trend in trends}
    found = {
        each.about.model: each
        for each in data.found("trends", Trend)
        if each.about.measure.metric == TTFT
        and each.about.certainty is not Certainty.TIE
        and wanted.get(each.about.model) == (canonical(each.about.stratum.setup), each.about.levels)
        and each.about.values[-1] > TIME_RATIO * each.about.values[at]
    }
    is_rate = trends[0].measure.sign < 0
    return [found[trend.model] for trend in trends] if is_rate and found.keys() == wanted.keys() else []


def _with_throughput(data: NoteContext) -> frozenset[str]:
    """Models of which some file has a throughput over all requests."""
    table = data.data.table
    rows = table[table["metric"].isin(_THROUGHPUTS).to_numpy()]
    files = set(rows["file"].astype("str").unique())
    unnamed = {name for name, own in data.data.unnamed.items() if files & set(own)}
    return frozenset({*rows["model"].dropna().astype("str").unique(), *unnamed})


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


def _failures(data: NoteContext, trends: Sequence[Trend]) -> list[Phrase]:
    """How many runs failed at the highest level, by model."""
    found, said = failed_at(data), list[Phrase]()
    for trend in trends:
        last = found.get((trend.model, canonical(trend.cells[-1].setup)))
        if last:
            parts = {"n": number(last.failed), "m": count(last.runs, "run"), "model": model(trend.model)}
            said.append(phrase("{n} of {m} of {model} failed", **parts))
    return said


def _waits(found: Sequence[Found[Trend]], at: int) -> list[Phrase]:
    """How much longer the first token takes at the highest level than at the knee."""
    if not found:
        return []
    ratios = [each.about.values[-1] / each.about.values[at] for each in found]
    low, high = (Number(times(ratio), ratio, "") for ratio in (min(ratios), max(ratios)))
    between = (low,) if low.text == high.text else phrase("{low} to {high}", low=low, high=high)
    return [phrase("the first token takes {between} times as long", between=between)]


def _reason(trends: Sequence[Trend], at: int, besides: Sequence[Phrase]) -> Phrase:
    """What the knee is seen by, and what else happens at the highest level."""
    one = trends[0]
    unit, final = one.measure.unit, _load(one, len(one.levels) - 1)
    parts: dict[str, Phrase | Words | Name] = {
        "what": metric_in_words(one.measure.metric),
        "here": _values([trend.values[at] for trend in trends], unit),
    }
    its = "its" if len(trends) == 1 else "their"
    also = phrase(", and with {final} {more}", final=final, more=listed(besides)) if besides else ()
    if one.measure.sign > 0:
        following = _values([trend.values[at + 1] for trend in trends], unit)
        template = f"{its} {{what}} is {{here}} there and {{next}} with {{load}}{{also}}"
        return phrase(template, next=following, load=_load(one, at + 1), also=also, **parts)
    if one.values[-1] < one.values[at]:
        also = phrase(", where {more}", more=listed(besides)) if besides else ()
        last = _values([trend.values[-1] for trend in trends], unit)
        template = f"{its} {{what}} is {{here}} there and falls to {{last}} with {{final}}{{also}}"
        return phrase(template, last=last, final=final, also=also, **parts)
    top = _values([max(trend.values) for trend in trends], unit)
    return phrase(
        f"{its} {{what}} is {{here}} there and no more than {{top}} beyond{{also}}", top=top, also=also, **parts
    )


def _values(values: Sequence[float], unit: str) -> Phrase:
    return listed([(number(value, unit),) for value in values])


def _load(trend: Trend, at: int) -> Phrase:
    value = trend.levels[at]
    return level(trend.name, int(value) if value == int(value) else value)
