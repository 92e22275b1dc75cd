"""A trial's values, one for each repeat, from what its metrics.json says; what was not measured is absent."""

import json
from typing import Any

import pytest

from chimera_dagster.compare.metrics import Excerpt, values_of

NOTHING = {"energy_j": None, "gpu_process_memory_peak_mib": None, "gpu_memory_peak_mib": None, "engine_rss_peak_mib": 9}


def call(ttft: float, e2e: float, tokens: int | None, eval_ms: float | None) -> dict[str, object]:
    return {"ttft_ms": ttft, "tpot_ms": None, "e2e_ms": e2e, "eval_ms": eval_ms, "output_tokens": tokens}


CALLS = [call(100, 1100, 11, 1000), call(300, 800, 6, 400), call(120, 1120, 21, 800), call(380, 680, 4, 200)]
DOCUMENT: dict[str, Any] = {
    "schema_version": 5,
    "created_at": "2026-01-01T00:00:00Z",
    "fingerprint": "f",
    "repeats": 2,
    "calls": CALLS,
    "telemetry": NOTHING,
    "telemetry_by_call": [NOTHING | {"energy_j": joules} for joules in (20.0, 14.0, 40.0, 10.0)],
    "validity": [{"name": "valid", "evidence": "nothing spoils it"}],
    "text_quality": {"score": 0.7, "verdict": "usable with care"},
    "engine": {"name": "ollama", "version": "0.32", "model_digest": None},
    "effective_num_ctx": [4096],
    "prompt_version": "p",
    "data_digest": "d",
    "environment": {"cpu": "c", "gpus": [], "gpu_driver": None, "packages": {}},
}


def values(failed_runs: int = 0, **changes: object) -> dict[str, list[float]]:
    text = json.dumps(DOCUMENT | changes)
    return dict(values_of(Excerpt.model_validate_json(text), failed_runs=failed_runs))


def test_each_metric_is_the_one_that_its_definition_says() -> None:
    assert values() == {
        "throughput_tok_s": [pytest.approx(17 / 1.4), pytest.approx(25 / 1.0)],
        "ttft_ms": [200, 250],
        "tpot_ms": [pytest.approx(1500 / 15), pytest.approx(1300 / 23)],
        "total_ms": [1900, 1800],
        "joules_per_token": [pytest.approx(34 / 17), pytest.approx(50 / 25)],
        "peak_memory_mib": [9],
        "error_rate": [0.0],
        "quality": [0.7],
    }


@pytest.mark.parametrize(("failed", "rate"), [(0, 0.0), (1, 1 / 2), (3, 3 / 4)])
def test_the_error_rate_counts_the_run_that_ended_well(failed: int, rate: float) -> None:
    assert values(failed)["error_rate"] == [rate]


@pytest.mark.parametrize(
    ("known", "peak"),
    [
        ({}, 9),
        ({"gpu_memory_peak_mib": 50}, 50),
        ({"gpu_memory_peak_mib": 50, "gpu_process_memory_peak_mib": 40}, 40),
    ],
)
def test_peak_memory_is_the_engine_s_own_where_that_is_known(known: dict[str, float], peak: float) -> None:
    assert values(telemetry=NOTHING | known)["peak_memory_mib"] == [peak]


@pytest.mark.parametrize(
    ("changed", "lost"),
    [
        (call(120, 1120, None, 800), {"throughput_tok_s", "tpot_ms", "joules_per_token"}),
        (call(120, 1120, 21, None), {"throughput_tok_s"}),
        (call(float("inf"), 1120, 21, 800), {"ttft_ms", "tpot_ms"}),
        (call(120, float("nan"), 21, 800), {"total_ms", "tpot_ms"}),
        (call(-9000, 1120, 21, 800), {"ttft_ms"}),
    ],
)
def test_a_part_is_not_the_whole(changed: dict[str, object], lost: set[str]) -> None:
    assert set(values()) - set(values(calls=[*CALLS[:2], changed, CALLS[3]])) == lost


def test_a_call_without_an_answer_has_no_time_to_its_first_token() -> None:
    empty = call(120, 1120, 0, 800) | {"ttft_ms": None}
    assert set(values()) - set(values(calls=[*CALLS[:2], empty, CALLS[3]])) == {"ttft_ms", "tpot_ms"}


def test_a_score_of_an_earlier_version_is_no_value() -> None:
    assert set(values()) - set(values(schema_version=4)) == {"quality"}


def test_without_a_call_there_is_nothing_by_repeat() -> None:
    assert set(values(calls=[], telemetry_by_call=[])) == {"peak_memory_mib", "error_rate", "quality"}
