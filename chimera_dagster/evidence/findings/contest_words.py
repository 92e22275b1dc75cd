"""Contests as findings: what was compared, over which conditions, in which order, and what the test says."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from chimera_dagster.evidence.certainty import strongest
from chimera_dagster.evidence.findings.cells import sources_of_cells
from chimera_dagster.evidence.findings.contest import Contest, Judged, Standing
from chimera_dagster.evidence.findings.finding import Figures, Finding, listed
from chimera_dagster.evidence.findings.verdicts import caveats, verdict, verdict_of_series
from chimera_dagster.evidence.measures import FURTHER, LEVEL, MEASURES, Measure
from chimera_dagster.evidence.setups import (
    TRENDS,
    Setup,
    by_value,
    canonical,
    range_words,
    said,
    setup_words,
    value_words,
    varying,
)
from chimera_dagster.evidence.tails import why_not_geometric_mean

MOST = 12  # findings of one detector and measure (and model)
_SHOWN = 12  # items of one contest
_STRATA = 8  # contests in one text
_WHOLE = 4  # a setup of more names is named in part
_KINDS = {
    ("runs", "geometric mean"): "geometric mean and its 95 % interval",
    (
        "blocks",
        "geometric mean",
    ): "geometric mean as fitted within equal conditions and the 95 % interval of its distance from the mean of all",
    ("stated", "mean"): "mean and its 95 % interval from the n and the standard deviation that the files state",
}
_TESTS = {
    "runs": "Welch's t-test of log values",
    "blocks": "t-tests of log values within blocks",
    "stated": "Welch's t-test of stated n, mean and standard deviation",
}
_SESSION_TESTS = {
    True: "t-tests of each session's mean log value within sessions or equal conditions",
    False: "Welch's t-test of each session's mean log value",
}


class Series(NamedTuple):
    """Contests of the same items by the same method that differ in `name` alone; of a single one it is None."""

    name: str | None
    results: list[Judged]


def contest_findings(
    detector: str, items: str, results: Sequence[Judged], importance: float, *, of: str = ""
) -> Iterator[Finding]:
    """One finding for each contest, or for those that differ in one load or length alone; at most MOST by measure.

    `items` says what is compared, as in `Models by ...`; `of` whose they are, if they are levels of something.
    """
    by_measure: dict[Measure, list[Series]] = {}
    for series in _series(results):
        by_measure.setdefault(series.results[0].contest.measure, []).append(series)
    for measure, every in by_measure.items():
        every.sort(key=lambda series: -sum(result.contest.n for result in series.results))
        for series in every[:MOST]:
            yield _finding(detector, items, series, _said_of(series, every), importance, of)
        if len(every) > MOST:
            rest = [result.contest for series in every[MOST:] for result in series.results]
            yield _unlisted(detector, items, measure, rest, of)


def _said_of(series: Series, every: Sequence[Series]) -> frozenset[str]:
    """The names that tell the setups of these items apart."""
    items = {name for result in series.results for name, _ in result.contest.cells}
    alike = (
        result.contest
        for each in every
        for result in each.results
        if items & {name for name, _ in result.contest.cells}
    )
    return said(setup for contest in alike for setup in contest.setups)


def _unlisted(detector: str, items: str, measure: Measure, contests: Sequence[Contest], of: str) -> Finding:
    figures = Figures()
    text = (
        f"{items} by {measure.words}{f' of {of}' if of else ''}: "
        f"{figures.count('rankings', len(contests), 'more ranking')} with fewer runs, under other conditions, "
        f"{'is' if len(contests) == 1 else 'are'} not listed."
    )
    subject = f"{of}: {measure.words}" if of else measure.words
    sources = sources_of_cells(cell for contest in contests for _, cell in contest.cells)
    return Finding(detector, "info", subject, text, figures, sum(contest.n for contest in contests), sources)


def _series(results: Sequence[Judged]) -> Iterator[Series]:
    single: list[Judged] = []
    for result in results:
        if len(result.contest.setups) > 1:
            yield Series(None, [result])
        else:
            single.append(result)
    for name in TRENDS:
        groups: dict[object, list[Judged]] = {}
        for result in single:
            [setup] = result.contest.setups
            if name in setup:
                contest = result.contest
                rest = canonical({key: value for key, value in setup.items() if key != name})
                items = tuple(sorted(standing.item for standing in contest.standings))
                groups.setdefault((contest.measure.metric, contest.how, contest.kind, items, rest), []).append(result)
        for group in groups.values():
            if len(group) > 1:
                single = [result for result in single if not any(result is other for other in group)]
                yield Series(name, sorted(group, key=lambda result: by_value(result.contest.setups[0])))
    yield from (Series(None, [result]) for result in single)


def _finding(detector: str, items: str, series: Series, shown: frozenset[str], importance: float, of: str) -> Finding:
    figures, results = Figures(), series.results
    first = results[0].contest
    measure = first.measure
    at = _where(figures, series, shown)
    text = f"{items} by {measure.words}{f' of {of}' if of else ''}{at}, {measure.best} first ({_kind(results)}): "
    if series.name is None:
        text += f"{_standings(figures, first, '')}. {verdict(results[0], figures)}"
    else:
        parts = [
            f"at {series.name}={value_words(result.contest.setups[0][series.name])} "
            f"{_standings(figures, result.contest, f'_{place}')}"
            for place, result in enumerate(results[:_STRATA], start=1)
        ]
        more = f"; and {len(results) - _STRATA} more" if len(results) > _STRATA else ""
        text += f"{'; '.join(parts)}{more}. {verdict_of_series(series.name, results)}"
    text += _untested(figures, first) + caveats(results)
    best, worst = first.standings[0], first.standings[-1]
    p_values = [p for result in results if (p := _first_p(result)) is not None]
    return Finding(
        detector,
        "notice" if measure not in FURTHER else "info",
        f"{of}: {measure.words}" if of else measure.words,
        text,
        figures,
        sum(result.contest.n for result in results),
        sources_of_cells(cell for result in results for _, cell in result.contest.cells),
        importance=importance - MEASURES.index(measure) - 0.5 * (first.how == "plain"),
        test=_test(results),
        p_value=max(p_values) if p_values else None,
        effect=max(best.value, worst.value) / min(best.value, worst.value) - 1,
        detectable=results[0].detectable(),
        certainty=strongest(result.certainty for result in results),
        about=series,
    )


def _test(results: Sequence[Judged]) -> str | None:
    first = results[0].contest
    if first.how not in _TESTS:
        return None
    if first.by_session and first.over is not None:
        return f"{_SESSION_TESTS[first.over.paired]}, Holm over {round(LEVEL / results[0].session_level)} comparisons"
    return f"{_TESTS[first.how]}, Holm over {round(LEVEL / results[0].run_level)} comparisons"


def _kind(results: Sequence[Judged]) -> str:
    contest = results[0].contest
    if contest.beyond:
        return (
            "in the order fitted within equal conditions; the values are geometric means over each one's own conditions"
        )
    cold = "cold starts left out" if any(result.contest.cold for result in results) else ""
    stated = "as files state the values" if contest.how != "stated" and contest.stated else ""
    if (contest.how, contest.kind) in _KINDS:
        kind = _KINDS[contest.how, contest.kind]
        if contest.by_session and contest.over is not None:
            kind = _KINDS["blocks" if contest.over.paired else "runs", contest.kind] + " over sessions"
        return ", ".join(filter(None, (kind, cold, stated)))
    stated = "as the files state it" if contest.stated else ""
    kind = "" if contest.kind == "value" else contest.kind
    return ", ".join(filter(None, (kind, stated or cold, "in plain order without a test")))


def _where(figures: Figures, series: Series, shown: frozenset[str]) -> str:
    setups = [setup for result in series.results for setup in result.contest.setups]
    differing = varying(setups)
    common: Setup = {name: value for name, value in setups[0].items() if name not in differing}
    words = setup_words(common, common if len(common) <= _WHOLE else {*shown, "backend", "gpu"})
    at = f" at {words}" if words else ""
    if len(setups) == 1 or series.name is not None:
        return at
    over = ", ".join(
        f"{name}={range_words(known)}{'' if len(known) == len(setups) else ' or not named'}"
        for name in sorted(differing)
        if (known := [value for setup in setups if (value := setup.get(name)) is not None])
    )
    return f"{at} over {figures.count('strata', len(setups), 'equal setup')} ({over})"


def _standings(figures: Figures, contest: Contest, suffix: str) -> str:
    parts = [
        _standing(figures, contest, standing, f"{place}{suffix}")
        for place, standing in enumerate(contest.standings[:_SHOWN], start=1)
    ]
    more = f" and {len(contest.standings) - _SHOWN} more" if len(contest.standings) > _SHOWN else ""
    return ("; " if not suffix else ", ").join(parts) + more


def _standing(figures: Figures, contest: Contest, standing: Standing, name: str) -> str:
    unit, beyond = contest.measure.unit, contest.beyond
    value = contest.measured(standing.item) if beyond else standing.value
    notes: list[str] = []
    if not beyond and not np.isnan(standing.low):
        low, high = figures.say(f"low_{name}", standing.low, unit), figures.say(f"high_{name}", standing.high, unit)
        notes.append(f"{low} to {high}")
    if not np.isnan(standing.n):
        notes.append(f"n = {figures.say(f'n_{name}', standing.n)}")
    why = _why_not_mean(contest, standing.item)
    if why is not None:
        values = np.concatenate([cell.values for item, cell in contest.cells if item == standing.item])
        notes.append(f"median {figures.say(f'median_{name}', float(np.median(values)), unit)}, as {why}")
    note = f" ({', '.join(notes)})" if notes else ""
    return f"{standing.item} {figures.say(f'mean_{name}', value, unit)}{note}"


def _why_not_mean(contest: Contest, item: str) -> str | None:
    """Why an item's interval over runs would say too little; mixed prompts and settings do not count."""
    if contest.how != "runs" or contest.by_session:
        return None
    return why_not_geometric_mean(np.concatenate([cell.values for name, cell in contest.cells if name == item]))


def _untested(figures: Figures, contest: Contest) -> str:
    if not contest.untested:
        return ""
    unit = contest.measure.unit
    parts = [
        f"{each.item} {figures.say(f'untested_{place}', each.value, unit)}" if len(contest.setups) == 1 else each.item
        for place, each in enumerate(contest.untested[:_SHOWN])
    ]
    return f" Not compared, for too few runs or values of another kind: {listed(parts)}."


def _first_p(result: Judged) -> float | None:
    order = [standing.item for standing in result.contest.standings]
    return result.p_of(order[0], order[1])
