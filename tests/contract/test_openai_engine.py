"""The contract with llama.cpp's own server, and what only the OpenAI-compatible engine promises."""

from collections.abc import Callable, Generator
from typing import Any

import pytest

from chimera_dagster.engines.openai import OpenAIEngine
from chimera_dagster.errors import ContextTooSmallError, ModelNotFoundError, NothingListensError, RequestRefusedError
from chimera_dagster.spec.timeouts import Timeouts
from chimera_dagster.spec.trial import ParamSet
from tests.contract.engine_contract import ServerContract, read_all, text_of
from tests.llama_server import LlamaServer

pytestmark = pytest.mark.model

KEY = "sk-not-to-be-seen"


@pytest.fixture(scope="module")
def server() -> Generator[LlamaServer]:
    with LlamaServer(num_ctx=512, api_key=KEY) as server:
        yield server


@pytest.fixture(scope="module")
def roomy_server() -> Generator[LlamaServer]:
    with LlamaServer(num_ctx=2048) as server:
        yield server


class TestOpenAIEngine(ServerContract):
    # A real model needs milliseconds for every step: limits far below them are always exceeded.
    limits = {  # noqa: RUF012 - read only
        "first": Timeouts(first_token_s=1e-3),
        "next": Timeouts(between_tokens_s=1e-5),
        "total": Timeouts(total_s=1e-3),
    }
    loads_models = False
    tells_total = False
    told = {"family": None, "parameter_size": "134.52M", "quantization": "Q4_1", "layers": None, "chat": True}  # noqa: RUF012
    tells_digest = False

    @pytest.fixture
    def engine(self, server: LlamaServer) -> Generator[OpenAIEngine]:
        engine = OpenAIEngine(server.url, KEY)
        yield engine
        engine.close()

    @pytest.fixture
    def roomy_engine(self, roomy_server: LlamaServer) -> Generator[OpenAIEngine]:
        engine = OpenAIEngine(roomy_server.url, "")
        yield engine
        engine.close()

    @pytest.fixture
    def doomed(self) -> Generator[tuple[OpenAIEngine, Callable[[], None]]]:
        with LlamaServer(num_ctx=512) as server:
            engine = OpenAIEngine(server.url, "")
            yield engine, server.kill
            engine.close()

    @pytest.fixture
    def make_slow(self) -> Any:
        return lambda kind: None

    def test_prompt_is_not_answered_from_the_cache(self, engine: OpenAIEngine) -> None:
        for _ in range(2):
            assert read_all(engine.stream(self.request(max_tokens=2)))[1].prompt_cached_tokens == 0

    def test_prompt_of_a_call_that_is_not_measured_may_come_from_the_cache(self, engine: OpenAIEngine) -> None:
        prompt = "apple banana cherry " * 20
        request = self.request(prompt=prompt, max_tokens=2, may_be_cached=True)
        cached = [read_all(engine.stream(request))[1].prompt_cached_tokens for _ in range(2)]
        assert cached[1] is not None and cached[1] > 60 > (cached[0] or 0)  # of the template at first

    def test_sampling_parameters_take_effect(self, engine: OpenAIEngine) -> None:
        def text(**changes: Any) -> str:
            return text_of(read_all(engine.stream(self.request(params=ParamSet(**changes), max_tokens=16)))[0])

        greedy = text(temperature=0.0)
        assert text(temperature=5.0, top_k=1) == greedy
        assert text(temperature=5.0, top_p=0.001, top_k=0) == greedy
        assert text(temperature=5.0) != greedy
        assert text(temperature=0.0, repeat_penalty=5.0) != greedy

    def test_window_asked_for_is_that_of_the_server(self, engine: OpenAIEngine) -> None:
        _, stats = read_all(engine.stream(self.request(params=ParamSet(num_ctx=4096, num_gpu=3), max_tokens=1)))
        assert stats.effective_num_ctx == 512

    def test_hint_of_a_small_window_names_the_option(self, engine: OpenAIEngine) -> None:
        with pytest.raises(ContextTooSmallError, match=r"exceeds the available context size \(512 tokens\)") as refused:
            read_all(engine.stream(self.request(prompt="apple banana cherry " * 400)))
        assert "--ctx-size" in refused.value.hint

    def test_another_name_is_no_name_of_the_model(self, engine: OpenAIEngine) -> None:
        # The server itself answers a call to any name.
        with pytest.raises(ModelNotFoundError, match="smollm2:13'"):
            read_all(engine.stream(self.request(model="smollm2:13")))

    @pytest.mark.parametrize(("key", "words"), [("sk-wrong", "refuses the key in"), ("", "refuses a request without")])
    def test_key_is_named_and_not_shown(self, server: LlamaServer, key: str, words: str) -> None:
        engine = OpenAIEngine(server.url, key)
        with pytest.raises(
            RequestRefusedError, match=rf"{words} OPENAI_API_KEY \(HTTP 401\): Invalid API Key"
        ) as refused:
            engine.models()
        assert not key or key not in str(refused.value) + repr(vars(engine))

    def test_nothing_listens(self, doomed: tuple[OpenAIEngine, Callable[[], None]]) -> None:
        engine, kill = doomed
        read_all(engine.stream(self.request(max_tokens=1)))
        kill()
        for ask in (engine.models, lambda: read_all(engine.stream(self.request()))):
            with pytest.raises(NothingListensError, match=r"Nothing answers at .* \(connection refused\)") as down:
                ask()
            assert "OPENAI_BASE_URL" in down.value.hint

    def test_connection_is_kept(self, engine: OpenAIEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        read_all(engine.stream(self.request(max_tokens=1)))
        monkeypatch.setattr("chimera_dagster.engines.openai_http.open_session", None)
        read_all(engine.stream(self.request(max_tokens=1)))
