"""A comparison against an earlier one: better, worse, no difference, and what else was not the same."""

from datetime import UTC, datetime

import numpy as np
import pytest
from scipy import stats

from chimera_dagster.compare.comparison import Comparison, compare
from chimera_dagster.compare.observed import Observed, Setting
from chimera_dagster.compare.regression import regress
from chimera_dagster.spec.goals import Goals
from tests.simulated import SETTING, Cell, simulated_sweep


def compared(level: float, seed: int, *, repeats: int = 3, **setting: object) -> Comparison:
    trials = simulated_sweep(lambda _: level, np.random.default_rng(seed), repeats=repeats)
    own = SETTING.model_copy(update=setting)
    return whole([trial.model_copy(update={"setting": own.digest}) for trial in trials], own)


def whole(trials: list[Observed], own: Setting = SETTING) -> Comparison:
    return compare(trials, Goals(), datetime(2026, 1, 1, tzinfo=UTC), {own.digest: own})


def test_nothing_changed_is_no_difference() -> None:
    found = regress(compared(100, 1), compared(100, 2), "base")
    assert {change.verdict for change in found.changes if change.p is not None} == {"no difference detected"}
    assert found.environment == []
    assert found.apart == {}


@pytest.mark.parametrize(("level", "throughput", "ttft"), [(80, "worse", "worse"), (125, "better", "better")])
def test_a_change_of_a_quarter_is_seen_in_every_trial(level: float, throughput: str, ttft: str) -> None:
    found = regress(compared(100, 1), compared(level, 2), "base")
    by_metric = {
        name: {c.verdict for c in found.changes if c.metric == name} for name in ("throughput_tok_s", "ttft_ms")
    }
    assert by_metric == {"throughput_tok_s": {throughput}, "ttft_ms": {ttft}}
    rates = [change.change for change in found.changes if change.metric == "throughput_tok_s"]
    assert np.median(rates) == pytest.approx(level / 100 - 1, abs=0.02)


def test_what_has_one_value_a_trial_is_shown_and_not_tested() -> None:
    found = regress(compared(100, 1), compared(100, 2), "base")
    quality = [change for change in found.changes if change.metric == "quality"]
    assert {(change.verdict, change.p) for change in quality} == {("not tested", None)}
    assert all("one value per trial" in change.why for change in quality)


def test_without_repeats_nothing_is_called_a_regression() -> None:
    found = regress(compared(100, 1, repeats=1), compared(50, 2, repeats=1), "base")
    assert found.count("worse") == 0
    assert {change.why for change in found.changes if change.metric == "ttft_ms"} == {
        "too few repeats: set 'repeats' to 3 or more"
    }


def test_what_else_changed_is_listed_part_by_part() -> None:
    after = compared(100, 2, driver="2", packages={"pandas": "4", "new": "1"}, engine_version="0.33")
    found = regress(compared(100, 1), after, "base")
    assert [(each.name, each.before, each.after, each.trials) for each in found.environment] == [
        ("driver", "1", "2", 18),
        ("engine_version", "0.32.0", "0.33", 18),
        ("packages: new", "none", "1", 18),
        ("packages: pandas", "3", "4", 18),
    ]


def test_trials_that_cant_be_compared_say_why() -> None:
    base = compared(100, 1)
    first, second, third, *others = base.trials
    changed = [
        first.model_copy(update={"spoiled_by": {"throttled": "hot"}}),
        Observed(model=second.model, params=second.params, state="failed", error="gone"),
        *others,
    ]
    found = regress(base, whole(changed), "base")
    assert found.apart == {
        first.key: "not valid now: throttled",
        second.key: "failed now",
        third.key: "only in the baseline",
    }
    assert {change.trial for change in found.changes} == {trial.key for trial in others}


def test_of_one_trial_the_p_value_is_that_of_welch_s_test_corrected_by_holm() -> None:
    def sweep(level: float, seed: int, repeats: int) -> list[Observed]:
        rng = np.random.default_rng(seed)
        return simulated_sweep(
            lambda _: level, rng, models=("a:1b",), num_ctx=(2048,), temperature=(0.2,), repeats=repeats
        )

    before, after = sweep(100, 1, 5), sweep(102, 2, 8)
    found = {change.metric: change for change in regress(whole(before), whole(after), "base").changes}
    raw = {
        name: float(
            stats.ttest_ind(*(np.log(each[0].values[name]) for each in (before, after)), equal_var=False).pvalue
        )
        for name in ("throughput_tok_s", "ttft_ms")
    }
    smaller, larger = sorted(raw, key=raw.__getitem__)
    assert found[smaller].p == pytest.approx(min(2 * raw[smaller], 1))
    assert found[larger].p == pytest.approx(min(max(2 * raw[smaller], raw[larger]), 1))
    assert found["throughput_tok_s"].change == pytest.approx(
        stats.gmean(after[0].values["throughput_tok_s"]) / stats.gmean(before[0].values["throughput_tok_s"]) - 1
    )


def test_the_host_s_drift_is_no_change() -> None:
    rng = np.random.default_rng(8)
    for _ in range(10):
        before, after = (whole(simulated_sweep(lambda _: 100.0, rng, drift=0.03)) for _ in range(2))
        assert {change.verdict for change in regress(before, after, "base").changes if change.p is not None} == {
            "no difference detected"
        }


def test_a_change_is_seen_where_parameters_act_together() -> None:
    def crossing(cell: Cell) -> float:
        return 100 * (1.3 if (cell.model == "a:1b") == (cell.num_ctx == 8192) else 1.0)

    rng = np.random.default_rng(9)
    before, after = simulated_sweep(crossing, rng), simulated_sweep(lambda cell: 0.8 * crossing(cell), rng)
    found = regress(whole(before), whole(after), "base")
    assert {change.verdict for change in found.changes if change.metric == "throughput_tok_s"} == {"worse"}


def test_trials_whose_setting_is_not_told_have_no_change_of_it() -> None:
    before, after = compared(100, 1), compared(100, 2, driver="2")
    assert regress(before.model_copy(update={"settings": {}}), after, "base").environment == []
