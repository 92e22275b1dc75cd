"""What llama.cpp's server does not do: other servers' words, streams that are cut or split, and refusals."""

import socket
import threading
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from chimera_dagster import errors
from chimera_dagster.engines.base import EngineStats, ModelInfo, Request
from chimera_dagster.engines.openai import OpenAIEngine
from chimera_dagster.spec.timeouts import Timeouts
from chimera_dagster.spec.trial import ParamSet
from tests.contract.engine_contract import read_all, text_of
from tests.stub_openai import CUT, DONE, MODEL, STALL, StubOpenAI, event, sse

KEY = "sk-not-to-be-seen"
USAGE = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
REQUEST = Request(MODEL, "Say hello.", max_tokens=9, seed=3)


@pytest.fixture
def stub() -> Generator[StubOpenAI]:
    with StubOpenAI() as server:
        yield server


@pytest.fixture
def engine(stub: StubOpenAI) -> Generator[OpenAIEngine]:
    engine = OpenAIEngine(stub.url, KEY)
    yield engine
    engine.close()


def call(engine: OpenAIEngine, **changes: Any) -> tuple[list[tuple[str, bool]], EngineStats]:
    chunks, stats = read_all(engine.stream(replace(REQUEST, **changes)))
    return [(chunk.text, chunk.thinking) for chunk in chunks], stats


def test_everything_unsaid_is_none(engine: OpenAIEngine) -> None:
    chunks, stats = call(engine)
    assert chunks == [("Hi", False)]
    assert stats == EngineStats(done_reason="stop")


def test_usage_without_timings(engine: OpenAIEngine, stub: StubOpenAI) -> None:
    usage = USAGE | {"prompt_tokens_details": {"cached_tokens": 8}}
    stub.stream = [event(content="Hi"), event("length"), sse({"choices": [], "usage": usage}), DONE]
    assert call(engine)[1] == EngineStats("length", prompt_tokens=12, prompt_cached_tokens=8, output_tokens=3)
    stub.stream[2:3] = [sse({"choices": [], "usage": USAGE | {"prompt_tokens_details": None}})]  # type: ignore[index]
    assert call(engine)[1] == EngineStats("length", prompt_tokens=12, output_tokens=3)


def test_timings_without_usage(engine: OpenAIEngine, stub: StubOpenAI) -> None:
    timings = {"cache_n": 5, "prompt_n": 7, "prompt_ms": 20.5, "predicted_n": 3, "predicted_ms": 30.5}
    stub.stream = [event(content="Hi"), sse({"choices": [{"finish_reason": "stop", "delta": {}}], "timings": timings})]
    assert call(engine)[1] == EngineStats(
        "stop",
        prompt_eval_ms=20.5,
        eval_ms=30.5,
        prompt_tokens=12,
        prompt_cached_tokens=5,
        output_tokens=3,
        eval_tokens=2,
    )


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thinking_is_marked(engine: OpenAIEngine, stub: StubOpenAI, field: str) -> None:
    first = event(role="assistant", content="", **{field: None})
    stub.stream = [first, event(**{field: "Hm"}), event(content="Hi", **{field: "."}), event("stop"), DONE]
    assert call(engine)[0] == [("Hm", True), (".", True), ("Hi", False)]


WHOLE = b"".join([event(content="a日本"), event(content="👍🏽"), event("stop"), DONE])


@pytest.mark.parametrize(
    "stream",
    [
        [WHOLE],
        [WHOLE[index : index + 1] for index in range(len(WHOLE))],
        [WHOLE.replace(b"\n", b"\r\n")],
        [WHOLE.replace(b"data: ", b"data:")],
        [b": ping\n\n" + WHOLE.replace(b"\n\n", b"\n\n: keep-alive\n\n")],
        [b"retry: 100\n\n", WHOLE.replace(b"data: ", b"id: 1\nevent: message\ndata: ")],
        [WHOLE.removesuffix(DONE)],
    ],
    ids=["one packet", "single bytes", "CRLF", "no space", "comments", "other fields", "no [DONE]"],
)
def test_stream_however_it_is_sent(engine: OpenAIEngine, stub: StubOpenAI, stream: list[bytes]) -> None:
    stub.stream = stream
    assert call(engine)[0] == [("a日本", False), ("👍🏽", False)]


def test_chunk_is_there_before_the_next_one_is_sent(engine: OpenAIEngine, stub: StubOpenAI) -> None:
    second, third = threading.Event(), threading.Event()
    stub.stream = [event(content="a") + event(content="b"), second, event(content="c"), third, event("stop"), DONE]
    stream = engine.stream(replace(REQUEST, timeouts=Timeouts(5, 5, 20)))
    assert [next(stream).text, next(stream).text] == ["a", "b"]
    second.set()
    assert next(stream).text == "c"
    third.set()
    assert read_all(stream)[0] == []


def test_last_word_on_the_end_is_the_one_that_was_said(engine: OpenAIEngine, stub: StubOpenAI) -> None:
    stub.stream = [event(content="Hi"), event("length"), event(content=""), DONE]
    assert call(engine)[1].done_reason == "length"


def test_model_may_take_longer_than_any_question(
    engine: OpenAIEngine, stub: StubOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chimera_dagster.engines.openai_http.TIMEOUT", httpx.Timeout(5.0, read=0.1))
    loaded = threading.Event()
    stub.stream = [loaded, event(content="Hi"), event("stop"), DONE]
    threading.Timer(0.3, loaded.set).start()
    assert call(engine)[0] == [("Hi", False)]


@pytest.mark.parametrize("stream", [[STALL], [event(content="Hi"), STALL]], ids=["first token", "next token"])
def test_timeout_ends_the_connection(engine: OpenAIEngine, stub: StubOpenAI, stream: list[Any]) -> None:
    stub.stream = stream
    with pytest.raises(errors.EngineTimeoutError):
        call(engine, timeouts=Timeouts(first_token_s=0.2, between_tokens_s=0.2))
    assert stub.client_left.wait(timeout=5), "the server still generates for a client that gave up"


def test_closing_the_stream_ends_the_connection(engine: OpenAIEngine, stub: StubOpenAI) -> None:
    stub.stream = [event(content="Hi"), STALL]
    stream = engine.stream(REQUEST)
    next(stream)
    stream.close()
    assert stub.client_left.wait(timeout=5)


def test_connection_is_kept_between_calls(engine: OpenAIEngine, stub: StubOpenAI) -> None:
    for _ in range(3):
        call(engine)
    assert stub.connections == 1


def test_no_question_comes_before_a_call_of_a_known_model(engine: OpenAIEngine, stub: StubOpenAI) -> None:
    engine.describe(MODEL)
    stub.fixed.clear()
    chunks, stats = call(engine)
    assert chunks == [("Hi", False)]
    assert stats.effective_num_ctx is None  # the call stands where its window can't be asked for


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        ([event(content="Hi"), DONE], "ended without a finish_reason"),
        ([], "ended without a finish_reason"),
        ([event(content="Hi"), CUT], "was interrupted"),
        ([event(content="Hi"), event("stop"), CUT], "was interrupted"),
        ([event(content="Hi"), sse("{half an ev")], "unreadable event"),
        ([event(content="Hi"), sse("[1]")], "unreadable event"),
        ([event(content="Hi"), sse({"choices": [7]})], "unreadable event"),
        ([event(content="Hi"), sse({"error": {"message": "EngineCore died", "code": 500}})], "EngineCore died"),
        ([event(content="Hi"), sse({"object": "error", "message": "EngineCore died"})], "EngineCore died"),
        ([event(content="Hi"), b"event: error\n" + sse({"error": {"message": "Model unloaded."}})], "Model unloaded"),
        ([event(content="Hi"), b"event: error\n" + sse("gone")], "gone"),
    ],
)
def test_broken_stream(engine: OpenAIEngine, stub: StubOpenAI, stream: list[Any], words: str) -> None:
    whole = stub.stream
    stub.stream = stream
    with pytest.raises(errors.StreamBrokenError, match=words):
        call(engine)
    stub.stream = whole
    assert call(engine)[0] == [("Hi", False)]


TOO_LONG = "This model's maximum context length is 512 tokens. However, you requested 600 tokens"


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, {"error": {"message": TOO_LONG, "type": "BadRequestError"}}, errors.ContextTooSmallError, TOO_LONG),
        (400, {"object": "error", "message": TOO_LONG, "code": 400}, errors.ContextTooSmallError, TOO_LONG),
        (400, {"error": {"message": "bad top_p", "code": 400}}, errors.RequestRefusedError, r"\(HTTP 400\): bad top_p"),
        (422, {"detail": "no such field"}, errors.RequestRefusedError, r"\(HTTP 422\): no such field"),
        (500, {"error": {"message": "out of memory"}}, errors.RequestRefusedError, r"\(HTTP 500\): out of memory"),
        (401, {"error": {"message": "Unauthorized"}}, errors.RequestRefusedError, "OPENAI_API_KEY"),
        (403, "<html>forbidden</html>", errors.RequestRefusedError, "OPENAI_API_KEY"),
        (503, {"error": {"message": "Loading model", "code": 503}}, errors.EngineBusyError, "Loading model"),
        (429, {"error": "slow down"}, errors.EngineBusyError, "slow down"),
        (404, {"detail": "Not Found"}, errors.WrongServerError, "is not an OpenAI-compatible server"),
        (404, "<html>model</html>", errors.WrongServerError, "is not an OpenAI-compatible server"),
        (502, "<html>Bad Gateway</html>", errors.WrongServerError, "is not an OpenAI-compatible server"),
        (307, "", errors.WrongServerError, "is not an OpenAI-compatible server"),
        (200, "<html>Welcome</html>", errors.WrongServerError, "is not an OpenAI-compatible server"),
        (200, {"object": "chat.completion"}, errors.WrongServerError, "is not an OpenAI-compatible server"),
        (200, {"error": "No models loaded"}, errors.RequestRefusedError, "No models loaded"),
    ],
)
def test_refusal(engine: OpenAIEngine, stub: StubOpenAI, status: int, body: Any, kind: type, words: str) -> None:
    stub.refusal = (status, body)
    with pytest.raises(errors.EngineError, match=words) as refused:
        call(engine)
    assert type(refused.value) is kind


def test_model_that_is_gone_by_the_time_of_the_call(engine: OpenAIEngine, stub: StubOpenAI) -> None:
    engine.models()
    stub.refusal = (404, {"error": {"message": f"The model `{MODEL}` does not exist.", "code": 404}})
    stub.fixed["/v1/models"] = (200, {"data": [{"id": "another", "owned_by": "vllm"}]})
    with pytest.raises(errors.ModelNotFoundError, match=f"has no model '{MODEL}'") as missing:
        call(engine)
    assert "It has another." in missing.value.hint


@pytest.mark.parametrize(
    "error",
    [
        {"message": "request (9 tokens) exceeds the available context size (8 tokens)", "code": 400},
        {"message": "too long", "type": "exceed_context_size_error", "n_ctx": 8},
        {"message": "too long", "code": "context_length_exceeded"},
    ],
)
def test_window_that_is_too_small_inside_a_stream(engine: OpenAIEngine, stub: StubOpenAI, error: Any) -> None:
    stub.stream = [event(role="assistant", content=""), sse({"error": error})]
    with pytest.raises(errors.ContextTooSmallError, match="the context window: ") as refused:
        call(engine)
    assert "--max-model-len" in refused.value.hint


@pytest.mark.parametrize(
    "answer",
    [
        (200, "<html>"),
        (200, {"error": "Unexpected endpoint or method. (GET /models)"}),
        (200, {"data": [{}]}),
        (200, {"data": 3}),
        (200, [1]),
        (404, "404 page not found"),
        (301, ""),
    ],
)
def test_another_server_listens(engine: OpenAIEngine, stub: StubOpenAI, answer: Any) -> None:
    stub.fixed["/v1/models"] = answer
    for ask in (engine.models, engine.version, lambda: engine.describe(MODEL), lambda: call(engine)):
        with pytest.raises(errors.EngineUnreachableError, match="is not an OpenAI-compatible server") as refused:
            ask()
        assert "/v1" in refused.value.hint


def test_loading_server_is_busy(engine: OpenAIEngine, stub: StubOpenAI) -> None:
    stub.fixed["/v1/models"] = (503, {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}})
    with pytest.raises(errors.EngineBusyError, match="Loading model"):
        engine.models()


def test_key_is_sent_and_never_shown(engine: OpenAIEngine, stub: StubOpenAI) -> None:
    call(engine)
    assert {headers["Authorization"] for headers in stub.headers} == {f"Bearer {KEY}"}
    assert {headers["Accept-Encoding"] for headers in stub.headers} == {"identity"}  # a compressor holds tokens back
    for shown in (f"Incorrect API key provided: {KEY}", "x" * 490 + KEY):
        stub.refusal = (401, {"error": {"message": shown}})
        with pytest.raises(errors.RequestRefusedError) as refused:
            call(engine)
        assert KEY[:8] not in str(refused.value)
    assert KEY not in repr(engine) + repr(vars(engine))


def test_no_key_no_header(stub: StubOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", stub.url + "/")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    engine = OpenAIEngine()
    assert engine.models() == [MODEL]
    assert engine.url == stub.url
    assert "Authorization" not in stub.headers[0]


ALL = ParamSet(num_gpu=80, num_ctx=2048, temperature=0.0, top_p=0.9, top_k=40, repeat_penalty=1.1)
STANDARD = {"temperature": 0.0, "top_p": 0.9}
OURS = {
    "model": MODEL,
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello."}],
    "max_tokens": 9,
    "seed": 3,
    "stream": True,
    "stream_options": {"include_usage": True},
}


@pytest.mark.parametrize(
    ("owner", "sampling"),
    [
        ("llamacpp", {"top_k": 40, "repeat_penalty": 1.1, "cache_prompt": False}),
        ("vllm", {"top_k": 40, "repetition_penalty": 1.1}),
        ("sglang", {"top_k": 40, "repetition_penalty": 1.1}),
    ],
)
def test_sends_what_was_asked_for(owner: str, sampling: dict[str, Any]) -> None:
    with StubOpenAI(owner) as stub:
        call(OpenAIEngine(stub.url), params=ALL, system="Be brief.")
    assert stub.calls == [OURS | STANDARD | sampling]


@pytest.mark.parametrize(("owner", "sent"), [("llamacpp", 0), ("vllm", -1), ("sglang", -1)])
def test_top_k_of_all_tokens(owner: str, sent: int) -> None:
    with StubOpenAI(owner) as stub:
        call(OpenAIEngine(stub.url), params=ParamSet(top_k=0))
    assert stub.calls[0]["top_k"] == sent


@pytest.mark.parametrize("params", [ParamSet(top_k=40), ParamSet(repeat_penalty=1.1)])
def test_parameter_that_an_unknown_server_may_ignore_is_refused(params: ParamSet) -> None:
    with StubOpenAI("somebody") as stub:
        engine = OpenAIEngine(stub.url)
        with pytest.raises(errors.RequestRefusedError, match=next(iter(params.options()))):
            call(engine, params=params)
        assert stub.calls == []
        call(engine, params=ParamSet(num_gpu=1, num_ctx=512, temperature=0.5, top_p=0.5))
    assert stub.calls[0].items() >= {"temperature": 0.5, "top_p": 0.5}.items()
    assert engine.name == "openai"


def test_vllm_says_its_window_and_version(engine: OpenAIEngine, stub: StubOpenAI) -> None:
    stub.fixed["/version"] = (200, {"version": "0.9.1"})
    stub.fixed["/v1/models"][1]["data"][0]["max_model_len"] = 4096  # type: ignore[index]
    assert engine.version() == "vllm 0.9.1"
    assert call(engine, params=ParamSet(num_ctx=8192))[1].effective_num_ctx == 4096
    assert engine.describe(MODEL) == ModelInfo(MODEL)


@pytest.mark.parametrize("path", ["/server_info", "/get_server_info"])
def test_sglang_says_its_version(path: str) -> None:
    with StubOpenAI("sglang") as stub:
        stub.fixed[path] = (200, {"version": "0.5.2", "api_key": KEY})
        assert OpenAIEngine(stub.url).version() == "sglang 0.5.2"


def test_lm_studio_is_known_by_its_own_list() -> None:
    own = {"id": MODEL, "arch": "qwen3", "quantization": "Q4_K_M", "max_context_length": 32768}
    with StubOpenAI("organization_owner") as stub:
        stub.fixed["/api/v0/models"] = (200, {"data": [own | {"loaded_context_length": 4096}]})
        engine = OpenAIEngine(stub.url)
        assert engine.version() == "lmstudio unknown"
        told = ModelInfo(MODEL, family="qwen3", quantization="Q4_K_M", trained_context=32768)
        assert engine.describe(MODEL) == told
        assert call(engine, params=ParamSet(top_k=4, repeat_penalty=1.2))[1].effective_num_ctx == 4096
    assert stub.calls[0].items() >= {"top_k": 4, "repeat_penalty": 1.2}.items()


@pytest.mark.parametrize("answer", [None, (200, {"error": "Unexpected endpoint"}), (200, "<html>"), (200, [1])])
def test_unknown_server(answer: Any) -> None:
    with StubOpenAI("somebody") as stub:
        if answer is not None:
            stub.fixed["/api/v0/models"] = answer
        engine = OpenAIEngine(stub.url)
        assert engine.version() == "openai-compatible unknown"
        assert engine.describe(MODEL) == ModelInfo(MODEL)


def test_older_llama_cpp_says_its_window_elsewhere() -> None:
    with StubOpenAI("llamacpp", meta={"n_ctx_train": 8192, "n_params": 7_241_732_096}) as stub:
        settings = {"n_ctx": 512, "params": {"temperature": 0.8, "top_k": 40, "seed": 1}}
        props = {"default_generation_settings": settings, "chat_template": "", "build_info": "b4400-8f9a1a"}
        stub.fixed["/props"] = (200, props)
        engine = OpenAIEngine(stub.url)
        assert engine.version() == "llama.cpp b4400-8f9a1a"
        assert engine.describe(MODEL) == ModelInfo(
            MODEL,
            parameter_size="7.2B",
            trained_context=8192,
            chat=False,
            default_options="temperature 0.8, top_k 40",
        )
        assert call(engine)[1].effective_num_ctx == 512


def test_router_of_several_models_answers_for_none_of_them() -> None:
    with StubOpenAI("llamacpp") as stub:
        models = [
            {"id": tag, "owned_by": "llamacpp", "meta": meta} for tag, meta in (("a", {"n_ctx": 512}), ("b", None))
        ]
        stub.fixed["/v1/models"] = (200, {"data": models})
        stub.fixed["/props"] = (200, {"default_generation_settings": {"n_ctx": 99}, "build_info": "b7000-abc"})
        engine = OpenAIEngine(stub.url)
        assert [call(engine, model=tag)[1].effective_num_ctx for tag in ("a", "b")] == [512, None]
        assert engine.version() == "llama.cpp b7000-abc"


def test_alias_is_a_name_of_its_model() -> None:
    with StubOpenAI("llamacpp", aliases=["tiny", "small"]) as stub:
        engine = OpenAIEngine(stub.url)
        assert engine.describe("small").tag == "small"
        call(engine, model="small")
        assert engine.models() == [MODEL]
    assert stub.calls[0]["model"] == "small"


def test_server_without_a_model(engine: OpenAIEngine, stub: StubOpenAI) -> None:
    stub.fixed["/v1/models"] = (200, {"data": []})
    assert engine.models() == []
    with pytest.raises(errors.ModelNotFoundError) as missing:
        engine.describe(MODEL)
    assert "It has no model" in missing.value.hint


def test_model_that_the_server_has_by_now(engine: OpenAIEngine, stub: StubOpenAI) -> None:
    engine.models()
    stub.fixed["/v1/models"] = (200, {"data": [{"id": "new", "owned_by": "vllm"}]})
    assert call(engine, model="new")[0] == [("Hi", False)]


def test_server_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chimera_dagster.engines.openai_http.TIMEOUT", httpx.Timeout(0.05))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine = OpenAIEngine(f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        with pytest.raises(errors.EngineUnreachableError, match="no answer in time"):
            engine.models()


def test_text_is_that_of_the_answer(engine: OpenAIEngine, stub: StubOpenAI) -> None:
    stub.stream = [event(reasoning="Hm"), event(content="Hel"), event(content="lo"), event("stop"), DONE]
    assert text_of(read_all(engine.stream(REQUEST))[0]) == "Hello"
