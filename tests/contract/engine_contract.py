"""What every engine must do. An engine's test class inherits this and gives `engine`, `model` and the slow cases."""

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from chimera_dagster.engines.base import Chunk, Engine, EngineStats, Request, Stream
from chimera_dagster.errors import (
    ContextTooSmallError,
    EngineTimeoutError,
    EngineUnreachableError,
    ModelNotFoundError,
    StreamBrokenError,
)
from chimera_dagster.quiz.question import Question
from chimera_dagster.quiz.score import read_answer
from chimera_dagster.spec.timeouts import Timeouts
from chimera_dagster.spec.trial import ParamSet


def read_all(stream: Stream) -> tuple[list[Chunk], EngineStats]:
    """Follow a stream to its end."""
    chunks: list[Chunk] = []
    while True:
        try:
            chunks.append(next(stream))
        except StopIteration as end:
            return chunks, end.value


def text_of(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks if not chunk.thinking)


class EngineContract:
    model = "smollm2:135m"
    # Per kind of timeout: limits that the case of `make_slow` exceeds.
    limits: dict[str, Timeouts]
    # False: the model is loaded, with its window, before the engine is asked, by whoever started its server.
    loads_models = True
    tells_total = True  # whether a call's whole time is reported, not only its parts
    # What is told of the model besides its tag and trained window; None is what an engine can't know.
    told: dict[str, Any] = {"family": "llama", "quantization": "Q4_1", "layers": 30, "chat": True}  # noqa: RUF012
    tells_digest = True

    @pytest.fixture
    def engine(self) -> Engine:
        """Has a window of 512 tokens, where calls do not choose it."""
        raise NotImplementedError

    @pytest.fixture
    def roomy_engine(self, engine: Engine) -> Engine:
        """Has a window of 2048 tokens, where calls do not choose it."""
        return engine

    @pytest.fixture
    def make_slow(self) -> Any:
        """`make_slow(kind)` makes the next call late in that way; `make_slow(None)` undoes it."""
        raise NotImplementedError

    def request(self, **changes: Any) -> Request:
        base = Request(self.model, "Say hello.", params=ParamSet(num_ctx=512, temperature=1.0), max_tokens=8, seed=7)
        return replace(base, **changes)

    def test_streams_chunks_in_the_order_of_their_times(self, engine: Engine) -> None:
        chunks, _ = read_all(engine.stream(self.request()))
        assert len(chunks) > 1
        assert all(before.at <= after.at for before, after in pairwise(chunks))
        assert all(chunk.text for chunk in chunks)
        assert text_of(chunks).strip()

    def test_reports_statistics_with_the_last_chunk(self, engine: Engine) -> None:
        _, stats = read_all(engine.stream(self.request()))
        assert stats.prompt_tokens is not None and stats.prompt_tokens >= 2
        assert stats.eval_ms is not None and stats.eval_ms > 0
        assert stats.prompt_eval_ms is not None and stats.prompt_eval_ms > 0
        assert (stats.total_ms is not None) == self.tells_total
        assert stats.total_ms is None or stats.total_ms >= stats.eval_ms + stats.prompt_eval_ms
        assert stats.effective_num_ctx == 512
        assert stats.gpu_share is None or 0 <= stats.gpu_share <= 1

    def test_max_tokens_bounds_the_output(self, engine: Engine) -> None:
        _, stats = read_all(engine.stream(self.request(max_tokens=5)))
        assert (stats.done_reason, stats.output_tokens) == ("length", 5)

    def test_an_answer_is_one_of_the_choices(self, engine: Engine) -> None:
        question = Question(id="Q1", kind="look up", text="Say hello.", choices=("a", "b", "c"), right="A")
        read: set[str | None] = set()
        for seed in range(7, 13):
            request = self.request(choices=("A", "B", "C"), may_be_cached=True, seed=seed)
            read.add(read_answer(question, text_of(read_all(engine.stream(request))[0])))
        assert read <= {"A", "B", "C"}
        assert len(read) > 1  # it is sampled, not always the first

    def test_seed_decides_the_text(self, engine: Engine) -> None:
        texts = [text_of(read_all(engine.stream(self.request(seed=seed)))[0]) for seed in (7, 7, 8)]
        assert texts[0] == texts[1] != texts[2]

    def test_carries_text_beyond_ascii(self, engine: Engine) -> None:
        chunks, _ = read_all(engine.stream(self.unicode_request()))
        text = text_of(chunks)
        assert not text.isascii()
        assert "\N{REPLACEMENT CHARACTER}" not in text
        text.encode()  # no half of a surrogate pair

    def unicode_request(self) -> Request:
        return self.request(prompt="Repeat exactly: 日本語 👍🏽", max_tokens=30)

    def test_long_prompt_is_evaluated_whole(self, roomy_engine: Engine) -> None:
        request = self.request(prompt="apple banana cherry " * 150, params=ParamSet(num_ctx=2048), max_tokens=2)
        _, stats = read_all(roomy_engine.stream(request))
        assert stats.prompt_tokens is not None and stats.prompt_tokens >= 450
        assert stats.effective_num_ctx == 2048

    def test_system_prompt_reaches_the_model(self, engine: Engine) -> None:
        _, without = read_all(engine.stream(self.request()))
        _, given = read_all(engine.stream(self.request(system="You are an operations specialist who is always brief.")))
        assert without.prompt_tokens and given.prompt_tokens
        assert given.prompt_tokens != without.prompt_tokens

    def test_second_call_does_not_load_again(self, engine: Engine) -> None:
        calls = [ParamSet(num_ctx=640, temperature=value) for value in (0.1, 0.9)]
        first, second = (read_all(engine.stream(self.request(params=params)))[1] for params in calls)
        if not self.loads_models:
            assert (first.load_ms, second.load_ms) == (None, None)
            return
        assert first.load_ms is not None and first.load_ms > 0
        assert (second.load_ms or 0) < first.load_ms / 5

    def test_an_unloaded_model_is_loaded_again(self, engine: Engine) -> None:
        read_all(engine.stream(self.request()))
        engine.unload(self.model)
        _, stats = read_all(engine.stream(self.request(max_tokens=2)))
        assert stats.output_tokens == 2
        assert (stats.load_ms is not None and stats.load_ms > 20) == self.loads_models

    def test_closing_the_stream_frees_the_engine(self, engine: Engine) -> None:
        stream = engine.stream(self.request(max_tokens=400))
        assert next(stream).text
        stream.close()
        _, stats = read_all(engine.stream(self.request(max_tokens=2)))
        assert stats.output_tokens == 2

    def test_stream_that_nobody_reads_costs_nothing(self, engine: Engine) -> None:
        engine.stream(self.request()).close()
        assert read_all(engine.stream(self.request(max_tokens=2)))[1].output_tokens == 2

    @pytest.mark.parametrize(
        ("kind", "field"), [("first", "first_token_s"), ("next", "between_tokens_s"), ("total", "total_s")]
    )
    def test_late_call_times_out_and_frees_the_engine(
        self, engine: Engine, make_slow: Any, kind: str, field: str
    ) -> None:
        make_slow(kind)
        with pytest.raises(EngineTimeoutError, match=field):
            read_all(engine.stream(self.request(max_tokens=400, timeouts=self.limits[kind])))
        make_slow(None)
        assert read_all(engine.stream(self.request(max_tokens=2)))[1].output_tokens == 2

    def test_calls_from_two_threads_both_end(self, engine: Engine) -> None:
        ends: list[EngineStats] = []
        threads = [
            threading.Thread(target=lambda: ends.append(read_all(engine.stream(self.request(max_tokens=4)))[1]))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        assert [stats.output_tokens for stats in ends] == [4, 4]

    def test_unknown_model_is_named_with_what_is_there(self, engine: Engine) -> None:
        with pytest.raises(ModelNotFoundError, match="nope:1b") as described:
            engine.describe("nope:1b")
        with pytest.raises(ModelNotFoundError, match="nope:1b") as called:
            read_all(engine.stream(self.request(model="nope:1b")))
        assert self.model in described.value.hint
        assert self.model in called.value.hint

    def test_prompt_beyond_the_window_is_refused(self, engine: Engine) -> None:
        params = ParamSet(num_ctx=512)
        with pytest.raises(ContextTooSmallError) as refused:
            read_all(engine.stream(self.request(prompt="apple banana cherry " * 400, params=params)))
        assert "512" in refused.value.message
        assert "num_ctx" in refused.value.hint

    def test_describes_its_model(self, engine: Engine) -> None:
        info = engine.describe(self.model)
        assert info.tag == self.model
        assert {name: getattr(info, name) for name in self.told} == self.told
        assert info.trained_context is not None and info.trained_context >= 2048
        assert (info.digest is not None) == self.tells_digest
        assert info.digest is None or len(bytes.fromhex(info.digest)) == 32

    def test_lists_its_models_sorted(self, engine: Engine) -> None:
        models = engine.models()
        assert self.model in models
        assert models == sorted(models)

    def test_version_names_what_generates(self, engine: Engine) -> None:
        name, _, number = engine.version().partition(" ")
        assert name and number.removeprefix("b")[0].isdigit()  # llama.cpp numbers its builds b1, b2, ...

    def test_may_be_used_again_after_close(self, engine: Engine) -> None:
        engine.close()
        engine.close()
        assert read_all(engine.stream(self.request(max_tokens=2)))[1].output_tokens == 2


class ServerContract(EngineContract):
    """What an engine must do besides where a server of its own generates."""

    @pytest.fixture
    def doomed(self) -> tuple[Engine, Callable[[], None]]:
        """An engine, and what ends its server at once, in the midst of whatever it does."""
        raise NotImplementedError

    def test_server_gone_before_a_call(self, doomed: tuple[Engine, Callable[[], None]]) -> None:
        engine, end_server = doomed
        end_server()
        for ask in (engine.version, engine.models, lambda: engine.describe(self.model)):
            with pytest.raises(EngineUnreachableError):
                ask()
        with pytest.raises(EngineUnreachableError):
            read_all(engine.stream(self.request()))

    def test_server_gone_during_a_call(self, doomed: tuple[Engine, Callable[[], None]]) -> None:
        engine, end_server = doomed
        stream = engine.stream(self.request(max_tokens=400))
        assert next(stream).text
        end_server()
        with pytest.raises(StreamBrokenError):
            read_all(stream)

    def test_server_gone_after_a_call(self, doomed: tuple[Engine, Callable[[], None]]) -> None:
        engine, end_server = doomed
        assert read_all(engine.stream(self.request(max_tokens=2)))[1].output_tokens == 2
        end_server()
        with pytest.raises(EngineUnreachableError):
            read_all(engine.stream(self.request()))
