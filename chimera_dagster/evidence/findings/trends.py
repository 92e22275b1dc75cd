"""How a metric of one model goes with a load or a length, and where it stops growing or starts to."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.difference_tests import Blocked, additive
from chimera_dagster.evidence.findings.cells import Cell, sources_of_cells
from chimera_dagster.evidence.findings.equal_conditions import Stratum, by_sitting, strata_by_level
from chimera_dagster.evidence.findings.finding import Figures, Finding
from chimera_dagster.evidence.findings.finding_context import FindingContext
from chimera_dagster.evidence.findings.verdicts import in_sessions
from chimera_dagster.evidence.measures import FURTHER, HEADLINES, LEVEL, MEASURES, SERVER, Measure
from chimera_dagster.evidence.session_tests import EffectTest, OverSessions, effect_tests, over_sessions
from chimera_dagster.evidence.setups import TRENDS, said, setup_words, value_words

_MEASURES = (*HEADLINES, SERVER, *FURTHER[:2])
_SHOWN = 8
_MOST_STRATA = 3
_LEAST_FOR_KNEE = 3
_NO_DIFFERENCE = " No difference between them can be told from chance."
RATE_SHARE = 0.9  # a rate that has reached this share of its highest value has stopped growing
_FALL = 0.02  # of the highest rate; nobody calls less of it a fall
TIME_RATIO = 1.5  # a time grows from where it is this many times that at the lowest level


class Trend(NamedTuple):
    """Levels in ascending order, the value at each, and whose they are; `certainty` is of their difference.

    `falls`: a test tells the last value of a rate from its highest one.
    """

    name: str
    model: str
    measure: Measure
    stratum: Stratum
    levels: list[float]
    values: list[float]
    cells: list[Cell]
    certainty: Certainty = Certainty.PLAIN
    falls: bool = False

    @property
    def fallen(self) -> bool:
        """Whether the last value of a rate is below its highest one: by a test, or by more than RATE_SHARE."""
        return self.falls or self.values[-1] < RATE_SHARE * max(self.values)


def trends(data: FindingContext) -> Iterator[Finding]:
    """Geometric means (or what files state) of each model and metric by concurrency, request rate, depth or length.

    One finding for each set of equal other conditions, of many sets for the three with the most runs. The knee of a
    rate is the lowest level with RATE_SHARE of the highest value; that of a time is the highest level up to which it
    stays within TIME_RATIO times that at the lowest level. It is stated from three levels on, and of repeated runs only
    if an F-test of log values (Holm over all trends) tells their levels apart; values that files state once are taken
    as they are. A file that names no model has one of its own.
    """
    found = [
        trend
        for measure in _MEASURES
        for trend in _trends(measure, [*data.cells(measure), *data.unnamed_cells(measure)])
    ]
    fits = [_fitted(trend) for trend in found]
    tests = iter(effect_tests([fit for fit in fits if fit is not None]))
    for untested, fit in zip(found, fits, strict=True):
        trend, test = untested, None if fit is None else next(tests)
        if test is not None and fit is not None:
            trend = trend._replace(certainty=test.certainty, falls=_falls(trend, *fit, test.certainty))
        if test is None or test.certainty is not Certainty.TIE or len(trend.levels) >= _LEAST_FOR_KNEE:
            alike = (each for each in found if (each.model, each.measure) == (trend.model, trend.measure))
            yield _stated(trend, said(each.stratum.setup for each in alike), test)


def _fitted(trend: Trend) -> tuple[Blocked, OverSessions | None] | None:
    """One-way models of log values over runs and over sessions; None without enough repeats."""
    if not all(cell.repeated for cell in trend.cells):
        return None
    logs = np.log(np.concatenate([cell.values for cell in trend.cells]))
    levels = np.repeat(np.arange(len(trend.cells)), [len(cell.values) for cell in trend.cells])
    together = np.zeros(len(logs), dtype="int64")
    fitted = additive(logs, levels, together)
    if fitted is None:
        return None
    sessions = np.concatenate([cell.sessions for cell in trend.cells])
    return fitted, over_sessions(logs, levels, together, sessions, len(trend.cells))


def _falls(trend: Trend, over_runs: Blocked, over: OverSessions | None, certainty: Certainty) -> bool:
    """By the test behind the certainty; corrected, as any of the other levels could have been the highest."""
    values, last = trend.values, len(trend.values) - 1
    top = values.index(max(values))
    is_rate, is_lower = trend.measure.sign < 0, values[last] < (1 - _FALL) * values[top]
    if not (is_rate and is_lower and certainty in (Certainty.HOLDS, Certainty.IN_SESSION)):
        return False
    pairs = over.pairs if over is not None and certainty is Certainty.HOLDS else over_runs.pairs()
    [p] = pairs.p[(pairs.first == top) & (pairs.second == last)]
    return bool(p * last < LEVEL)


def _trends(measure: Measure, cells: Sequence[Cell]) -> Iterator[Trend]:
    by_model: dict[str, list[Cell]] = {}
    for cell in cells:
        by_model.setdefault(cell.model, []).append(cell)
    for model, of_model in by_model.items():
        for name in TRENDS:
            numeric = [cell for cell in of_model if isinstance(cell.setup.get(name), int | float)]
            strata = sorted(by_sitting(strata_by_level(numeric, name)), key=lambda stratum: -_runs(stratum))
            for stratum in strata[:_MOST_STRATA]:
                kinds = {cell.kind if cell.stated else "mean" for cell in stratum.cells.values()}
                if len(stratum.cells) > 1 and len(kinds) == 1:
                    ordered = sorted(stratum.cells.values(), key=lambda cell: float(cell.setup[name]))
                    levels = [float(cell.setup[name]) for cell in ordered]
                    values = [_typical(cell) for cell in ordered]
                    yield Trend(name, model, measure, stratum, levels, values, ordered)


def _typical(cell: Cell) -> float:
    """What files state; of runs the geometric mean, as rankings and tests of log values have it."""
    if cell.stated or len(cell.values) == 1:
        return float(np.mean(cell.values))
    return float(np.exp(np.mean(np.log(cell.values))))


def _runs(stratum: Stratum) -> int:
    return sum(len(cell.values) for cell in stratum.cells.values()) if len(stratum.cells) > 1 else 0


def _stated(trend: Trend, shown: frozenset[str], found: EffectTest | None) -> Finding:
    figures, measure = Figures(), trend.measure
    words = setup_words(trend.stratum.setup, shown)
    first, last = trend.values[0], trend.values[-1]
    text = (
        f"{measure.words.capitalize()} of {trend.model} by {trend.name}{f' at {words}' if words else ''}"
        f"{', as the files state it' if any(cell.stated for cell in trend.cells) else ''}: {_points(figures, trend)}."
    )
    certainty = trend.certainty
    if certainty is Certainty.TIE:
        far = max(trend.values) > TIME_RATIO * min(trend.values)
        text += " The runs scatter too much for a test to tell them apart." if far else _NO_DIFFERENCE
    elif len(trend.levels) >= _LEAST_FOR_KNEE:
        text += f" {_knee(figures, trend)}"
    if certainty is Certainty.IN_SESSION:
        sessions = len({session for cell in trend.cells for session in cell.sessions.tolist()})
        text += f" That is so {in_sessions(sessions)}; whether it holds in others was not measured."
    return Finding(
        "trends",
        "notice" if measure not in FURTHER and certainty is not Certainty.TIE else "info",
        f"{trend.name} of {trend.model}",
        text,
        figures,
        sum(len(cell.places) for cell in trend.cells),
        sources_of_cells(trend.cells),
        importance=70.0 - MEASURES.index(measure) + min(len(trend.levels), 9) / 10,
        test=None if found is None else f"F-test of log values, Holm over {found.tests} comparisons",
        p_value=None if found is None else found.p,
        effect=last / first - 1,
        certainty=certainty,
        about=trend,
    )


def _points(figures: Figures, trend: Trend) -> str:
    count = len(trend.levels)
    places = list(range(count))
    if count > _SHOWN:
        places = sorted({round(step * (count - 1) / (_SHOWN - 1)) for step in range(_SHOWN)})
    unit = trend.measure.unit
    points = ", ".join(
        f"{figures.say(f'value_{place + 1}', trend.values[place], unit)} at {value_words(trend.levels[place])}"
        for place in places
    )
    return points if count <= _SHOWN else f"{points} ({figures.say('levels', count)} levels)"


def _knee(figures: Figures, trend: Trend) -> str:
    return _knee_of_rate(figures, trend) if trend.measure.sign < 0 else _knee_of_time(figures, trend)


def _knee_of_rate(figures: Figures, trend: Trend) -> str:
    levels, values = trend.levels, trend.values
    highest = max(values)
    reached = next(place for place, value in enumerate(values) if value >= RATE_SHARE * highest)
    share = figures.share("share", RATE_SHARE)
    if reached == len(values) - 1:
        return f"It still grows at {value_words(levels[-1])}."
    if reached and not trend.fallen:
        return f"The knee is at {trend.name}={value_words(levels[reached])}, which reaches {share} of the highest."
    if reached:
        top = value_words(levels[values.index(highest)])
        return (
            f"The knee is at {trend.name}={value_words(levels[reached])}, which reaches {share} of the highest; it "
            f"falls after {top}."
        )
    if values[-1] >= RATE_SHARE * highest:
        return f"It keeps {share} of the highest at every level."
    kept = next(place for place, value in enumerate(values) if value < RATE_SHARE * highest) - 1
    return f"It keeps {share} of the highest up to {trend.name}={value_words(levels[kept])}, and falls after it."


def _knee_of_time(figures: Figures, trend: Trend) -> str:
    levels, limit = trend.levels, TIME_RATIO * trend.values[0]
    ratio = figures.say("ratio", TIME_RATIO)
    above = next((place for place, value in enumerate(trend.values) if value > limit), None)
    if above is None:
        return f"It stays within {ratio} times that at the lowest."
    if above == 1:
        return f"It is more than {ratio} times that at the lowest from {trend.name}={value_words(levels[1])} on."
    return (
        f"The knee is at {trend.name}={value_words(levels[above - 1])}: up to it the time stays within {ratio} times "
        f"that at the lowest."
    )
