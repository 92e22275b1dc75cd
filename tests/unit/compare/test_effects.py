"""Effects of parameters: found where they were planted, and called none where there are none."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from chimera_dagster.compare.effects import Effect, effects, together, untested
from tests.simulated import Cell, Host, hops, simulated_sweep, sine, walk


def found(truth: object, **sweep: object) -> dict[tuple[str, str | None], Effect]:
    """Effects on throughput, by parameter and interaction."""
    trials = simulated_sweep(truth, np.random.default_rng(3), **sweep)  # pyright: ignore[reportArgumentType]
    return {(each.parameter, each.interaction): each for each in effects(trials) if each.metric == "throughput_tok_s"}


def test_a_planted_effect_is_found_with_its_size_and_nothing_else_is() -> None:
    told = found(lambda cell: {2048: 100.0, 4096: 102.5, 8192: 105.0}[cell.num_ctx], noise=0.01)
    assert {key for key, each in told.items() if each.detected} == {("num_ctx", None)}
    effect = told["num_ctx", None]
    assert effect.range == pytest.approx(0.05, abs=0.015)
    assert [level.value for level in effect.levels] == ["2048", "4096", "8192"]
    for level, truth in zip(effect.levels, (-0.024, 0.0, 0.0245), strict=True):
        assert level.low is not None and level.high is not None and level.low < truth < level.high
    assert (effect.n, effect.unit) == (18, "trials")


def test_no_effect_is_called_so_with_what_would_have_been_found() -> None:
    told = found(lambda _: 100.0)
    assert not any(each.detected for each in told.values())
    assert told["num_ctx", None].detectable is not None
    assert 0.01 < told["num_ctx", None].detectable < 0.2


def test_models_that_cross_have_an_interaction_and_no_main_effect_of_the_parameter() -> None:
    def truth(cell: Cell) -> float:
        way = 1 if cell.model == "a:1b" else -1
        return 100 * (1 + way * {2048: -0.06, 4096: 0.0, 8192: 0.06}[cell.num_ctx])

    told = found(truth, noise=0.01)
    assert told["model", "num_ctx"].detected
    assert not told["num_ctx", None].detected
    beyond = {level.value: level.effect for level in told["model", "num_ctx"].levels}
    assert beyond["a:1b, 8192"] == pytest.approx(0.06, abs=0.02)
    assert beyond["b:1b, 8192"] == pytest.approx(-0.06, abs=0.02)


ONE = {"models": ("a:1b",), "temperature": (0.2,)}


def test_one_parameter_in_one_round_has_no_test_as_repeats_know_nothing_of_the_host_s_drift() -> None:
    assert found(lambda cell: cell.num_ctx / 20, **ONE, repeats=4) == {}
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(3), models=("a:1b",), temperature=(0.2,))
    assert untested(trials, effects(trials)) == ["num_ctx"]


def test_one_parameter_in_rounds_is_tested_by_its_visits() -> None:
    """F = R sum (v_l - v)² / ((K - 1) MSE), MSE = sum (v_lr - v_l - v_r + v)² / ((K - 1)(R - 1))."""
    trials = simulated_sweep(
        lambda cell: 100 + cell.num_ctx / 4000, np.random.default_rng(3), **ONE, rounds=5, repeats=2, host=hops(0.02)
    )
    logs = np.log([trial.values["throughput_tok_s"] for trial in trials]).reshape(3, 5, 2).mean(axis=2)
    rest = logs - logs.mean(axis=1, keepdims=True) - logs.mean(axis=0) + logs.mean()
    error = (rest**2).sum() / (2 * 4)
    expected = stats.f.sf(5 * ((logs.mean(axis=1) - logs.mean()) ** 2).sum() / 2 / error, 2, 8)
    [effect] = [each for each in effects(trials) if each.metric == "throughput_tok_s"]
    others = [each.p for each in effects(trials) if each.metric != "throughput_tok_s"]
    assert effect.p == pytest.approx(min(expected * (2 if expected < min(others) else 1), 1))
    assert (effect.unit, effect.n, effect.blocks) == ("loads", 15, 5)
    assert untested(trials, effects(trials)) == []


def test_a_parameter_of_the_calls_is_tested_within_a_load_and_one_of_the_load_between_them() -> None:
    trials = simulated_sweep(lambda _: 100.0, np.random.default_rng(3), rounds=3, repeats=1)
    told = {(each.parameter, each.interaction): each for each in effects(trials) if each.metric == "ttft_ms"}
    assert (told["temperature", None].unit, told["temperature", None].n) == ("visits", 54)
    assert (told["num_ctx", None].unit, told["num_ctx", None].n) == ("loads", 18)
    assert told["model", "num_ctx"].unit == "loads" and told["model", "temperature"].unit == "visits"


def test_loads_with_unequal_sets_of_calls_are_compared_by_what_they_have_in_common() -> None:
    """Without the slow temperature, a load would look faster than the others."""
    trials = simulated_sweep(
        lambda cell: 50.0 if cell.temperature == 1.0 else 100.0, np.random.default_rng(3), rounds=4, repeats=1
    )
    dropped = [
        trial
        for trial in trials
        if not (trial.model == "a:1b" and trial.params.num_ctx == 8192 and trial.params.temperature == 1.0)
    ]
    told = {(each.parameter, each.interaction): each for each in effects(dropped) if each.metric == "ttft_ms"}
    assert not told["num_ctx", None].detected and told["num_ctx", None].range < 0.03
    assert told["temperature", None].detected


@pytest.mark.slow
@pytest.mark.parametrize("host", [walk(0.03), sine(0.03)])
def test_a_drift_that_lasts_as_long_as_a_load_is_no_effect_in_rounds(host: Host) -> None:
    rng, false = np.random.default_rng(3), 0
    for _ in range(60):
        told = effects(simulated_sweep(lambda _: 100.0, rng, rounds=4, repeats=1, host=host))
        false += any(each.detected and each.metric != "quality" for each in told)
    assert false <= 8  # 5 % are promised: more has a chance of one in 400


@pytest.mark.parametrize(
    "sweep",
    [
        {"models": ("a:1b",), "num_ctx": (2048,), "temperature": (0.2,)},
        {"models": ("a:1b",), "temperature": (0.2,), "repeats": 1},
    ],
)
def test_what_allows_no_test_has_no_effect(sweep: dict[str, object]) -> None:
    assert found(lambda _: 100.0, **sweep) == {}


def test_no_trial_has_no_effects() -> None:
    assert effects([]) == []


def test_the_p_values_are_those_of_linear_models_corrected_by_holm() -> None:
    names = ("model", "num_ctx", "temperature")
    checked: set[bool] = set()
    for seed in range(8):
        trials = [
            trial.model_copy(update={"values": {"throughput_tok_s": trial.values["throughput_tok_s"]}})
            for trial in simulated_sweep(lambda cell: 100 + cell.temperature, np.random.default_rng(seed), repeats=2)
        ]
        table = pd.DataFrame([trial.params.model_dump() | {"model": trial.model} for trial in trials])
        table["y"] = [np.mean(np.log(trial.values["throughput_tok_s"])) for trial in trials]
        expected: dict[tuple[str, str | None], float] = {}
        for one, other in [*((name, None) for name in names), *itertools.combinations(names, 2)]:
            blocks = " * ".join(f"C({name})" for name in names if name not in (one, other))
            small = blocks if other is None else f"{blocks} + C({one}) + C({other})"
            large = f"{blocks} + C({one})" if other is None else f"{small} + C({one}):C({other})"
            fits = [ols(f"y ~ {terms}", table).fit() for terms in (small, large)]
            expected[one, other] = anova_lm(*fits)["Pr(>F)"].iloc[1]
        ordered = sorted(expected, key=expected.__getitem__)
        steps = np.maximum.accumulate([expected[each] * (len(ordered) - place) for place, each in enumerate(ordered)])
        told = {(each.parameter, each.interaction): each for each in effects(trials)}
        for each, p in zip(ordered, np.minimum(steps, 1), strict=True):
            assert told[each].p == pytest.approx(p)
            assert told[each].detected == (p < 0.05)
            checked.add(0.05 < p < 0.5)
    assert checked == {True, False}


def test_a_doubling_is_a_change_by_100_percent() -> None:
    told = found(lambda cell: {2048: 50.0, 4096: 100.0, 8192: 100.0}[cell.num_ctx], noise=0.001)
    assert told["num_ctx", None].range == pytest.approx(1.0, abs=0.01)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng, held = np.random.default_rng(6), []
    for _ in range(60):
        [effect] = effects(simulated_sweep(lambda _: 100.0, rng, **ONE, rounds=5, repeats=1))[:1]
        held += [each.low is not None and each.high is not None and each.low < 0 < each.high for each in effect.levels]
    assert 0.90 < np.mean(held) < 0.99


@pytest.mark.slow
def test_what_would_have_been_found_is_found_in_four_of_five_sweeps() -> None:
    rng = np.random.default_rng(7)

    def sweep(size: float) -> Effect:
        trials = simulated_sweep(lambda cell: 100 * (1 + size) ** (cell.num_ctx == 8192), rng, num_ctx=(2048, 8192))
        return next(each for each in effects(trials) if (each.parameter, each.interaction) == ("num_ctx", None))

    # what one sweep states, looked for in another one: its own scatter is as uncertain as the other's
    found = [sweep(sweep(0.0).detectable or 0.0).detected for _ in range(120)]
    assert 0.7 < np.mean(found) < 0.9


def test_together_are_the_interactions_that_were_detected_over_trials() -> None:
    def crossing(cell: Cell) -> float:
        return 100 * (1.2 if (cell.model == "a:1b") == (cell.num_ctx == 8192) else 1.0)

    told = effects(simulated_sweep(crossing, np.random.default_rng(1)))
    assert together(told, ["throughput_tok_s"]) == [("model", "num_ctx")]
    assert together(told, ["throughput_tok_s", "ttft_ms"]) == [("model", "num_ctx")]
    assert together(told, ["quality"]) == []
    in_rounds = effects(simulated_sweep(crossing, np.random.default_rng(1), temperature=(0.2,), rounds=3))
    assert {each.unit for each in in_rounds if each.interaction and each.detected} == {"loads"}
    assert together(in_rounds, ["throughput_tok_s"]) == []  # rounds tell the drift without a model of the parameters


def test_levels_come_in_the_order_of_their_numbers() -> None:
    told = found(lambda _: 100.0, num_ctx=(10240, 2048, 4096))
    assert [level.value for level in told["num_ctx", None].levels] == ["2048", "4096", "10240"]


def test_what_a_search_drew_is_no_factor_but_keeps_others_apart() -> None:
    sizes = tuple(range(1024, 1024 + 101))
    told = found(lambda cell: 100.0 + cell.num_ctx + 20 * cell.temperature, num_ctx=sizes)
    assert ("num_ctx", None) not in told
    assert told["temperature", None].blocks == 2 * len(sizes)
    assert told["temperature", None].detected
