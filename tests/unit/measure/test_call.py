"""Metrics of a call against values computed by hand from docs/metrics.md."""

from typing import Any

import pytest

from chimera_dagster.engines.base import Chunk, EngineStats, Request, Stream
from chimera_dagster.errors import EmptyOutputError, StreamBrokenError
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

    def __init__(self, *script: tuple[str, bool] | Exception, stats: EngineStats = STATS, clock: Any = None) -> None:
        self.script, self.stats, self.clock = script, stats, clock
        self.closed = False

    def stream(self, request: Request) -> Stream:
        try:
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


def test_gap_percentiles_interpolate() -> None:
    metrics = call_metrics(ledger(0, 10, 30, 60, 100), STATS)  # gaps 10, 20, 30, 40
    assert metrics.itl_p50_ms == pytest.approx(25.0)
    assert metrics.itl_p95_ms == pytest.approx(38.5)  # rank 0.95 * 3 = 2.85
    assert metrics.itl_p99_ms == pytest.approx(39.7)


def test_thinking_counts_as_output_but_not_as_answer() -> None:
    metrics = call_metrics(ledger(100, 120, 150, thinking=2), STATS)
    assert (metrics.ttft_ms, metrics.ttfa_ms) == (100, 150)
    assert call_metrics(ledger(100, 120, thinking=2), STATS).ttfa_ms is None


def test_what_the_engine_does_not_say_is_none() -> None:
    metrics = call_metrics(ledger(100, 200, 300), EngineStats(done_reason="stop"))
    known = {"ttft_ms", "ttfa_ms", "e2e_ms", "itl_p50_ms", "itl_p95_ms", "itl_p99_ms", "done_reason"}
    assert {name for name, value in metrics if value is not None} == known


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
    assert (call.metrics.ttft_ms, call.metrics.ttfa_ms, call.metrics.e2e_ms) == (250.0, 750.0, 1000.0)
    assert (call.stage, call.repeat, call.seed) == ("analysis", 2, 5)
    assert (call.effective_num_ctx, call.gpu_share) == (512, 0.5)
    assert heard == [1, 2, 3]


@pytest.mark.parametrize("script", [(), (("", False),), (("only a thought", True),)])
def test_call_without_an_answer_is_an_error(script: Any, clock: Any) -> None:
    stats = EngineStats(done_reason="length")
    with pytest.raises(EmptyOutputError, match=r"tiny:1m wrote nothing in the report \(done_reason length\)") as error:
        timed_call(ScriptedEngine(*script, stats=stats, clock=clock), REQUEST, "report")  # pyright: ignore[reportArgumentType]
    assert "max_tokens" in error.value.hint


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
