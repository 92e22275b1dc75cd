"""What loading the model adds to the time to first token."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from chimera_dagster.evidence.cold_runs import COLD_MS, COLD_RATIO
from chimera_dagster.evidence.difference_tests import holm, log_moments, welch_pairs
from chimera_dagster.evidence.findings.finding import Figures, Finding, sources_of
from chimera_dagster.evidence.findings.finding_context import FindingContext
from chimera_dagster.evidence.measures import LEVEL
from chimera_dagster.schemas import LOAD, TTFT


class ColdStarts(NamedTuple):
    """A model's runs that had to load it, and its others; `p` is of the test whether their TTFT differ."""

    model: str
    cold: pd.DataFrame
    warm: pd.DataFrame
    p: float | None

    def median(self, metric: str, *, cold: bool) -> float:
        """In ms; NaN without such runs."""
        return float((self.cold if cold else self.warm)[metric].median())

    @property
    def slower(self) -> bool:
        """Whether a load is known to make the first token later."""
        return self.p is not None and self.p < LEVEL and self.median(TTFT, cold=True) > self.median(TTFT, cold=False)


def cold_starts(data: FindingContext) -> Iterator[Finding]:
    """Medians of TTFT with and without loading, by model; Welch's t-test of log values, Holm over the models.

    With fewer than two cold or warm runs there is no test, and the finding only states the runs.
    """
    runs = data.runs[(data.runs[TTFT] > 0).to_numpy()]
    found: list[ColdStarts] = []
    for model, rows in runs.groupby("model", observed=True):
        cold = rows["cold"].to_numpy()
        if cold.any():
            found.append(ColdStarts(str(model), rows[cold], rows[~cold], _p(rows, cold)))
    tested = [model.p for model in found if model.p is not None]
    corrected = iter(holm(np.array(tested)).tolist())
    for model in found:
        yield _stated(model._replace(p=None if model.p is None else next(corrected)), len(tested))


def _p(rows: pd.DataFrame, cold: "np.ndarray") -> float | None:
    if min(int(cold.sum()), int((~cold).sum())) < 2:
        return None
    return float(welch_pairs(log_moments(rows[TTFT].to_numpy("float64"), cold.astype("int64"), 2)).p[0])


def _stated(model: ColdStarts, tests: int) -> Finding:
    figures, cold, warm, p = Figures(), model.cold, model.warm, model.p
    total = len(cold) + len(warm)
    load, slow = model.median(LOAD, cold=True), model.median(TTFT, cold=True)
    text = (
        f"{figures.say('cold', len(cold))} of {figures.count('runs', total, 'run')} of {model.model} had to load the "
        f"model first (more than {figures.say('least', COLD_MS, 'ms')} and {figures.say('ratio', COLD_RATIO)} times "
        f"its median load time; median {figures.say('load', load, 'ms')})"
    )
    effect = None
    if len(warm):
        usual = model.median(TTFT, cold=False)
        effect = slow / usual - 1
        medians = f"median {figures.say('slow', slow, 'ms')} against {figures.say('usual', usual, 'ms')}"
        if model.slower:
            text += f": that adds {figures.say('added', slow - usual, 'ms')} to the time to first token, {medians}."
        elif p is not None:
            text += f", which makes no detectable difference to the time to first token, {medians}."
        else:
            text += f". Time to first token: {medians}; too few runs to test the difference."
        text += " A mean over all runs mixes the two."
    else:
        text += f". Its time to first token, median {figures.say('slow', slow, 'ms')}, is known from cold starts only."
    severe = effect is None or (p is None and effect > 1) or (p is not None and p < LEVEL and effect > 0)
    return Finding(
        "cold_starts",
        "warning" if severe else "info",
        model.model,
        text,
        figures,
        total,
        sources_of(cold),
        importance=20 + len(cold) / total,
        test=f"Welch's t-test of log values, Holm over {tests} comparisons" if p is not None else None,
        p_value=p,
        effect=effect,
        about=model,
    )
