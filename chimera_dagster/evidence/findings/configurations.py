"""Which parameter set of a model is the fastest: only pairs that a corrected test separates are put in an order."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from chimera_dagster.evidence.difference_tests import Pairs, blocked, holm, log_moments
from chimera_dagster.evidence.findings.finding import Figures, Finding, listed, params_words, sources_of
from chimera_dagster.evidence.findings.finding_context import FindingContext, joint_codes
from chimera_dagster.evidence.measures import HEADLINES, LEVEL, Measure
from chimera_dagster.schemas import DECODE

_LEAST_RUNS = 3
_MOST_SWEEPS = 20
_MOST_SETS = 400  # 80 thousand pairs; the sets with the most runs are compared


class _Table(NamedTuple):
    """Sets to be ranked by one measure, their means with intervals, their runs, and the tests of all their pairs.

    The means are geometric; with several blocks they are the fitted ones, as what a block adds is not the set's.
    """

    measure: Measure
    names: list[str]
    means: list[tuple[float, float, float]]
    counts: NDArray[np.float64]
    pairs: Pairs
    rows: pd.DataFrame
    where: str
    left_out: int


def rank_configurations(data: FindingContext) -> Iterator[Finding]:
    """Parameter sets of a model: least squares within equal file, prompt and settings, Holm over all pairs.

    Sets that no file has together are not compared: what else differed between two sessions is unknown. If a model has
    many sweeps, the twenty with the most runs are ranked.
    """
    tables: list[_Table] = []
    for measure in HEADLINES:
        for model, rows in data.of_models(measure.metric):
            sweeps = sorted(_sweeps(rows), key=lambda sweep: -len(sweep))[:_MOST_SWEEPS]
            for sweep in sweeps:
                found = _sets(measure, model, sweep)
                if isinstance(found, Finding):
                    yield found
                elif found is not None:
                    tables.append(found)
    adjusted = holm(np.concatenate([table.pairs.p for table in tables])) if tables else np.array([])
    start = 0
    for table in tables:
        end = start + len(table.pairs.p)
        yield _configurations(table, adjusted[start:end], len(adjusted))
        start = end


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
    if fitted.blocks > 1:  # what differs between blocks is in no set's mean, and in no interval
        middle = float(np.mean(np.log(values)) - np.mean(fitted.effects[codes]))
        means, bounds = middle + fitted.effects, [middle + side for side in fitted.bounds()]
        intervals = list(zip(*(np.exp(each) for each in (means, *bounds)), strict=True))
    else:
        intervals = [groups.interval(place) for place in range(len(names))]
    return _Table(measure, names, intervals, groups.n, fitted.pairs(), kept, where, len(counts) - len(names))


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


def _configurations(table: _Table, adjusted: NDArray[np.float64], tests: int) -> Finding:
    figures, measure = Figures(), table.measure
    order = sorted(range(len(table.names)), key=lambda i: (measure.sign * table.means[i][0], table.names[i]))
    best, last = order[0], order[-1]
    involved = np.flatnonzero((table.pairs.first == best) | (table.pairs.second == best)).tolist()
    worse = [pair for pair in involved if adjusted[pair] < LEVEL]
    tied = [pair for pair in involved if adjusted[pair] >= LEVEL]
    mean, low, high = table.means[best]
    unit, sets = measure.unit, len(table.names)
    text = (
        f"Of {figures.count('sets', sets, 'parameter set')} of {table.where}, {params_words(table.names[best])} has "
        f"the {measure.best} {measure.words}: {figures.say('mean', mean, unit)} (95 % interval "
        f"{figures.say('low', low, unit)} to {figures.say('high', high, unit)}, n = "
        f"{figures.say('runs', table.counts[best])}). "
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
    first_pair = np.isin(table.pairs.first, order[:2]) & np.isin(table.pairs.second, order[:2])
    return Finding(
        "rank_configurations",
        "notice" if worse else "info",
        table.where,
        text,
        figures,
        len(table.rows),
        sources_of(table.rows),
        importance=50.0 + len(worse) / sets,
        test=f"t-tests of log values within blocks, Holm over {tests} comparisons",
        p_value=float(adjusted[first_pair][0]),
        effect=float(np.expm1(abs(np.log(table.means[best][0] / table.means[last][0])))),
        detectable=table.pairs.largest_detectable(tied, LEVEL / tests),
    )
