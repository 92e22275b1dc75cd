"""Which models are faster, within equal conditions, and which can't be compared; only tested pairs are told apart."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from chimera_dagster.evidence.findings.cells import Cell, sources_of_cells
from chimera_dagster.evidence.findings.contest import Judged, judged
from chimera_dagster.evidence.findings.contest_words import contest_findings
from chimera_dagster.evidence.findings.equal_conditions import contests, strata_by_model
from chimera_dagster.evidence.findings.finding import Figures, Finding, listed
from chimera_dagster.evidence.findings.finding_context import FindingContext
from chimera_dagster.evidence.measures import MEASURES, Measure
from chimera_dagster.evidence.setups import Setup, Value, canonical, range_words, setup_words, varying

_TELLING = 3  # names in one text
_SHOWN = 6  # groups of models in one text


class NotComparable(NamedTuple):
    """Groups of models that share no setup with another group, by these measures.

    Of any two groups, one of `names` tells all setups of one from those of the other; there may be no such names.
    """

    measures: list[Measure]
    groups: list[list[Cell]]
    names: list[str]


def model_contests(data: FindingContext) -> list[Judged]:
    """Models by every measure within equal conditions and parameters, with corrected p-values."""
    return judged(
        contest for measure in MEASURES for contest in contests(measure, strata_by_model(data.cells(measure)))
    )


def rank_models(data: FindingContext) -> Iterator[Finding]:
    """Models within equal conditions, engine, GPU and parameters: one ranking for each metric and stratum.

    Order, means and intervals are those fitted within blocks, which are settings and prompts, of all strata in which
    the same models ran together, unless the order changes between them by more than chance. A difference holds if a
    test over sessions tells two models apart; if there are too few sessions for that, one over runs says so of these
    sessions alone. What files state is compared by Welch's test of its n, mean and standard deviation, else in plain
    order, which the text says. Holm over all pairs of all rankings.
    """
    yield from contest_findings("rank_models", "Models", model_contests(data), importance=100.0)


def not_comparable(data: FindingContext) -> Iterator[Finding]:
    """Models that share no equal conditions with the others, and what differs; one finding for equal reasons."""
    found: dict[str, NotComparable] = {}
    for measure in MEASURES:
        cells = data.cells(measure)
        groups = _connected(cells)
        if len(groups) > 1:
            names = _telling([[cell.setup for cell in group] for group in groups])
            found.setdefault(_reason(groups, names), NotComparable([], groups, names)).measures.append(measure)
    for reason, about in found.items():
        words = [measure.words for measure in about.measures]
        text = f"Not comparable by {listed(words)}: {reason}."
        cells = [cell for group in about.groups for cell in group]
        sources = sources_of_cells(cells)
        yield Finding(
            "not_comparable",
            "notice",
            words[0],
            text,
            Figures(),
            len(sources),
            sources,
            importance=101.0 + len(words),
            about=about,
        )


def _connected(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Cells of models that strata connect, the largest group first."""
    models = sorted({cell.model for cell in cells})
    keys = sorted({canonical(cell.setup) for cell in cells})
    size = len(models) + len(keys)
    pairs = [(models.index(cell.model), len(models) + keys.index(canonical(cell.setup))) for cell in cells]
    if not pairs:
        return []
    ends = np.array(pairs).T
    graph = sparse.coo_matrix((np.ones(len(pairs)), (ends[0], ends[1])), shape=(size, size))
    labels = csgraph.connected_components(graph, directed=False)[1][: len(models)]
    groups: dict[int, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(int(labels[models.index(cell.model)]), []).append(cell)
    return sorted(groups.values(), key=lambda group: (-len({cell.model for cell in group}), group[0].model))


def _reason(groups: list[list[Cell]], names: list[str]) -> str:
    """`alpha:7b was measured at concurrency=1 to 8, beta:8b at concurrency=16`."""
    setups = [[cell.setup for cell in group] for group in groups]
    parts: list[str] = []
    for group, of_group in zip(groups[:_SHOWN], setups, strict=False):
        models = list(dict.fromkeys(cell.model for cell in group))
        if names:
            where = ", ".join(_named(name, _values(of_group, name)) for name in names)
        else:
            shown = varying(setup for each in setups for setup in each)
            words = list(dict.fromkeys(f"({setup_words(setup, shown) or 'none named'})" for setup in of_group))
            where = f"at {listed(words, 2)}"
        verb = "" if parts else " was measured" if len(models) == 1 else " were measured"
        parts.append(f"{listed(models, 3)}{verb} {where}")
    more = f"; and {len(groups) - _SHOWN} more" if len(groups) > _SHOWN else ""
    return f"{'; '.join(parts)}{more}"


def _telling(setups: list[list[Setup]]) -> list[str]:
    """A short list of names such that any two groups have no value in common for one of them; it may be empty."""
    pairs = {(one, other) for other in range(len(setups)) for one in range(other)}
    names = sorted({name for group in setups for setup in group for name in setup})
    values = {name: [set(_values(group, name)) for group in setups] for name in names}
    chosen: list[str] = []
    while pairs and len(chosen) < _TELLING:
        apart = {
            name: {pair for pair in pairs if not known[pair[0]] & known[pair[1]]} for name, known in values.items()
        }
        best = max(names, key=lambda name: len(apart[name]), default=None)
        if best is None or not apart[best]:
            return []
        chosen.append(best)
        pairs -= apart[best]
    return chosen


def _values(setups: Sequence[Setup], name: str) -> list[Value | None]:
    return list(dict.fromkeys(setup.get(name) for setup in setups))


def _named(name: str, values: list[Value | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return f"without a {name} that is named"
    unnamed = " or none that is named" if None in values else ""
    return f"at {name}={range_words(known)}{unnamed}"
