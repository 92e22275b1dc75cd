"""The order of trials and their distance from the best: by the goals, else by what was measured first."""

from datetime import UTC, datetime

import numpy as np
import pytest

from chimera_dagster.compare.comparison import Comparison, compare
from chimera_dagster.compare.observed import Observed
from chimera_dagster.render.index.order import limit_words, order_of
from chimera_dagster.spec.goals import Goals, MetricName
from chimera_dagster.spec.trial import ParamSet


def trial(top_k: int, *, rounds: int = 4, **means: float) -> Observed:
    scatter = np.random.default_rng(top_k).permutation(np.linspace(0.99, 1.01, rounds)) if rounds > 1 else np.ones(1)
    values: dict[MetricName, list[float]] = {
        name: [mean] if name == "quality" else (mean * scatter).tolist() for name, mean in means.items()
    }  # pyright: ignore[reportAssignmentType]
    return Observed(
        model="a:1b",
        params=ParamSet(top_k=top_k),
        state="measured",
        repeats=rounds,
        rounds=tuple(range(1, rounds + 1)),
        values=values,
    )


def compared(*trials: Observed, **goals: object) -> Comparison:
    return compare(trials, Goals.model_validate(goals), datetime.now(UTC))


def shown(comparison: Comparison) -> list[tuple[int | None, float | None]]:
    order = order_of(comparison)
    return [(each.params.top_k, order.behind.get(each.key)) for each in order.trials]


FAST = trial(1, throughput_tok_s=200, ttft_ms=300, quality=0.5)
NEAR = trial(2, throughput_tok_s=199, ttft_ms=150, quality=0.5)
SLOW = trial(3, throughput_tok_s=50, ttft_ms=100, quality=0.5)
BLIND = trial(4, quality=0.9)


def test_without_goals_the_default_ones_decide() -> None:
    found = compared(SLOW, NEAR, FAST)
    assert shown(found) == [
        (2, 0),
        (1, pytest.approx(1 - (200 / 199 * 150 / 300) ** (1 / 4))),
        (3, pytest.approx(1 - (50 / 199 * 150 / 100) ** (1 / 4))),
    ]
    assert order_of(found).by == "the goals"


def test_without_an_answer_the_first_metric_decides_and_what_lacks_it_is_last() -> None:
    found = compared(BLIND, SLOW, NEAR, FAST, want={"joules_per_token": 1})
    assert shown(found) == [(1, 0), (2, pytest.approx(0.005)), (3, pytest.approx(0.75)), (4, None)]
    order = order_of(found)
    assert (order.by, order.tied) == ("decode throughput", {NEAR.key})


def test_one_weight_is_its_metric_whichever_end_is_good() -> None:
    found = compared(FAST, NEAR, SLOW, want={"ttft_ms": 2})
    assert shown(found) == [(3, 0), (2, pytest.approx(0.5)), (1, pytest.approx(2))]
    assert order_of(found).by == "time to first token"
    found = compared(FAST, BLIND, want={"quality": 1})
    assert shown(found) == [(4, 0), (1, pytest.approx(0.4))]  # a share counts as it is


def test_several_weights_are_as_much_as_every_metric_that_much_worse() -> None:
    worse = trial(5, throughput_tok_s=200 * 0.8, ttft_ms=300 / 0.8)
    found = compared(FAST, worse, want={"throughput_tok_s": 1, "ttft_ms": 0.25})
    assert shown(found) == [(1, 0), (5, pytest.approx(0.2))]
    assert order_of(found).by == "the goals"


def test_what_breaks_a_limit_is_last_and_says_so() -> None:
    found = compared(FAST, NEAR, SLOW, want={"throughput_tok_s": 1}, limits=["ttft_ms <= 200"])
    assert shown(found) == [(2, 0), (3, pytest.approx(149 / 199)), (1, None)]
    assert [limit_words(each, found) for each in order_of(found).trials] == ["kept", "kept", "ttft_ms <= 200: not kept"]


def test_the_recommended_one_is_first_where_limits_alone_decide() -> None:
    found = compared(FAST, NEAR, SLOW, limits=["ttft_ms <= 110"])
    assert shown(found) == [(3, 0), (1, None), (2, None)]


def test_limits_that_nothing_keeps_leave_the_order_of_the_first_metric() -> None:
    found = compared(SLOW, FAST, limits=["ttft_ms <= 1"])
    assert found.recommendation.best is None
    assert shown(found) == [(1, 0), (3, pytest.approx(0.75))]


def test_no_tie_is_claimed_where_no_test_was_possible() -> None:
    found = compared(*(trial(number, rounds=1, throughput_tok_s=100) for number in (1, 2)))
    assert order_of(found).tied == frozenset()


def test_nothing_valid_has_no_order() -> None:
    assert order_of(compared()) == ("", [], {}, frozenset())
    bare = Observed(model="a:1b", params=ParamSet(), state="measured")
    assert order_of(compared(bare)) == ("", [bare], {}, frozenset())
