"""Effects of parameters: found where they were planted, and called none where there are none."""

import numpy as np
import pytest

from chimera_dagster.compare.effects import Effect, effects
from tests.simulated import Cell, simulated_sweep


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


def test_a_sweep_of_one_parameter_is_judged_by_its_repeats() -> None:
    told = found(lambda cell: cell.num_ctx / 20, models=("a:1b",), temperature=(0.2,), repeats=4)
    assert set(told) == {("num_ctx", None)}
    assert told["num_ctx", None].unit == "repeats"
    assert told["num_ctx", None].detected


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
