"""A trial's headline against values computed by hand."""

import pytest

from chimera_dagster.engines.base import EngineStats
from chimera_dagster.measure.call import Call, LedgerEntry, call_metrics
from chimera_dagster.measure.measured import Headline, interval, measured
from chimera_dagster.measure.validity import TrialSettings
from chimera_dagster.spec.trial import ParamSet


def call(
    stage: str = "analysis",
    repeat: int = 0,
    ttft: float = 100.0,
    *,
    tokens: int | None = 10,
    eval_ms: float | None = 200.0,
    load_ms: float | None = None,
) -> Call:
    ledger = [LedgerEntry(at_ms=ttft, chars=4), LedgerEntry(at_ms=ttft + 300, chars=4)]
    stats = EngineStats("stop", load_ms=load_ms, prompt_eval_ms=50.0, eval_ms=eval_ms, output_tokens=tokens)
    return Call(
        stage=stage,
        repeat=repeat,
        seed=1,
        text="x",
        nonce=None,
        retries=0,
        prompt_chars=10,
        sent_ms=0.0,
        stats=stats,
        ledger=ledger,
    )


def headline(calls: list[Call], warm_up_load_ms: float | None) -> Headline:
    found = measured(calls, [], warm_up_load_ms, TrialSettings(params=ParamSet(), cold=False, layers=None))
    assert found.calls == [call_metrics(each.ledger, each.stats) for each in calls]
    return found.headline


def test_sums_means_and_the_ratio_of_sums() -> None:
    found = headline([call(ttft=100, tokens=10, eval_ms=200), call("report", ttft=300, tokens=50, eval_ms=400)], 700.0)
    assert found.throughput_tok_s == pytest.approx(60 / 600 * 1000)  # and not the mean of 50 and 125
    assert (found.ttft_ms, found.total_duration_ms) == (200, 400 + 600)
    assert (found.tokens_generated, found.prompt_eval_ms, found.eval_ms, found.load_ms) == (60, 100, 600, 700)
    assert (found.calls, found.reasons) == (2, {})


def test_what_one_call_lacks_the_sum_lacks_with_a_reason() -> None:
    found = headline([call(), call(eval_ms=None)], None)
    assert (found.throughput_tok_s, found.eval_ms, found.load_ms) == (None, None, None)
    assert found.reasons == {
        "throughput_tok_s": "the engine did not report it",
        "eval_ms": "the engine did not report it",
        "load_ms": "the model was loaded before this trial",
    }
    assert found.throughput_by_repeat is None


def test_loads_of_the_warm_up_and_of_the_calls_are_added() -> None:
    assert headline([call(load_ms=50.0), call()], 600.0).load_ms == 650


def test_repeats_are_grouped_by_round() -> None:
    calls = [
        call(stage, repeat, ttft) for repeat, ttft in enumerate((100, 200, 300)) for stage in ("analysis", "report")
    ]
    found = headline(calls, None).ttft_by_repeat
    assert (found.n, found.mean, found.std) == (3, 200, 100)
    # t(0.975, 2) = 4.302653: Student's t table
    assert (found.low, found.high) == (pytest.approx(200 - 248.4138, abs=1e-3), pytest.approx(200 + 248.4138, abs=1e-3))


def test_below_three_no_interval_is_claimed() -> None:
    assert interval([5.0]).std is None
    two = interval([4.0, 6.0])
    assert (two.n, two.mean, two.std, two.low, two.high) == (2, 5, pytest.approx(2**0.5), None, None)
