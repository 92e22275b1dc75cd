"""Metrics of a call against values computed by hand from docs/metrics.md."""

from dataclasses import replace
from typing import Any

import pytest

from chimera_dagster.engines.base import Chunk, EngineStats, Request, Stream
from chimera_dagster.errors import EmptyOutputError, EngineBusyError, NothingListensError, StreamBrokenError
from chimera_dagster.measure.call import LedgerEntry, call_metrics, timed_call, warm_up

REQUEST = Request("tiny:1m", "Hi", seed=5)
STATS = EngineStats(
    done_reason="stop",
    load_ms=50.0,
    prompt_eval_ms=40.0,
    eval_ms=200.0,
    total_ms=300.0,
    prompt_tokens=30,
    prompt_cached_tokens=10,
    output_tokens=5,
    effective_num_ctx=512,
    gpu_share=0.5,
)


def ledger(*times: float, thinking: int = 0) -> list[LedgerEntry]:
    """Entries at `times` in ms; the first `thinking` of them are no answer."""
    return [LedgerEntry(at_ms=at, chars=3, thinking=index < thinking) for index, at in enumerate(times)]


class ScriptedEngine:
    """An engine that yields what it was given; an error among it is raised."""

    name = "scripted"
    caches_prompts = False

    def __init__(self, *script: tuple[str, bool] | Exception, stats: EngineStats = STATS, clock: Any = None) -> None:
        self.script, self.stats, self.clock = script, stats, clock
        self.closed = False
        self.refusals: list[Exception] = []
        self.requests: list[Request] = []

    def stream(self, request: Request) -> Stream:
        self.requests.append(request)
        try:
            if self.refusals:
                raise self.refusals.pop(0)
            for item in self.script:
                if isinstance(item, Exception):
                    raise item
                yield Chunk(item[0], self.clock(), item[1])
            return self.stats
        finally:
            self.closed = True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """perf_counter that advances by a quarter of a second with each look; 0.25 s is exact in binary."""
    now = [1000.0]

    def look() -> float:
        now[0] += 0.25
        return now[0]

    monkeypatch.setattr("chimera_dagster.measure.call.time.perf_counter", look)
    return look


def test_times_and_rates() -> None:
    metrics = call_metrics(ledger(100, 120, 150, 190, 300), STATS)
    assert (metrics.ttft_ms, metrics.ttfa_ms, metrics.e2e_ms) == (100, 100, 300)
    assert metrics.tpot_ms == (300 - 100) / 4
    assert metrics.decode_tok_s == pytest.approx(25.0)  # 5 tokens in 0.2 s
    assert metrics.prefill_tok_s == pytest.approx(500.0)  # 20 uncached tokens in 0.04 s
    assert metrics.residual_ms == pytest.approx(10.0)  # 300 - 50 - 40 - 200
    assert (metrics.load_ms, metrics.prompt_eval_ms, metrics.eval_ms, metrics.total_ms) == (50, 40, 200, 300)
    assert (metrics.prompt_tokens, metrics.prompt_cached_tokens, metrics.output_tokens) == (30, 10, 5)
    assert metrics.done_reason == "stop"


def test_decode_counts_the_tokens_that_the_time_covers_and_keeps_what_the_engine_says_beside_it() -> None:
    metrics = call_metrics(ledger(100, 120, 150, 190, 300), replace(STATS, eval_tokens=4))
    assert metrics.decode_tok_s == pytest.approx(20.0)  # 4 of 5 tokens in 0.2 s
    assert metrics.decode_reported_tok_s == pytest.approx(25.0)
    only_one = call_metrics(ledger(100), replace(STATS, output_tokens=1, eval_tokens=0, eval_ms=0.01))
    assert only_one.decode_tok_s is None and "after the first" in only_one.reasons["decode_tok_s"]


def test_gap_percentiles_interpolate() -> None:
    metrics = call_metrics(ledger(0, 10, 30, 60, 100), STATS)  # gaps 10, 20, 30, 40
    assert metrics.itl_p50_ms == pytest.approx(25.0)
    assert metrics.itl_p95_ms == pytest.approx(38.5)  # rank 0.95 * 3 = 2.85
    assert metrics.itl_p99_ms == pytest.approx(39.7)


def test_thinking_counts_as_output_but_not_as_answer() -> None:
    metrics = call_metrics(ledger(100, 120, 150, thinking=2), STATS)
    assert (metrics.ttft_ms, metrics.ttfa_ms) == (100, 150)


def test_what_the_engine_does_not_say_is_none() -> None:
    metrics = call_metrics(ledger(100, 200, 300), EngineStats(done_reason="stop"))
    known = {"ttft_ms", "ttfa_ms", "e2e_ms", "itl_p50_ms", "itl_p95_ms", "itl_p99_ms", "done_reason", "reasons"}
    assert {name for name, value in metrics if value is not None} == known
    assert set(metrics.reasons) == {name for name, value in metrics if value is None}


@pytest.mark.parametrize(
    ("changes", "times", "name", "reason"),
    [
        ({"load_ms": None}, (1, 2), "load_ms", "nothing was loaded"),
        ({}, (1, 2), "itl_p95_ms", "fewer than three chunks"),
        ({"output_tokens": 1}, (1, 2), "tpot_ms", "fewer than two tokens"),
        ({"prompt_cached_tokens": 30}, (1, 2), "prefill_tok_s", "came from a cache"),
        ({"eval_ms": 0.0}, (1, 2), "decode_tok_s", "reports no time"),
        ({"total_ms": None}, (1, 2), "residual_ms", "does not report it"),
    ],
)
def test_a_null_says_why(changes: dict[str, Any], times: tuple[float, ...], name: str, reason: str) -> None:
    metrics = call_metrics(ledger(*times), EngineStats(**{**vars(STATS), **changes}))
    assert getattr(metrics, name) is None
    assert reason in metrics.reasons[name]


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"prompt_cached_tokens": None}, "prefill_tok_s", 750.0),  # nothing is known to be cached
        ({"prompt_cached_tokens": 30}, "prefill_tok_s", None),  # nothing was evaluated
        ({"prompt_eval_ms": None}, "prefill_tok_s", None),
        ({"prompt_eval_ms": None}, "residual_ms", None),
        ({"eval_ms": None}, "residual_ms", None),
        ({"total_ms": None}, "residual_ms", None),
        ({"load_ms": None}, "residual_ms", 60.0),  # a warm call loads nothing
        ({"eval_ms": 0.0}, "decode_tok_s", None),
        ({"output_tokens": None}, "decode_tok_s", None),
        ({"output_tokens": 1}, "tpot_ms", None),
        ({"output_tokens": 2}, "tpot_ms", 200.0),
        ({"output_tokens": None}, "tpot_ms", None),
    ],
)
def test_partial_statistics(changes: dict[str, Any], field: str, value: float | None) -> None:
    stats = EngineStats(**{**vars(STATS), **changes})
    expected = None if value is None else pytest.approx(value)
    assert getattr(call_metrics(ledger(100, 300), stats), field) == expected


@pytest.mark.parametrize("times", [(100.0,), (100.0, 150.0)])
def test_percentiles_need_two_gaps(times: tuple[float, ...]) -> None:
    metrics = call_metrics(ledger(*times), STATS)
    assert (metrics.itl_p50_ms, metrics.itl_p95_ms, metrics.itl_p99_ms) == (None, None, None)


def test_call_is_timed_from_the_request(clock: Any) -> None:
    heard: list[int] = []
    engine = ScriptedEngine(("Hm", True), ("", False), ("Hello", False), (" 日本", False), clock=clock)
    call = timed_call(engine, REQUEST, "analysis", repeat=2, on_chunk=heard.append)  # pyright: ignore[reportArgumentType]
    assert call.text == "Hello 日本"
    # the empty chunk at 500 ms is no output
    assert [(entry.at_ms, entry.chars, entry.thinking) for entry in call.ledger] == [
        (250.0, 2, True),
        (750.0, 5, False),
        (1000.0, 3, False),
    ]
    metrics = call_metrics(call.ledger, call.stats)
    assert (metrics.ttft_ms, metrics.ttfa_ms, metrics.e2e_ms) == (250.0, 750.0, 1000.0)
    assert (call.stage, call.repeat, call.seed, call.name) == ("analysis", 2, 5, "analysis 3")
    assert (call.stats, call.nonce, call.retries, call.prompt_chars) == (STATS, None, 0, 2)
    assert (call.sent_ms, call.end_ms) == (0.0, 1000.0)
    assert heard == [1, 2, 3]


@pytest.mark.parametrize("script", [(), (("", False),), (("only a thought", True),)])
def test_call_without_an_answer_is_an_error(script: Any, clock: Any) -> None:
    stats = EngineStats(done_reason="length")
    with pytest.raises(EmptyOutputError, match=r"tiny:1m wrote nothing in the report \(done_reason length\)") as error:
        timed_call(ScriptedEngine(*script, stats=stats, clock=clock), REQUEST, "report")  # pyright: ignore[reportArgumentType]
    assert "max_tokens" in error.value.hint


def test_a_call_that_may_be_empty_is_timed_to_its_end(clock: Any) -> None:
    stats = EngineStats(done_reason="length", output_tokens=3)
    for script, ttft in (((), None), ((("a thought", True),), 250.0)):
        engine = ScriptedEngine(*script, stats=stats, clock=clock)
        call = timed_call(engine, REQUEST, "report", may_be_empty=True)  # pyright: ignore[reportArgumentType]
        metrics = call_metrics(call.ledger, call.stats)
        assert (call.text, call.ledger[-1].chars) == ("", 0)
        assert (metrics.ttft_ms, metrics.ttfa_ms) == (ttft, None)
        assert metrics.e2e_ms == call.end_ms > 0
        assert metrics.reasons["ttfa_ms"] == "the model wrote nothing"
        assert ("ttft_ms" in metrics.reasons) is (ttft is None)


@pytest.mark.parametrize("interrupt", [StreamBrokenError("cut"), KeyboardInterrupt()])
def test_stream_is_closed_whatever_ends_the_call(interrupt: BaseException, clock: Any) -> None:
    def stop(count: int) -> None:
        raise interrupt

    engine = ScriptedEngine(("a", False), ("b", False), clock=clock)
    with pytest.raises(type(interrupt)):
        timed_call(engine, REQUEST, "report", on_chunk=stop)  # pyright: ignore[reportArgumentType]
    assert engine.closed


def test_error_of_the_engine_passes_through(clock: Any) -> None:
    engine = ScriptedEngine(("a", False), StreamBrokenError("runner died"), clock=clock)
    with pytest.raises(StreamBrokenError, match="runner died"):
        timed_call(engine, REQUEST, "report")  # pyright: ignore[reportArgumentType]


def test_warm_up_tells_how_long_the_model_loaded(clock: Any) -> None:
    assert warm_up(ScriptedEngine(("a", False), clock=clock), REQUEST) == 50.0  # pyright: ignore[reportArgumentType]


def test_a_call_knows_its_place_in_the_trial(clock: Any) -> None:
    began = clock()
    call = timed_call(ScriptedEngine(("a", False), clock=clock), REQUEST, "report", began=began)  # pyright: ignore[reportArgumentType]
    assert (call.sent_ms, call.end_ms) == (250.0, 500.0)


@pytest.mark.parametrize("system", ["", "Be brief."])
def test_a_nonce_stands_first_where_the_engine_caches_prompts(clock: Any, system: str) -> None:
    engine = ScriptedEngine(("a", False), clock=clock)
    engine.caches_prompts = True
    request = Request("tiny:1m", "Hi", system=system)
    calls = [timed_call(engine, request, "report") for _ in range(2)]  # pyright: ignore[reportArgumentType]
    assert calls[0].nonce != calls[1].nonce
    for call, sent in zip(calls, engine.requests, strict=True):
        first = f"[{call.nonce}]\n"
        assert (sent.system + sent.prompt) == f"{first}{system}Hi"
        assert sent.prompt == ("Hi" if system else f"{first}Hi")
        assert call.prompt_chars == len(sent.system) + len(sent.prompt)
        assert not any(sign.isdigit() for sign in first)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds slept between tries, which are not slept here."""
    slept: list[float] = []
    monkeypatch.setattr("chimera_dagster.engines.patience._sleep", slept.append)
    return slept


@pytest.mark.parametrize("error", [NothingListensError("refused"), EngineBusyError("503")])
def test_a_server_that_is_not_ready_is_asked_again_outside_the_timed_region(
    clock: Any, pauses: list[float], error: Exception
) -> None:
    engine = ScriptedEngine(("a", False), clock=clock)
    engine.refusals = [error, error]
    call = timed_call(engine, REQUEST, "report")  # pyright: ignore[reportArgumentType]
    assert call.retries == 2
    assert call.ledger[0].at_ms == 250.0  # since the request that was answered
    assert pauses == sorted(pauses) and pauses[0] < pauses[1]


def test_a_server_that_stays_busy_is_given_up(clock: Any, pauses: list[float]) -> None:
    engine = ScriptedEngine(("a", False), clock=clock)
    engine.refusals = [EngineBusyError("HTTP 503")] * 9
    with pytest.raises(EngineBusyError, match="HTTP 503"):
        timed_call(engine, REQUEST, "report")  # pyright: ignore[reportArgumentType]
    assert len(engine.requests) == len(pauses) + 1
    assert 4.0 <= sum(pauses) < 7.0


def test_a_server_that_was_down_loads_the_model_before_the_call_is_measured(clock: Any, pauses: list[float]) -> None:
    engine = ScriptedEngine(("a", False), clock=clock)
    engine.refusals = [NothingListensError("refused"), NothingListensError("refused")]
    reloads: list[int] = []

    def reload() -> None:
        reloads.append(len(engine.requests))
        if len(reloads) == 1:
            raise NothingListensError("still refused")

    call = timed_call(engine, REQUEST, "report", reload=reload)  # pyright: ignore[reportArgumentType]
    assert reloads == [1, 1, 2]  # each time before the request is sent again
    assert (call.retries, len(pauses)) == (2, 3)


def test_a_busy_server_keeps_its_model(clock: Any, pauses: list[float]) -> None:
    engine = ScriptedEngine(("a", False), clock=clock)
    engine.refusals = [EngineBusyError("HTTP 503")]
    call = timed_call(engine, REQUEST, "report", reload=lambda: pytest.fail("it was loaded again"))  # pyright: ignore[reportArgumentType]
    assert call.retries == 1


def test_a_call_ends_after_the_tokens_that_have_no_text(clock: Any) -> None:
    engine = ScriptedEngine(("a", False), *[("", False)] * 5, clock=clock)
    call = timed_call(engine, REQUEST, "report")  # pyright: ignore[reportArgumentType]
    assert (call.end_ms, call.ended_ms) == (250.0, 1750.0)


def test_what_went_wrong_in_the_stream_is_not_tried_again(clock: Any, pauses: list[float]) -> None:
    engine = ScriptedEngine(("a", False), StreamBrokenError("runner died"), clock=clock)
    with pytest.raises(StreamBrokenError):
        timed_call(engine, REQUEST, "report")  # pyright: ignore[reportArgumentType]
    assert (len(engine.requests), pauses) == (1, [])
