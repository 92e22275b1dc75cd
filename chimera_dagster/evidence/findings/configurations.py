"""Which parameter set of a model is the fastest: only pairs that a corrected test separates are put in an order."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from chimera_dagster.evidence.certainty import Certainty, strongest
from chimera_dagster.evidence.difference_tests import additive, moments
from chimera_dagster.evidence.findings.contest import Contest, Judged, Standing, judged
from chimera_dagster.evidence.findings.finding import Figures, Finding, listed, params_words, sources_of
from chimera_dagster.evidence.findings.finding_context import FindingContext, joint_codes
from chimera_dagster.evidence.findings.verdicts import in_sessions, least_shown
from chimera_dagster.evidence.measures import HEADLINES, LEVEL, Measure
from chimera_dagster.evidence.session_tests import over_sessions
from chimera_dagster.schemas import DECODE

_LEAST_RUNS = 3
_MOST_SWEEPS = 20
_MOST_SETS = 400  # 80 thousand pairs; the sets with the most runs are compared


class _Table(NamedTuple):
    """Sets that were compared, by their parameters; their runs; how many other sets have too few."""

    contest: Contest
    rows: pd.DataFrame
    where: str
    left_out: int


def rank_configurations(data: FindingContext) -> Iterator[Finding]:
    """Parameter sets of a model: least squares within equal file, prompt and settings, Holm over all pairs.

    Order, means and intervals are the fitted ones, as what a block adds is not the set's. Sets that no file has
    together
    are not compared: what else differed between two sessions is unknown. That a set is the best holds if it does so
    over sessions, and is stated of these alone if there are too few. If a model has many sweeps, the twenty with the
    most runs are ranked.
    """
    tables: list[_Table] = []
    for measure in HEADLINES:
        for model, rows in data.of_models(measure.metric):
            for sweep in _sweeps(rows):
                found = _sets(measure, model, sweep)
                if isinstance(found, Finding):
                    yield found
                elif found is not None:
                    tables.append(found)
    for table, result in zip(tables, judged(table.contest for table in tables), strict=True):
        yield _configurations(table, result)


def _sweeps(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Runs of parameter sets that files connect, the largest first; those of a single set are left out."""
    files, file = np.unique(rows["file"].cat.codes.to_numpy(), return_inverse=True)
    sets, place = np.unique(rows["params"].cat.codes.to_numpy(), return_inverse=True)
    size = len(files) + len(sets)
    graph = sparse.coo_matrix((np.ones(len(rows)), (file, place + len(files))), shape=(size, size))
    labels = csgraph.connected_components(graph, directed=False)[1]
    several, found = np.bincount(labels[len(files) :], minlength=size) > 1, labels[file]
    runs = np.bincount(found)
    largest = sorted(dict.fromkeys(found.tolist()), key=lambda label: -int(runs[label]))[:_MOST_SWEEPS]
    return [rows[found == label] for label in largest if several[label]]


def _sets(measure: Measure, model: str, rows: pd.DataFrame) -> _Table | Finding | None:
    counts = rows["params"].cat.remove_unused_categories().value_counts()
    counts = counts[counts > 0]
    where = f"{model} in {listed([str(name) for name in rows['file'].unique()], 3)}"
    enough = sorted(sorted(counts.index[counts >= _LEAST_RUNS]), key=lambda name: -int(counts[name]))
    names = sorted(enough[:_MOST_SETS])
    if len(names) < 2:
        return _once(measure, model, where, rows, len(counts), int(counts.max())) if measure.metric == DECODE else None
    kept = rows[rows["params"].isin(names).to_numpy()]
    codes = kept["params"].cat.set_categories(names).cat.codes.to_numpy().astype("int64")
    logs, sessions = np.log(kept[measure.metric].to_numpy("float64")), kept["session"].to_numpy("int64")
    blocks = joint_codes(kept, ["file", "setting", "backend", "gpu"])
    fitted = additive(logs, codes, blocks)
    if fitted is None or len(fitted.effects) != len(names):
        return None
    over = over_sessions(logs, codes, blocks, sessions, len(names))
    if over is not None and over.conclusive.all():
        intervals = _exponentials(over.mean, over.low, over.high)
    elif len(np.unique(blocks)) > 1:  # what differs between blocks is in no set's mean, and in no interval
        middle = float(np.mean(logs) - np.mean(fitted.effects[codes]))
        intervals = _exponentials(*(middle + side for side in (fitted.effects, *fitted.bounds())))
    else:
        groups = moments(logs, codes, len(names))
        intervals = _exponentials(groups.mean, *groups.bounds())
    runs = np.bincount(codes).tolist()
    standings = [Standing(name, *intervals[place], float(runs[place])) for place, name in enumerate(names)]
    standings.sort(key=lambda standing: (measure.sign * standing.value, standing.item))
    contest = Contest(measure, [], standings, "blocks", "geometric mean", names, fitted.pairs(), over, [], [])
    return _Table(contest, kept, where, len(counts) - len(names))


def _exponentials(*parts: NDArray[np.float64]) -> list[tuple[float, float, float]]:
    """Means and the ends of their intervals, from their logarithms."""
    mean, low, high = (np.exp(part).tolist() for part in parts)
    return list(zip(mean, low, high, strict=True))


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


def _configurations(table: _Table, result: Judged) -> Finding:
    figures, contest = Figures(), table.contest
    measure, (best, *others), unit = contest.measure, contest.standings, contest.measure.unit
    known = [result.certainty_of(best.item, other.item) for other in others]
    certainty = strongest(known) or Certainty.PLAIN
    worse = sum(each is not Certainty.TIE for each in known)
    sessions = table.rows["session"].nunique()
    value = (
        f"{figures.say('mean', best.value, unit)} (95 % interval {figures.say('low', best.low, unit)} to "
        f"{figures.say('high', best.high, unit)}, n = {figures.say('runs', best.n)})"
    )
    sets = figures.count("sets", len(contest.standings), "parameter set")
    detectable = result.detectable()
    if not worse:
        text = (
            f"None of {sets} of {table.where} can be called the best by {measure.words}: {params_words(best.item)} "
            f"gave {value}, and no other set differs from it detectably."
        )
        text += least_shown(detectable, figures)
    else:
        text = f"Of {sets} of {table.where}, {params_words(best.item)} has the {measure.best} {measure.words}"
        text += f"{f' {in_sessions(sessions)}' if certainty is Certainty.IN_SESSION else ''}: {value}. "
        if worse == len(others):
            text += f"It differs from {'the other one' if len(others) == 1 else 'every other set'}."
        else:
            text += (
                f"It differs from {figures.say('worse', worse)} of the {figures.say('others', len(others))} others; "
                f"the rest can't be told from it."
            )
        if Certainty.IN_SESSION in known:
            text += " Whether it holds in other sessions was not measured."
    if table.left_out:
        text += f" {figures.count('left_out', table.left_out, 'set')} with fewer runs were left out."
    unit_of_test = "each session's mean log value" if contest.by_session else "log values"
    level = result.session_level if contest.by_session else result.run_level
    return Finding(
        "rank_configurations",
        "notice" if worse else "info",
        table.where,
        text,
        figures,
        len(table.rows),
        sources_of(table.rows),
        importance=50.0 + worse / len(contest.standings),
        test=f"t-tests of {unit_of_test} within blocks, Holm over {round(LEVEL / level)} comparisons",
        p_value=result.p_of(best.item, others[0].item),
        effect=float(np.expm1(abs(np.log(best.value / others[-1].value)))),
        detectable=detectable,
        certainty=certainty,
    )
