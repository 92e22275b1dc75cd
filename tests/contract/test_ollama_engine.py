"""The contract with the stub server, and what only the Ollama engine promises."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from typing import Any

import pytest

from chimera_dagster.engines.base import Engine, Request
from chimera_dagster.engines.ollama import OllamaEngine, same_model
from chimera_dagster.engines.ollama_keep_alive import own_keep_alive
from chimera_dagster.errors import (
    EngineError,
    EngineUnreachableError,
    NothingListensError,
    RequestRefusedError,
    SettingError,
)
from chimera_dagster.spec.timeouts import Timeouts
from chimera_dagster.spec.trial import ParamSet
from tests.contract.engine_contract import EngineContract, ServerContract, read_all
from tests.stub_ollama import FINAL, PIECES, Answer, StubOllama


@pytest.fixture
def stub() -> Generator[StubOllama]:
    with StubOllama() as server:
        yield server


class StubContract(ServerContract):
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

    @pytest.fixture
    def doomed(self) -> Generator[tuple[OllamaEngine, Callable[[], None]]]:
        with StubOllama(seconds_between=0.05) as stub:  # slow enough to end it during a call
            engine = OllamaEngine(stub.url)
            yield engine, stub.kill
            engine.close()


class TestOllamaChat(StubContract):
    """The contract on /api/chat."""

    def request(self, **changes: Any) -> Request:
        return super().request(**({"api": "chat"} | changes))


class TestOllamaEngine(StubContract):
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

    @pytest.mark.parametrize("api", ["generate", "chat"])
    def test_sends_what_was_asked_for(self, engine: OllamaEngine, stub: StubOllama, api: Any) -> None:
        params = ParamSet(num_gpu=80, num_ctx=2048, temperature=0.0, top_p=0.9, top_k=40, repeat_penalty=1.1)
        request = self.request(params=params, system="Be brief.", seed=3, max_tokens=9, api=api)
        read_all(engine.stream(request))
        said = {
            "generate": {"prompt": "Say hello.", "system": "Be brief."},
            "chat": {
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "Say hello."},
                ]
            },
        }
        [(path, sent)] = [call for call in stub.requests if call[0] != "/api/ps"]
        assert path == f"/api/{api}"
        options = {
            "num_gpu": 80,
            "num_ctx": 2048,
            "temperature": 0.0,
            "top_p": 0.9,
            "top_k": 40,
            "repeat_penalty": 1.1,
            "seed": 3,
            "num_predict": 9,
        }
        assert sent == said[api] | {
            "model": "smollm2:135m",
            "stream": True,
            "truncate": False,
            "shift": False,
            "keep_alive": f"{own_keep_alive()}s",
            "options": options,
            **({"tools": []} if api == "chat" else {}),
        }

    @pytest.mark.parametrize("api", ["generate", "chat"])
    def test_no_proxy_may_compress_a_stream(self, engine: OllamaEngine, stub: StubOllama, api: Any) -> None:
        read_all(engine.stream(self.request(api=api)))
        assert stub.encodings[0] == "identity"

    def test_unset_parameters_are_not_sent(self, engine: OllamaEngine, stub: StubOllama) -> None:
        read_all(engine.stream(self.request(params=ParamSet())))
        assert stub.generations()[0]["options"] == {"seed": 7, "num_predict": 8}

    def test_absent_statistics_are_none(self, engine: OllamaEngine, stub: StubOllama) -> None:
        stub.answer_with(Answer([*PIECES[:2], FINAL]))
        _, stats = read_all(engine.stream(self.request()))
        assert stats.done_reason == "stop"
        assert {value for name, value in vars(stats).items() if name != "done_reason"} == {None}

    @pytest.mark.parametrize("api", ["generate", "chat"])
    def test_thinking_is_marked(self, engine: OllamaEngine, stub: StubOllama, api: Any) -> None:
        stub.answer_with(Answer([{"response": "", "thinking": "Hm", "done": False}, *PIECES[:1], FINAL]))
        chunks, _ = read_all(engine.stream(self.request(api=api)))
        assert [(chunk.text, chunk.thinking) for chunk in chunks] == [("Hm", True), (" The", False)]

    @pytest.mark.parametrize(
        ("vram", "mib", "share"),
        [
            (None, None, None),
            (0, 0.0, 0.0),
            (41_943_040, 40.0, 0.262144),
            (160_000_000, 152.587890625, 1.0),
            (160_000_001, None, None),
        ],
    )
    def test_share_on_the_gpu(self, vram: int | None, mib: float | None, share: float | None) -> None:
        with StubOllama(size_vram=vram) as stub:
            _, stats = read_all(OllamaEngine(stub.url).stream(self.request()))
        assert (stats.effective_num_ctx, stats.vram_mib, stats.gpu_share) == (512, mib, share)

    @pytest.mark.parametrize(
        "answer",
        [
            Answer(status=500, body={"error": "gone"}),
            Answer(body="no JSON"),
            Answer(body={"unknown": 1}),
            Answer(body={"models": [{"model": "smollm2:135m", "size": 9, "size_vram": -1}]}),
        ],
        ids=["error", "no JSON", "other JSON", "negative size"],
    )
    def test_call_stands_where_its_placement_is_unknown(
        self, engine: OllamaEngine, stub: StubOllama, answer: Answer
    ) -> None:
        stub.fixed["/api/ps"] = answer
        chunks, stats = read_all(engine.stream(self.request()))
        assert len(chunks) == 8
        assert (stats.effective_num_ctx, stats.vram_mib, stats.gpu_share) == (None, None, None)

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
            with pytest.raises(NothingListensError, match=r"Nothing answers at .*\(connection refused\)") as down:
                ask()
            assert "ollama serve" in down.value.hint

    def test_another_server_listens(self, engine: OllamaEngine, stub: StubOllama) -> None:
        stub.fixed = {
            "/api/version": Answer(body="<html>"),
            "/api/tags": Answer(status=404, body="404 page not found"),
            "/api/show": Answer(body="[1]"),
        }
        for ask in (engine.version, engine.models, lambda: engine.describe(self.model)):
            with pytest.raises(EngineUnreachableError, match="not an Ollama server"):
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

    def test_model_that_only_embeds_is_refused(self) -> None:
        with StubOllama(embedders=["all-minilm:22m"]) as stub:
            engine = OllamaEngine(stub.url)
            assert "all-minilm:22m" in engine.models()
            with pytest.raises(RequestRefusedError, match=r"22m can't generate text: .* embedding") as described:
                engine.describe("all-minilm:22m")
            assert "completion" in described.value.hint
            for api in ("generate", "chat"):
                with pytest.raises(RequestRefusedError, match=f'"all-minilm:22m" does not support {api}'):
                    read_all(engine.stream(self.request(model="all-minilm:22m", api=api)))

    def test_capabilities_that_are_not_told_hinder_nothing(self, engine: OllamaEngine, stub: StubOllama) -> None:
        assert engine.describe(self.model).capabilities == ("completion",)
        stub.fixed["/api/show"] = Answer(body={"details": {"family": "llama"}, "model_info": {}})
        assert engine.describe(self.model).capabilities is None

    def test_prompt_that_was_cut_shows_in_the_counts(self) -> None:
        with StubOllama(refuses_long_prompts=False) as stub:  # a server from before `truncate`
            request = self.request(prompt="apple " * 1200, params=ParamSet(num_ctx=512))
            _, cut = read_all(OllamaEngine(stub.url).stream(request))
            _, whole = read_all(OllamaEngine(stub.url).stream(self.request(prompt="apple " * 400)))
        assert (cut.sent_tokens, cut.prompt_tokens) == (1200, 256)
        assert (whole.sent_tokens, whole.prompt_tokens) == (400, 400)

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


def _why_no_server() -> str:
    if "OLLAMA_HOST" not in os.environ:
        return "OLLAMA_HOST is not set"
    try:
        OllamaEngine().describe(TestRealOllama.model)
    except (EngineError, SettingError) as error:
        return str(error)
    return ""


class TestRealOllama(EngineContract):
    """The contract on the server that OLLAMA_HOST names, with a model that it has."""

    model = os.environ.get("CHIMERA_TEST_MODEL", EngineContract.model)
    # A real model needs milliseconds for every step: limits far below them are always exceeded.
    limits = {  # noqa: RUF012 - read only
        "first": Timeouts(first_token_s=1e-3),
        "next": Timeouts(between_tokens_s=1e-5),
        "total": Timeouts(total_s=1e-3),
    }

    @pytest.fixture
    def engine(self) -> Generator[OllamaEngine]:
        if why := _why_no_server():
            pytest.skip(why)
        engine = OllamaEngine()
        yield engine
        engine.close()

    @pytest.fixture
    def make_slow(self) -> Any:
        return lambda kind: None

    def unicode_request(self) -> Request:
        return self.request(prompt="Repeat exactly, and nothing else: 日本語 👍🏽 café", max_tokens=60)

    def test_describes_its_model(self, engine: Engine) -> None:
        if self.model == EngineContract.model:
            super().test_describes_its_model(engine)
        info = engine.describe(self.model)
        assert info.tag == self.model
        assert info.layers is not None and info.layers > 0
        assert info.capabilities is None or "completion" in info.capabilities


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
