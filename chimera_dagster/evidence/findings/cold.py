"""What loading the model adds to the time to first token."""

import json
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.cold_runs import COLD_MS
from chimera_dagster.evidence.difference_tests import Blocked, additive
from chimera_dagster.evidence.findings.finding import Figures, Finding, sources_of
from chimera_dagster.evidence.findings.finding_context import FindingContext, joint_codes
from chimera_dagster.evidence.findings.verdicts import in_sessions
from chimera_dagster.evidence.session_tests import EffectTest, OverSessions, effect_tests, over_sessions
from chimera_dagster.schemas import LOAD, TTFT

_LEAST_RUNS = 2  # cold and warm, for a test


class ColdStarts(NamedTuple):
    """Cold runs of a model, and warm ones of the same settings and prompts if there are any, else of the lowest load.

    `total` counts all of its runs. `fitted` and `over` are None if too few share settings and prompts.
    """

    model: str
    cold: pd.DataFrame
    warm: pd.DataFrame
    total: int
    fitted: Blocked | None
    over: OverSessions | None
    certainty: Certainty = Certainty.PLAIN

    def median(self, metric: str, *, cold: bool) -> float:
        """In ms; NaN without such runs."""
        return float((self.cold if cold else self.warm)[metric].median())

    @property
    def slower(self) -> bool:
        """Whether a load is known to make the first token later."""
        known = self.certainty in (Certainty.HOLDS, Certainty.IN_SESSION)
        return known and self.median(TTFT, cold=True) > self.median(TTFT, cold=False)


def cold_starts(data: FindingContext) -> Iterator[Finding]:
    """Medians of TTFT with and without loading, by model, and whether they differ within equal settings and prompts.

    The difference holds if the test of each session's means shows it; in fewer than two sessions with both it is stated
    of these alone. Holm over the models. A test needs two cold and two warm runs of equal settings and prompts;
    otherwise the finding only states the runs.
    """
    runs = data.runs[(data.runs[TTFT] > 0).to_numpy()]
    found = [
        _model(str(model), rows)
        for model, rows in runs.groupby("model", observed=True)
        if rows["cold"].to_numpy().any()
    ]
    tests = iter(effect_tests([(each.fitted, each.over) for each in found if each.fitted is not None]))
    for each in found:
        test = None if each.fitted is None else next(tests)
        yield _stated(each if test is None else each._replace(certainty=test.certainty), test)


def _model(name: str, rows: pd.DataFrame) -> ColdStarts:
    cold = rows["cold"].to_numpy("bool")
    blocks = joint_codes(rows, ["setting", "params", "backend", "gpu"])
    alike = np.isin(blocks, blocks[cold])
    warm = rows[~cold & alike]
    fitted = over = None
    if min(int(cold.sum()), len(warm)) >= _LEAST_RUNS:
        logs, sessions = np.log(rows[TTFT].to_numpy("float64")), rows["session"].to_numpy("int64")
        fitted = additive(logs[alike], cold[alike].astype("int64"), blocks[alike], least_df=2)
        over = over_sessions(logs[alike], cold[alike].astype("int64"), blocks[alike], sessions[alike], 2)
    if warm.empty:
        warm = _least_loaded(rows[~cold], rows[cold])
    return ColdStarts(name, rows[cold], warm, len(rows), fitted, over)


def _least_loaded(warm: pd.DataFrame, cold: pd.DataFrame) -> pd.DataFrame:
    """Warm runs with the fewest requests at once, if cold ones name no concurrency: a load delays one request."""
    if warm.empty or _concurrency(cold).notna().any():
        return warm
    load = _concurrency(warm)
    return warm[(load == load.min()).to_numpy()] if load.notna().all() else warm


def _concurrency(runs: pd.DataFrame) -> "pd.Series[float]":
    """NaN if a run does not name a number."""
    values = {str(text): json.loads(str(text)).get("concurrency") for text in runs["conditions"].unique()}
    return pd.to_numeric(runs["conditions"].astype("str").map(values), errors="coerce")


def _stated(model: ColdStarts, found: EffectTest | None) -> Finding:
    figures, cold, warm, total = Figures(), model.cold, model.warm, model.total
    load, slow = model.median(LOAD, cold=True), model.median(TTFT, cold=True)
    text = (
        f"{figures.say('cold', len(cold))} of {figures.count('runs', total, 'run')} of {model.model} had to load the "
        f"model first (more than {figures.say('least', COLD_MS, 'ms')}; median {figures.say('load', load, 'ms')})"
    )
    effect = None
    sessions = len({*cold["session"], *warm["session"]})
    if len(warm):
        usual = model.median(TTFT, cold=False)
        effect = slow / usual - 1
        medians = f"median {figures.say('slow', slow, 'ms')} against {figures.say('usual', usual, 'ms')}"
        if model.slower:
            these = "" if model.certainty is Certainty.HOLDS else f" {in_sessions(sessions)}"
            text += (
                f": that adds {figures.say('added', slow - usual, 'ms')} to the time to first token{these}, {medians}."
            )
        elif found is not None:
            text += f", which makes no detectable difference to the time to first token, {medians}."
        else:
            text += f". Time to first token: {medians}; too few runs to test the difference."
        text += " A mean over all runs mixes the two."
    else:
        text += f". Its time to first token, median {figures.say('slow', slow, 'ms')}, is known from cold starts only."
    severe = effect is None or (model.certainty is not Certainty.TIE and effect > (1 if found is None else 0))
    return Finding(
        "cold_starts",
        "warning" if severe else "info",
        model.model,
        text,
        figures,
        total,
        sources_of(cold),
        importance=20 + len(cold) / total,
        test=None if found is None else f"F-test of log values within blocks, Holm over {found.tests} comparisons",
        p_value=None if found is None else found.p,
        effect=effect,
        certainty=None if effect is None else model.certainty,
        about=model,
    )
