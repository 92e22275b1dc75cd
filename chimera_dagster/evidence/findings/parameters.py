"""Parameters with and without measurable effect, compared between runs that are equal in all else that is known."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.certainty import BLIND, NOT_EVEN_TENFOLD, Certainty
from chimera_dagster.evidence.difference_tests import Blocked, additive
from chimera_dagster.evidence.findings.finding import Figures, Finding, listed, sources_of
from chimera_dagster.evidence.findings.finding_context import FindingContext, joined_codes, joint_codes
from chimera_dagster.evidence.findings.verdicts import in_sessions
from chimera_dagster.evidence.measures import HEADLINES, LEVEL, Measure
from chimera_dagster.evidence.session_tests import EffectTest, OverSessions, effect_tests, over_sessions

PARAMETERS = ("num_gpu", "num_ctx", "temperature", "top_p", "top_k", "repeat_penalty")
_BLOCK = ["file", "setting", "backend", "gpu"]


class ParameterTest(NamedTuple):
    """Runs by the level of a parameter, and the models fitted to them: over runs, and over sessions if several."""

    model: str
    parameter: str
    measure: Measure
    levels: list[float]
    fitted: Blocked
    over: OverSessions | None
    rows: pd.DataFrame
    codes: NDArray[np.int64]

    @property
    def in_one_go(self) -> bool:
        """Whether in every file the runs of each value are consecutive, so that value and time can't be told apart."""
        codes, file = self.codes, self.rows["file"].cat.codes.to_numpy()
        same = file[1:] == file[:-1]
        switches = int(((codes[1:] != codes[:-1]) & same).sum())
        pairs = np.unique(np.stack([file.astype("int64"), codes]), axis=1)
        return switches == pairs.shape[1] - len(np.unique(file))


class ParameterEffect(NamedTuple):
    """A test and what it says; `fitted` of `found` is the model that says it."""

    test: ParameterTest
    found: EffectTest

    @property
    def detectable(self) -> float | None:
        """The smallest ratio minus 1 that the test finds with 80 % power; None without variance."""
        smallest = self.found.fitted.detectable(LEVEL / self.found.tests)
        return None if np.isnan(smallest) else smallest


def parameter_effects(data: FindingContext) -> Iterator[Finding]:
    """Each parameter's effect on throughput and TTFT of each model: blocked F-test of log values, Holm over all.

    A block is one file, prompt, setting (such as the prompt's length) and set of the other parameters; cold starts are
    left out. An effect holds if the F-test of each session's means shows it; in fewer than two sessions it is stated of
    these alone. The smallest detectable effect is that of the Bonferroni level, which Holm's first step uses.
    """
    tests = list(_tests(data))
    for test, found in zip(tests, effect_tests([(test.fitted, test.over) for test in tests]), strict=True):
        yield _stated(test, found)


class _Split(NamedTuple):
    """By category code of `params`: a parameter's value, NaN if it is not set, and a code for all other parameters."""

    level: NDArray[np.float64]
    others: NDArray[np.int64]


def _tests(data: FindingContext) -> Iterator[ParameterTest]:
    named: list[dict[str, Any]] = [json.loads(text) for text in data.runs["params"].cat.categories]
    splits = {parameter: _split(named, parameter) for parameter in PARAMETERS}
    for measure in HEADLINES:
        for model, rows in data.of_models(measure.metric):
            params, blocks = rows["params"].cat.codes.to_numpy(), joint_codes(rows, _BLOCK)
            for parameter, (level, others) in splits.items():
                split = _Split(level[params], others[params])
                found = _test(model, parameter, measure, rows, split, blocks)
                if found is not None:
                    yield found


def _test(
    model: str, parameter: str, measure: Measure, rows: pd.DataFrame, split: _Split, blocks: NDArray[np.int64]
) -> ParameterTest | None:
    """`split` and `blocks` are of each row."""
    kept = np.flatnonzero(~np.isnan(split.level))
    names, codes = np.unique(split.level[kept], return_inverse=True)
    if len(names) < 2:
        return None
    codes, blocks = codes.astype("int64"), joined_codes([blocks[kept], split.others[kept]])
    # Levels that share no block with others would leave the rest without a verdict.
    joined = _with_company(codes, blocks)
    present, codes = np.unique(codes[joined], return_inverse=True)
    if len(present) < 2:
        return None
    rows, codes, blocks = rows.iloc[kept[joined]], codes.astype("int64"), blocks[joined]
    logs, sessions = np.log(rows[measure.metric].to_numpy("float64")), rows["session"].to_numpy("int64")
    fitted = additive(logs, codes, blocks)
    if fitted is None:
        return None
    over = over_sessions(logs, codes, blocks, sessions, len(present))
    return ParameterTest(model, parameter, measure, names[present].tolist(), fitted, over, rows, codes)


def _with_company(levels: NDArray[np.int64], blocks: NDArray[np.int64]) -> NDArray[np.bool_]:
    pairs = np.unique(np.stack([blocks, levels]), axis=1)
    several = np.bincount(pairs[0], minlength=int(blocks.max(initial=0)) + 1) > 1
    return several[blocks]


def _split(named: Sequence[Mapping[str, Any]], parameter: str) -> _Split:
    others = [
        json.dumps({name: value for name, value in each.items() if name != parameter}, sort_keys=True) for each in named
    ]
    codes = pd.factorize(np.array(others, dtype="object"), sort=True)[0]
    return _Split(np.array([float(each.get(parameter, np.nan)) for each in named], dtype="float64"), codes)


def _stated(test: ParameterTest, found: EffectTest) -> Finding:
    figures, measure, fitted = Figures(), test.measure, found.fitted
    low, high = int(np.argmin(fitted.effects)), int(np.argmax(fitted.effects))
    effect = float(np.expm1(fitted.effects[high] - fitted.effects[low]))
    about = ParameterEffect(test, found)
    detectable = about.detectable
    sessions = test.rows["session"].nunique()
    runs = (
        f"{figures.count('runs', test.fitted.n, 'run')} in {figures.count('blocks', test.fitted.blocks, 'block')} of "
        f"{figures.count('sessions', sessions, 'session')}, corrected p = {figures.say('p', found.p)}"
    )
    if found.certainty is Certainty.TIE:
        values = listed([f"{level:g}" for level in test.levels], 8)
        text = (
            f"No effect of {test.parameter} on the {measure.words} of {test.model} can be detected between {values}: "
            f"the largest difference is {figures.share('effect', effect)} ({runs})."
        )
        if detectable is not None and detectable > BLIND:
            text += f" {NOT_EVEN_TENFOLD}"
        elif detectable is not None:
            text += (
                f" A difference of {figures.share('detectable', detectable)} would have been found with a probability "
                f"of {figures.share('power', 0.8)}."
            )
    else:
        drift = found.certainty is Certainty.IN_SESSION and test.in_one_go
        claim = f"{test.parameter} changes the {measure.words} of {test.model}"
        if drift:
            claim = f"The {measure.words} of {test.model} differs between values of {test.parameter}"
        text = (
            f"{claim}{f' {in_sessions(sessions)}' if found.certainty is Certainty.IN_SESSION else ''}: at "
            f"{test.levels[high]:g} it is {figures.share('effect', effect)} higher than at {test.levels[low]:g}, other "
            f"parameters and prompt being equal ({runs})."
        )
        if drift:
            text += (
                " The runs of each value followed one another, so a drift of the machine over time would look the same."
            )
        elif found.certainty is Certainty.IN_SESSION:
            text += " Whether it holds in other sessions was not measured."
    unit = "log values" if fitted is test.fitted else "each session's mean log value"
    return Finding(
        "parameter_effects",
        "info" if found.certainty is Certainty.TIE else "notice",
        f"{test.parameter} of {test.model}",
        text,
        figures,
        test.fitted.n,
        sources_of(test.rows),
        importance=10 + min(effect, 10.0),
        test=f"F-test of {unit} within blocks, Holm over {found.tests} comparisons",
        p_value=found.p,
        effect=effect,
        detectable=detectable,
        certainty=found.certainty,
        about=about,
    )
