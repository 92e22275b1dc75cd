"""The contract with the stub server, and what only the Ollama engine promises."""

import os
import subprocess
import sys
from collections.abc import Generator
from typing import Any

import pytest

from chimera_dagster.engines.base import Timeouts
from chimera_dagster.engines.ollama import OllamaEngine, same_model
from chimera_dagster.errors import EngineUnreachableError, RequestRefusedError, SettingError, StreamBrokenError
from chimera_dagster.trial import ParamSet
from tests.contract.engine_contract import EngineContract, read_all, text_of
from tests.stub_ollama import WORDS, Answer, StubOllama

PIECES = [{"response": f" {word}", "done": False} for word in WORDS]
FINAL = {"response": "", "done": True, "done_reason": "stop"}


@pytest.fixture
def stub() -> Generator[StubOllama]:
    with StubOllama() as server:
        yield server


class TestOllamaEngine(EngineContract):
    limits = {  # noqa: RUF012 - read only
        "first": Timeouts(first_token_s=0.1),
        "next": Timeouts(between_tokens_s=0.1),
        "total": Timeouts(total_s=0.2),
    }

    @pytest.fixture
    def engine(self, stub: StubOllama) -> Generator[OllamaEngine]:
        engine = OllamaEngine(stub.url)
        yield engine
        engine.close()

    @pytest.fixture
    def make_slow(self, stub: StubOllama) -> Any:
        stalls = {"first": 0, "next": 1, "total": 3, None: None}

        def make(kind: str | None) -> None:
            stub.answer_with(None if kind is None else Answer(PIECES, stall_before=stalls[kind]))

        return make

    @pytest.mark.parametrize("stall_before", [0, 2], ids=["before the first token", "in the stream"])
    def test_timeout_ends_the_connection(self, engine: OllamaEngine, stub: StubOllama, stall_before: int) -> None:
        stub.answer_with(Answer(PIECES, stall_before=stall_before))
        with pytest.raises(Exception, match="took longer"):
            read_all(engine.stream(self.request(timeouts=Timeouts(first_token_s=0.1, between_tokens_s=0.1))))
        assert stub.client_left.wait(timeout=5), "the server still generates for a client that gave up"

    def test_closing_the_stream_ends_the_connection(self, engine: OllamaEngine, stub: StubOllama) -> None:
        stub.answer_with(Answer(PIECES, stall_before=1))
        stream = engine.stream(self.request())
        next(stream)
        stream.close()
        assert stub.client_left.wait(timeout=5)

    def test_sends_what_was_asked_for(self, engine: OllamaEngine, stub: StubOllama) -> None:
        params = ParamSet(num_gpu=80, num_ctx=2048, temperature=0.0, top_p=0.9, top_k=40, repeat_penalty=1.1)
        read_all(engine.stream(self.request(params=params, system="Be brief.", seed=3, max_tokens=9)))
        [sent] = stub.generations()
        assert sent["options"] == {
            "num_gpu": 80,
            "num_ctx": 2048,
            "temperature": 0.0,
            "top_p": 0.9,
            "top_k": 40,
            "repeat_penalty": 1.1,
            "seed": 3,
            "num_predict": 9,
        }
        assert (sent["model"], sent["prompt"], sent["system"]) == ("smollm2:135m", "Say hello.", "Be brief.")
        assert (sent["stream"], sent["truncate"], sent["shift"], sent["keep_alive"]) == (True, False, False, "10m")

    def test_unset_parameters_are_not_sent(self, engine: OllamaEngine, stub: StubOllama) -> None:
        read_all(engine.stream(self.request(params=ParamSet())))
        assert stub.generations()[0]["options"] == {"seed": 7, "num_predict": 8}

    def test_absent_statistics_are_none(self, engine: OllamaEngine, stub: StubOllama) -> None:
        stub.answer_with(Answer([*PIECES[:2], FINAL]))
        _, stats = read_all(engine.stream(self.request()))
        assert stats.done_reason == "stop"
        assert {value for name, value in vars(stats).items() if name != "done_reason"} == {None}

    def test_thinking_is_marked(self, engine: OllamaEngine, stub: StubOllama) -> None:
        stub.answer_with(Answer([{"response": "", "thinking": "Hm", "done": False}, *PIECES[:1], FINAL]))
        chunks, _ = read_all(engine.stream(self.request()))
        assert [(chunk.text, chunk.thinking) for chunk in chunks] == [("Hm", True), (" The", False)]

    @pytest.mark.parametrize(("vram", "share"), [(None, None), (0, 0.0), (40_000_000, 0.25), (160_000_000, 1.0)])
    def test_share_on_the_gpu(self, vram: int | None, share: float | None) -> None:
        with StubOllama(size_vram=vram) as stub:
            _, stats = read_all(OllamaEngine(stub.url).stream(self.request()))
        assert (stats.effective_num_ctx, stats.gpu_share) == (512, share)

    @pytest.mark.parametrize("answer", [(500, {"error": "gone"}), (200, "no JSON"), (200, {"unknown": 1})])
    def test_call_stands_where_its_placement_is_unknown(
        self, engine: OllamaEngine, stub: StubOllama, answer: Any
    ) -> None:
        stub.fixed["/api/ps"] = answer
        chunks, stats = read_all(engine.stream(self.request()))
        assert len(chunks) == 8
        assert (stats.effective_num_ctx, stats.gpu_share) == (None, None)

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (Answer(PIECES[:4]), "ended without its final message"),
            (Answer(), "ended without its final message"),
            (Answer([*PIECES[:2], {"response": "", "done": True}]), "ended without its final message"),
            (Answer(PIECES, cut_before=4), "was cut"),
            (Answer(PIECES, cut_before=0), "was cut"),
            (Answer([*PIECES[:2], "{half a li"]), "can't be read"),
            (Answer([*PIECES[:2], {"error": "runner died: unexpected EOF"}]), "runner died: unexpected EOF"),
        ],
        ids=["no done", "empty", "done without reason", "cut", "cut before the headers", "no JSON", "error line"],
    )
    def test_broken_stream(self, engine: OllamaEngine, stub: StubOllama, answer: Answer, words: str) -> None:
        stub.answer_with(answer)
        with pytest.raises(StreamBrokenError, match=words):
            read_all(engine.stream(self.request()))
        stub.answer_with(None)
        assert text_of(read_all(engine.stream(self.request()))[0])

    def test_busy_server_is_no_other_refusal(self, engine: OllamaEngine, stub: StubOllama) -> None:
        stub.answer_with(Answer(status=503, body={"error": "server busy, please try again."}))
        with pytest.raises(RequestRefusedError, match=r"busy \(HTTP 503\): server busy, please try again") as refused:
            read_all(engine.stream(self.request()))
        assert "OLLAMA_MAX_QUEUE" in refused.value.hint

    def test_nested_error_is_unwrapped(self, engine: OllamaEngine, stub: StubOllama) -> None:
        stub.answer_with(Answer(status=400, body={"error": '{"error":{"code":400,"message":"penalty must be > 0"}}'}))
        with pytest.raises(RequestRefusedError, match=r"\(HTTP 400\): penalty must be > 0\.$"):
            read_all(engine.stream(self.request()))

    def test_nothing_listens(self, stub: StubOllama) -> None:
        url = stub.url
        stub.__exit__()
        engine = OllamaEngine(url)
        for ask in (
            engine.version,
            engine.models,
            lambda: engine.describe("x"),
            lambda: read_all(engine.stream(self.request())),
        ):
            with pytest.raises(EngineUnreachableError, match=r"Nothing answers at .*\(connection refused\)") as down:
                ask()
            assert "ollama serve" in down.value.hint

    def test_another_server_listens(self, engine: OllamaEngine, stub: StubOllama) -> None:
        stub.fixed = {"/api/version": (200, "<html>"), "/api/tags": (404, "404 page not found")}
        for ask in (engine.version, engine.models):
            with pytest.raises(EngineUnreachableError, match="no Ollama server"):
                ask()

    def test_calls_share_one_connection(self, engine: OllamaEngine, stub: StubOllama) -> None:
        engine.describe(self.model)
        for _ in range(5):
            read_all(engine.stream(self.request()))
        assert stub.connections == 1  # a connect inside a call would be part of its time to the first token

    def test_proxies_of_the_environment_are_not_measured(
        self, engine: OllamaEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        assert engine.version() == "ollama 0.32.15"
        assert len(read_all(engine.stream(self.request()))[0]) == 8

    def test_server_that_comes_back_is_used_again(self, engine: OllamaEngine, stub: StubOllama) -> None:
        stub.answer_with(Answer(PIECES, cut_before=2))
        with pytest.raises(StreamBrokenError):
            read_all(engine.stream(self.request()))
        assert engine.models() == ["gemma3:270m", "smollm2:135m"]

    def test_host_from_the_environment(self, stub: StubOllama, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OLLAMA_HOST", f" '{stub.url}/' ")
        assert OllamaEngine().version() == "ollama 0.32.15"
        monkeypatch.setenv("OLLAMA_HOST", "localhost:abc")
        with pytest.raises(SettingError, match="OLLAMA_HOST='localhost:abc'"):
            OllamaEngine()

    def test_client_survives_a_host_that_its_import_does_not(self, stub: StubOllama) -> None:
        code = (
            "import os; from chimera_dagster.engines.ollama import OllamaEngine;"
            f"print(OllamaEngine({stub.url!r}).version(), os.environ['OLLAMA_HOST'])"
        )
        result = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "OLLAMA_HOST": "::1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.stdout == "ollama 0.32.15 ::1\n", result.stderr


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("gemma3", "gemma3:latest", True),
        ("Gemma3:270M", "gemma3:270m", True),
        ("registry.ollama.ai/library/gemma3:270m", "gemma3:270m", True),
        ("localhost:5000/a/gemma3", "localhost:5000/a/gemma3:latest", True),
        ("gemma3", "gemma3:270m", False),
        ("a/gemma3", "gemma3", False),
    ],
)
def test_same_model(first: str, second: str, same: bool) -> None:
    assert same_model(first, second) is same
