"""What tests say: which of two models is ahead, and what a parameter, a load or a length does."""

from typing import NamedTuple

import numpy as np

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.figures import format_value
from chimera_dagster.evidence.findings.parameters import ParameterEffect
from chimera_dagster.evidence.findings.trends import Trend
from chimera_dagster.grounding.folder import Folder
from chimera_dagster.grounding.scope import Scope

SURE = (Certainty.HOLDS, Certainty.IN_SESSION)


class Order(NamedTuple):
    """`ratio` is the first model's figure by the second's, `gap` their difference in `unit`.

    `certainty` is that of a test, PLAIN without one.
    """

    ratio: float
    gap: float
    unit: str
    certainty: Certainty
    says: str

    @property
    def sign(self) -> int:
        return int(np.sign(self.ratio - 1))


class Effect(NamedTuple):
    """What a metric of a model does over the levels of one name, in ascending order."""

    name: str
    levels: list[float]
    values: list[float]
    certainty: Certainty
    says: str


def order_of(folder: Folder, scope: Scope, one: str, two: str) -> Order | None:
    """How two models compare by a metric; by the runs of the scope if it names levels or files, else by the test."""
    unit = folder.metrics.get(scope.metric, "")
    if not scope.levels and scope.files is None and scope.runs != "cold":
        for contest in folder.contests(scope.metric):
            value = {standing.item: standing.value for standing in contest.contest.standings}
            if one in value and two in value and value[two]:
                shown = ", ".join(f"{name} {format_value(value[name], unit)}" for name in (one, two))
                certainty = contest.certainty_of(one, two)
                says = (
                    f"{scope.metric} under {len(contest.contest.setups)} equal settings: {shown} ({_words(certainty)})"
                )
                return Order(value[one] / value[two], abs(value[one] - value[two]), unit, certainty, says)
    means = folder.rows.shared(scope, (one, two))
    if not means:
        return None
    shown = ", ".join(f"{name} {format_value(mean, unit)}" for name, mean in means.items())
    where = scope._replace(model=None).words.replace(" of all models together", "")
    return Order(
        means[one] / means[two], abs(means[one] - means[two]), unit, Certainty.PLAIN, f"geometric mean {where}: {shown}"
    )


def effects_of(folder: Folder, metric: str, model: str, name: str, files: frozenset[str] | None = None) -> list[Effect]:
    """Every test of a parameter or condition on a metric of a model, those of the most levels first.

    With `files`, only tests of runs in these files alone.
    """
    found: list[Effect] = []
    for finding in folder.findings:
        about = finding.about
        if files is not None and not {file for file, _ in finding.sources} <= files:
            continue
        if isinstance(about, Trend) and (about.name, about.model, about.measure.metric) == (name, model, metric):
            found.append(Effect(name, about.levels, about.values, about.certainty, finding.text))
        elif isinstance(about, ParameterEffect):
            test = about.test
            if (test.parameter, test.model, test.measure.metric) == (name, model, metric):
                values = test.rows[metric].to_numpy("float64")
                means = [float(np.exp(np.log(values[test.codes == code]).mean())) for code in range(len(test.levels))]
                certainty = finding.certainty or Certainty.PLAIN
                found.append(Effect(name, list(test.levels), means, certainty, finding.text))
    return sorted(found, key=lambda effect: -len(effect.levels))


def _words(certainty: Certainty) -> str:
    return {
        Certainty.HOLDS: "a test over sessions tells them apart",
        Certainty.IN_SESSION: "a test over runs tells them apart, in these sessions",
        Certainty.TIE: "no test tells them apart",
    }.get(certainty, "not tested")
