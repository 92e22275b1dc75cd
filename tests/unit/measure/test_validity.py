"""Each verdict by the one thing that causes it, and `valid` where nothing does."""

from dataclasses import replace
from typing import Any

import pytest

from chimera_dagster.engines.base import EngineStats
from chimera_dagster.measure.call import Call, LedgerEntry, call_metrics
from chimera_dagster.measure.telemetry_summary import summarise_telemetry
from chimera_dagster.measure.validity import TrialSettings, Verdict, check_validity
from chimera_dagster.spec.trial import ParamSet

STATS = EngineStats("stop", prompt_eval_ms=40.0, eval_ms=50.0, total_ms=95.0, prompt_tokens=9)
NOTHING_SEEN = summarise_telemetry([], 0.0, 1.0)
LOADED = {"load_ms": 501.0, "total_ms": 600.0}


def call(stage: str = "report", repeat: int = 0, prompt_chars: int = 40, chunks: int = 2, **stats: Any) -> Call:
    ledger = [LedgerEntry(at_ms=1200.0 * place / chunks, chars=1) for place in range(1, chunks + 1)]
    return Call(
        stage=stage,
        repeat=repeat,
        seed=1,
        text="x",
        nonce=None,
        retries=0,
        prompt_chars=prompt_chars,
        sent_ms=0.0,
        stats=replace(STATS, **stats),
        ledger=ledger,
    )


def judged(
    *calls: Call, cold: bool = False, layers: int | None = 30, seen: dict[str, Any] | None = None, **params: Any
) -> list[Verdict]:
    asked = TrialSettings(params=ParamSet(**params), cold=cold, layers=layers)
    telemetry = [NOTHING_SEEN.model_copy(update=seen or {})] * len(calls)
    found = check_validity(calls, [call_metrics(each.ledger, each.stats) for each in calls], telemetry, asked)
    assert all(verdict.evidence for verdict in found)
    return found


def names(verdicts: list[Verdict]) -> list[str]:
    """What is said beside the first verdict, which says how the trial began."""
    return [verdict.name for verdict in verdicts[1:]]


@pytest.mark.parametrize(
    ("spoiled", "verdict", "evidence"),
    [
        ({"use_by_others": "another client"}, "contended", "report 1: another client"),
        ({"prompt_cached_tokens": 4}, "cached", "report 1: 4 of 9 prompt tokens"),
        ({"prompt_chars": 109}, "truncated", "109 characters sent, 9 tokens evaluated"),
        ({"prompt_tokens": 258, "sent_tokens": 1217}, "truncated", "258 of 1217 prompt tokens"),
        (
            {"prompt_tokens": 90, "sent_tokens": 100, "output_tokens": 16, "chunks": 10},
            "truncated",
            "90 of 100 prompt tokens",
        ),
        ({"total_ms": 101.0}, "contended", "11 of 101 ms"),
        ({"output_tokens": 3, "chunks": 12}, "implausible", "3 tokens reported, 12 chunks arrived"),
        ({"output_tokens": 17, "chunks": 2}, "implausible", "17 tokens reported, 2 characters arrived"),
        (
            {"eval_ms": 2000.0, "total_ms": 2040.0},
            "implausible",
            "2040 ms of work reported in a call that took 1200 ms",
        ),
        ({"done_reason": "length"}, "incomplete", "done_reason length"),
        ({"effective_num_ctx": 2048}, "clamped", "num_ctx 4096 requested, 2048 in effect"),
        ({"gpu_share": 0.5}, "offloaded_to_cpu", "num_gpu 99 requested, 50% of the model"),
    ],
)
def test_one_cause_one_verdict(spoiled: dict[str, Any], verdict: str, evidence: str) -> None:
    state, found = judged(call(**spoiled), num_ctx=4096, num_gpu=99)
    assert (state.name, state.spoils) == ("warm", False)
    assert (found.name, found.spoils) == (verdict, True)
    assert evidence in found.evidence


@pytest.mark.parametrize(
    "harmless",
    [
        {},
        {"load_ms": 45.0, "total_ms": 140.0},  # Ollama's scheduling
        {"prompt_cached_tokens": 0},
        {"prompt_chars": 108},
        {"sent_tokens": 9},
        {"prompt_tokens": 96, "sent_tokens": 100},
        {"prompt_tokens": 92, "sent_tokens": 100, "output_tokens": 16, "chunks": 10},
        {"total_ms": 99.0},
        {"total_ms": None, "prompt_eval_ms": None},
        {"prompt_tokens": None, "prompt_chars": 9_999},
        {"effective_num_ctx": 4096},
        {"gpu_share": 1.0},
        {"output_tokens": 4, "chunks": 12},  # a tokenizer's rounding
        {"output_tokens": 16, "chunks": 2},
        {"eval_ms": 1200.0, "total_ms": 1260.0},  # the clocks differ by less than the slack
    ],
)
def test_what_spoils_nothing_is_valid(harmless: dict[str, Any]) -> None:
    state, valid = judged(call(**harmless), num_ctx=4096, num_gpu=99)
    assert (state.name, valid.name, state.spoils, valid.spoils) == ("warm", "valid", False, False)


@pytest.mark.parametrize(
    ("num_gpu", "share", "layers", "expected"),
    [
        (None, 0.0, 30, "valid"),  # nobody asked for a GPU
        (0, 0.0, 30, "valid"),
        (20, 0.6, 30, "valid"),  # a part was asked for
        (30, 0.98, 30, "valid"),  # the output layer comes on top
        (20, 0.0, 30, "offloaded_to_cpu"),
        (31, 0.98, 30, "offloaded_to_cpu"),
        (20, 0.6, None, "offloaded_to_cpu"),
    ],
)
def test_layers_on_the_gpu_are_judged_by_what_was_asked_for(
    num_gpu: int | None, share: float, layers: int | None, expected: str
) -> None:
    assert names(judged(call(gpu_share=share), num_gpu=num_gpu, layers=layers)) == [expected]


def test_other_processes_on_the_gpu_contend() -> None:
    [state, found] = judged(call(), seen={"other_processes_max": 2, "other_memory_peak_mib": 512.4})
    assert (state.name, found.name, found.spoils) == ("warm", "contended", True)
    assert found.evidence == "report 1: 2 other processes on the GPU, which held 512 MiB"
    assert names(judged(call(), seen={"other_processes_max": 0, "other_memory_peak_mib": 0.0})) == ["valid"]


def test_a_gpu_that_slows_down_is_throttled() -> None:
    [_, found] = judged(call(), seen={"throttle_shares": {"sw_power_cap": 0.25}})
    assert (found.name, found.evidence) == ("throttled", "report 1: sw_power_cap in 25% of the samples")
    assert names(judged(call(), seen={"throttle_shares": {}})) == ["valid"]


def test_a_load_that_nobody_asked_for_is_a_reload() -> None:
    state, found = judged(call("analysis"), call("report", **LOADED))
    assert (state.name, found.name, found.spoils) == ("cold", "reloaded", True)
    assert state.evidence == found.evidence == "report 1: the model was loaded, 501 ms"


def test_cold_is_valid_where_each_round_begins_with_a_load() -> None:
    rounds = [call(stage, repeat, **(LOADED if stage == "analysis" else {})) for repeat in (0, 1) for stage in STAGES]
    state, valid = judged(*rounds, cold=True)
    assert (state.name, valid.name) == ("cold", "valid")
    assert "analysis 1" in state.evidence and "analysis 2" in state.evidence


def test_cold_that_found_the_model_loaded_is_spoiled() -> None:
    calls = [call("analysis", 0, **LOADED), call("report", 0), call("analysis", 1), call("report", 1)]
    assert [(each.name, each.evidence[:10]) for each in judged(*calls, cold=True)[1:]] == [("warm", "analysis 2")]
    assert names(judged(call("analysis", **LOADED), call("report", **LOADED), cold=True)) == ["reloaded"]


STAGES = ("analysis", "report")


BUSY = {"other_cpu_mean_pct": 32.4, "other_cpu_by": {"python3 train.py": 25.1, "cc1": 7.2}}


@pytest.mark.parametrize(
    ("stats", "seen", "contended"),
    [
        ({}, BUSY, True),
        ({"gpu_share": 0.0}, BUSY | {"gpus": 1}, True),
        ({"gpu_share": 0.6}, BUSY | {"gpus": 1}, True),  # a part of the layers is computed by the CPU
        ({"gpu_share": 1.0}, BUSY | {"gpus": 1}, False),
        ({}, BUSY | {"gpus": 1}, False),  # an engine that does not say where the model is
        ({}, {"other_cpu_mean_pct": 10.0}, False),
        ({}, {"other_cpu_mean_pct": None}, False),
    ],
)
def test_work_of_others_on_the_cores_of_the_model_is_contention(
    stats: dict[str, Any], seen: dict[str, Any], contended: bool
) -> None:
    found = judged(call(**stats), seen=seen)
    assert names(found) == (["contended"] if contended else ["valid"])
    if contended:
        evidence = "report 1: other processes used 32 % of the cores: python3 train.py 25 %, cc1 7 %"
        assert found[1].evidence == evidence


def test_tokens_without_text_at_the_end_of_an_answer_are_time_of_the_call() -> None:
    """As seen under load: at 3.3 tok/s the last text came 5 s before the end."""
    text_until = [LedgerEntry(at_ms=at, chars=1) for at in (4000.0, 59502.0)]
    stats = {"prompt_eval_ms": 3800.0, "eval_ms": 60814.0, "total_ms": 64700.0, "output_tokens": 2}
    late = call(**stats).model_copy(update={"ledger": text_until, "ended_ms": 64750.0})
    assert "implausible" not in names(judged(late))
    early = late.model_copy(update={"ended_ms": 59502.0})
    assert "implausible" in names(judged(early))


def test_steps_that_overlap_on_a_busy_machine_are_believed_if_the_whole_is() -> None:
    """As seen under load: 64614 ms of steps, in a call that took 59502 ms by both clocks."""
    stats = {"prompt_eval_ms": 3800.0, "eval_ms": 60814.0, "total_ms": 59490.0, "output_tokens": 2}
    ledger = [LedgerEntry(at_ms=at, chars=1) for at in (4000.0, 59500.0)]
    seen = call(**stats).model_copy(update={"ledger": ledger, "ended_ms": 59502.0})
    assert "implausible" not in names(judged(seen))
    lying = call(**stats | {"eval_ms": 90000.0}).model_copy(update={"ledger": ledger, "ended_ms": 59502.0})
    assert "implausible" in names(judged(lying))
