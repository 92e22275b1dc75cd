"""A comparison against an earlier one: better, worse, no difference, and what else was not the same."""

from datetime import UTC, datetime

import numpy as np
import pytest
from scipy import stats

from chimera_dagster.compare.comparison import Comparison, compare
from chimera_dagster.compare.observed import Observed, Setting
from chimera_dagster.compare.regression import regress
from chimera_dagster.spec.goals import Goals
from tests.simulated import SETTING, Cell, Host, hops, simulated_sweep, sine, steady, walk


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
        "one round can't tell a difference from a drift of the host (set 'rounds' to 2 or more)"
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


def test_before_and_after_are_the_means_that_the_change_is_of() -> None:
    """By arithmetic means, 100 and 101.7 stood beside a change of -10.4 %: one slow value moves the geometric mean
    more."""
    before, after = whole(simulated_sweep(lambda _: 100.0, np.random.default_rng(1))), []
    for trial in before.trials:
        values = {**trial.values, "throughput_tok_s": [30.0, 100.0, 175.0]}
        after.append(trial.model_copy(update={"values": values}))
    found = regress(before, whole(after), "base")
    for change in found.changes:
        if change.metric != "quality":
            assert change.change == pytest.approx(change.after / change.before - 1)
    told = {change.after for change in found.changes if change.metric == "throughput_tok_s"}
    assert list(told) == pytest.approx([stats.gmean([30.0, 100.0, 175.0])])


@pytest.mark.parametrize("host", [steady, walk(0.01), sine(0.03), hops(0.03)])
def test_in_rounds_a_host_that_drifts_is_no_change_and_a_slower_sweep_is(host: Host) -> None:
    rng, false, found = np.random.default_rng(8), 0, 0
    for _ in range(12):
        before, again, slow = (
            whole(simulated_sweep(lambda _, rate=rate: rate, rng, rounds=6, repeats=1, host=host))
            for rate in (100.0, 100.0, 60.0)
        )
        false += any(change.verdict in ("better", "worse") for change in regress(before, again, "base").changes)
        found += regress(before, slow, "base").count("worse")
    assert false <= 2
    assert found > 0.9 * 12 * 36


def test_a_sweep_as_a_whole_may_differ_by_what_its_rounds_do() -> None:
    """A session that is 3 % slower throughout is no change of each trial if rounds differ by as much."""
    rng = np.random.default_rng(9)

    def session() -> Comparison:
        rounds = np.exp(rng.normal(0, 0.03, 5))
        trials = simulated_sweep(lambda _: 100.0, rng, rounds=5, repeats=1, noise=0.002)
        return whole(
            [
                trial.model_copy(
                    update={
                        "values": {
                            **trial.values,
                            "throughput_tok_s": (np.array(trial.values["throughput_tok_s"]) * rounds).tolist(),
                        }
                    }
                )
                for trial in trials
            ]
        )

    said = [regress(session(), session(), "base").count("worse") for _ in range(10)]
    assert sum(count > 0 for count in said) <= 1


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
