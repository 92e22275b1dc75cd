"""Each verdict by the one thing that causes it, and `valid` where nothing does."""

import pytest

from chimera_dagster.engines.base import EngineStats
from chimera_dagster.measure.call import Call, LedgerEntry, call_metrics
from chimera_dagster.measure.validity import judge
from chimera_dagster.trial import ParamSet

STATS = {"done_reason": "stop", "prompt_eval_ms": 40.0, "eval_ms": 50.0, "total_ms": 95.0, "prompt_tokens": 9}


def verdicts(
    params: ParamSet, num_ctx: int | None = None, gpu_share: float | None = None, **stats: object
) -> list[str]:
    ledger = [LedgerEntry(at_ms=1.0, chars=1), LedgerEntry(at_ms=2.0, chars=1)]
    metrics = call_metrics(ledger, EngineStats(**(STATS | stats)))  # type: ignore[arg-type]
    call = Call(
        stage="report",
        repeat=0,
        seed=1,
        text="x",
        metrics=metrics,
        ledger=ledger,
        effective_num_ctx=num_ctx,
        gpu_share=gpu_share,
    )
    found = judge([call], params)
    assert all(verdict.evidence for verdict in found)
    return [verdict.name for verdict in found]


@pytest.mark.parametrize(
    ("spoiled", "verdict"),
    [
        ({"load_ms": 501.0, "total_ms": 600.0}, "reloaded"),
        ({"prompt_cached_tokens": 4}, "cached"),
        ({"total_ms": 101.0}, "contended"),
        ({"done_reason": "length"}, "incomplete"),
        ({"num_ctx": 2048}, "clamped"),
        ({"gpu_share": 0.5}, "offloaded_to_cpu"),
    ],
)
def test_one_cause_one_verdict(spoiled: dict[str, object], verdict: str) -> None:
    assert verdicts(ParamSet(num_ctx=4096, num_gpu=20), **spoiled) == [verdict]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "harmless",
    [
        {},
        {"load_ms": 45.0, "total_ms": 140.0},  # Ollama's scheduling
        {"prompt_cached_tokens": 0},
        {"total_ms": 99.0},
        {"total_ms": None, "prompt_eval_ms": None},
        {"num_ctx": 4096},
        {"gpu_share": 1.0},
    ],
)
def test_what_spoils_nothing_is_valid(harmless: dict[str, object]) -> None:
    assert verdicts(ParamSet(num_ctx=4096, num_gpu=20), **harmless) == ["valid"]  # type: ignore[arg-type]


def test_a_model_on_the_cpu_is_no_fault_where_no_gpu_was_asked_for() -> None:
    assert verdicts(ParamSet(), gpu_share=0.0, num_ctx=4096) == ["valid"]
    assert verdicts(ParamSet(num_gpu=0), gpu_share=0.0) == ["valid"]
