"""Which models and parameter sets are faster: only pairs that a corrected test separates are put in an order."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from chimera_dagster.evidence.difference_tests import Groups, Pairs, blocked, holm, log_moments, welch_pairs
from chimera_dagster.evidence.findings.finding import Figures, Finding, listed, params_words, sources_of
from chimera_dagster.evidence.findings.finding_context import FindingContext, joint_codes
from chimera_dagster.evidence.measures import LEVEL, MEASURES, Measure
from chimera_dagster.schemas import DECODE, TTFT

_LEAST_RUNS = 3
_MOST_SWEEPS = 20
_MOST_SETS = 400  # 80 thousand pairs; the sets with the most runs are compared


class _Table(NamedTuple):
    """Groups to be ranked by one measure, and the tests of all their pairs."""

    measure: Measure
    names: list[str]
    groups: Groups
    pairs: Pairs
    rows: pd.DataFrame
    where: str = ""
    left_out: int = 0


def rank_models(data: FindingContext) -> Iterator[Finding]:
    """Models by geometric mean with 95 % intervals; pairs by Welch's t-test of log values, Holm over all pairs."""
    tables: list[_Table] = []
    for measure in MEASURES:
        models = [(name, rows) for name, rows in data.of_models(measure.metric) if len(rows) >= _LEAST_RUNS]
        if len(models) < 2:
            continue
        rows = pd.concat([rows for _, rows in models])
        codes = np.repeat(np.arange(len(models)), [len(rows) for _, rows in models])
        groups = log_moments(rows[measure.metric].to_numpy("float64"), codes, len(models))
        tables.append(_Table(measure, [name for name, _ in models], groups, welch_pairs(groups), rows))
    for table, adjusted, level in _corrected(tables):
        yield _models(table, adjusted, level)


def _corrected(tables: list[_Table]) -> Iterator[tuple[_Table, NDArray[np.float64], float]]:
    """Each table with its corrected p-values, and the level of a single test."""
    if not tables:
        return
    adjusted = holm(np.concatenate([table.pairs.p for table in tables]))
    start = 0
    for table in tables:
        end = start + len(table.pairs.p)
        yield table, adjusted[start:end], LEVEL / len(adjusted)
        start = end


def _order(table: _Table) -> list[int]:
    return sorted(range(len(table.names)), key=lambda i: (table.measure.sign * table.groups.mean[i], table.names[i]))


def _level_words(figures: Figures, table: _Table, group: int, place: int) -> str:
    mean, low, high = table.groups.interval(group)
    unit = table.measure.unit
    shown = f"{table.names[group]} {figures.say(f'mean_{place}', mean, unit)}"
    interval = f"{figures.say(f'low_{place}', low, unit)} to {figures.say(f'high_{place}', high, unit)}"
    return f"{shown} ({interval}, n = {figures.say(f'n_{place}', table.groups.n[group])})"


def _models(table: _Table, adjusted: NDArray[np.float64], level: float) -> Finding:
    figures, measure, order = Figures(), table.measure, _order(table)
    tied = [pair for pair in range(len(adjusted)) if adjusted[pair] >= LEVEL]
    parts = [_level_words(figures, table, group, place) for place, group in enumerate(order[:12], start=1)]
    more = f" and {len(order) - 12} more" if len(order) > 12 else ""
    text = (
        f"Models by {measure.words}, {measure.best} first (geometric mean and its 95 % interval, cold starts left "
        f"out): {'; '.join(parts)}{more}."
    )
    place = {group: position for position, group in enumerate(order)}
    names = [
        " and ".join(
            table.names[group]
            for group in sorted((int(table.pairs.first[p]), int(table.pairs.second[p])), key=place.__getitem__)
        )
        for p in sorted(tied, key=lambda p: (place[int(table.pairs.first[p])], place[int(table.pairs.second[p])]))
    ]
    if not tied:
        text += " Every two of them differ."
    elif len(tied) == len(adjusted):
        text += " No two of them can be told apart."
    else:
        text += f" No difference can be told between {listed(('; '.join(names[:8]),))}"
        text += f"; and in {len(names) - 8} more pairs." if len(names) > 8 else "; all other pairs differ."
    best, worst = order[0], order[-1]
    return Finding(
        "rank_models",
        "notice",
        measure.words,
        text,
        figures,
        len(table.rows),
        sources_of(table.rows),
        importance=100.0 - (measure.metric == TTFT),
        test=f"Welch's t-test of log values, Holm over {len(adjusted)} pairs of this and the rest of {_family(level)}",
        p_value=_first_against_second(table, adjusted, order),
        effect=float(np.expm1(abs(table.groups.mean[best] - table.groups.mean[worst]))),
        detectable=table.pairs.largest_detectable(tied, level),
    )


def _family(level: float) -> str:
    return f"{round(LEVEL / level)} comparisons"


def _first_against_second(table: _Table, adjusted: NDArray[np.float64], order: list[int]) -> float:
    return float(adjusted[_pair(table, order[0], order[1])])


def _pair(table: _Table, one: int, other: int) -> int:
    low, high = min(one, other), max(one, other)
    return int(np.flatnonzero((table.pairs.first == low) & (table.pairs.second == high))[0])


def rank_configurations(data: FindingContext) -> Iterator[Finding]:
    """Parameter sets of a model: least squares within equal file, prompt and settings, Holm over all pairs.

    Sets that no file has together are not compared: what else differed between two sessions is unknown. If a model has
    many sweeps, the twenty with the most runs are ranked.
    """
    tables: list[_Table] = []
    for measure in MEASURES:
        for model, rows in data.of_models(measure.metric):
            sweeps = sorted(_sweeps(rows), key=lambda sweep: -len(sweep))[:_MOST_SWEEPS]
            for sweep in sweeps:
                found = _sets(measure, model, sweep)
                if isinstance(found, Finding):
                    yield found
                elif found is not None:
                    tables.append(found)
    for table, adjusted, level in _corrected(tables):
        yield _configurations(table, adjusted, level)


def _sweeps(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Runs of parameter sets that files connect, in the order of their first run."""
    files, file = np.unique(rows["file"].cat.codes.to_numpy(), return_inverse=True)
    sets, place = np.unique(rows["params"].cat.codes.to_numpy(), return_inverse=True)
    size = len(files) + len(sets)
    graph = sparse.coo_matrix((np.ones(len(rows)), (file, place + len(files))), shape=(size, size))
    found = csgraph.connected_components(graph, directed=False)[1][file]
    return [rows[found == component] for component in dict.fromkeys(found.tolist())]


def _sets(measure: Measure, model: str, rows: pd.DataFrame) -> _Table | Finding | None:
    counts = rows["params"].cat.remove_unused_categories().value_counts()
    counts = counts[counts > 0]
    if len(counts) < 2:
        return None
    where = f"{model} in {listed([str(name) for name in rows['file'].unique()], 3)}"
    enough = sorted(sorted(counts.index[counts >= _LEAST_RUNS]), key=lambda name: -int(counts[name]))
    names = sorted(enough[:_MOST_SETS])
    if len(names) < 2:
        return _once(measure, model, where, rows, len(counts), int(counts.max())) if measure.metric == DECODE else None
    kept = rows[rows["params"].isin(names).to_numpy()]
    codes = kept["params"].cat.set_categories(names).cat.codes.to_numpy().astype("int64")
    values = kept[measure.metric].to_numpy("float64")
    fitted = blocked(values, codes, joint_codes(kept, ["file", "setting", "backend", "gpu"]))
    if fitted is None or len(fitted.effects) != len(names):
        return None
    groups = log_moments(values, codes, len(names))
    return _Table(measure, names, groups, fitted.pairs(), kept, where, len(counts) - len(names))


def _once(measure: Measure, model: str, where: str, rows: pd.DataFrame, sets: int, most: int) -> Finding:
    """Of a sweep without repeats, in which the best set is a matter of chance."""
    figures = Figures()
    low, high = float(rows[measure.metric].min()), float(rows[measure.metric].max())
    unit = measure.unit
    most_shown = figures.say("most", most)
    text = (
        f"No parameter set of {where} can be called the best: {figures.count('sets', sets, 'set')} ran, "
        f"{'each once' if most == 1 else f'at most {most_shown} times each'} without a cold start, and two sets with "
        f"{figures.say('needed', _LEAST_RUNS)} such runs are needed. "
        f"Their {measure.words} lies between {figures.say('low', low, unit)} and {figures.say('high', high, unit)}."
    )
    source = sources_of(rows)
    return Finding("rank_configurations", "notice", model, text, figures, len(rows), source, importance=float(sets))


def _configurations(table: _Table, adjusted: NDArray[np.float64], level: float) -> Finding:
    figures, measure, order = Figures(), table.measure, _order(table)
    best = order[0]
    involved = np.flatnonzero((table.pairs.first == best) | (table.pairs.second == best)).tolist()
    worse = [pair for pair in involved if adjusted[pair] < LEVEL]
    tied = [pair for pair in involved if adjusted[pair] >= LEVEL]
    mean, low, high = table.groups.interval(best)
    unit, sets = measure.unit, len(table.names)
    text = (
        f"Of {figures.count('sets', sets, 'parameter set')} of {table.where}, {params_words(table.names[best])} has "
        f"the {measure.best} {measure.words}: {figures.say('mean', mean, unit)} (95 % interval "
        f"{figures.say('low', low, unit)} to {figures.say('high', high, unit)}, n = "
        f"{figures.say('runs', table.groups.n[best])}). "
    )
    if not worse:
        text += "No other set differs from it detectably, so it can't be called the best."
    elif not tied:
        text += f"It differs from {'the other one' if sets == 2 else 'every other set'}."
    else:
        text += (
            f"It differs from {figures.say('worse', len(worse))} of the {figures.say('others', sets - 1)} others; the "
            f"rest can't be told from it."
        )
    if table.left_out:
        text += f" {figures.count('left_out', table.left_out, 'set')} with fewer runs were left out."
    last = order[-1]
    return Finding(
        "rank_configurations",
        "notice" if worse else "info",
        table.where,
        text,
        figures,
        len(table.rows),
        sources_of(table.rows),
        importance=50.0 + len(worse) / sets,
        test=f"t-tests of log values within blocks, Holm over {_family(level)}",
        p_value=_first_against_second(table, adjusted, order),
        effect=float(np.expm1(abs(table.groups.mean[best] - table.groups.mean[last]))),
        detectable=table.pairs.largest_detectable(tied, level),
    )
