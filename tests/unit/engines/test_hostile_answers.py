"""Answers of a server that no server gives: nested without end, of any length, with sizes that can't be.

Each is an error of an engine, with a short message; no other call notices.
"""

import json
import threading
import tracemalloc
from collections.abc import Generator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from chimera_dagster.engines import http
from chimera_dagster.engines.base import Request
from chimera_dagster.engines.http import server_message
from chimera_dagster.engines.model_sources import ollama_store
from chimera_dagster.engines.ollama import OllamaEngine
from chimera_dagster.engines.openai import OpenAIEngine
from chimera_dagster.errors import EngineError, StreamBrokenError
from tests.contract.engine_contract import read_all
from tests.stub_ollama import FINAL, PIECES, Answer, StubOllama
from tests.stub_openai import DONE, MODEL, StubOpenAI, event, sse

DEEP = "[" * 200_000
DEEP_OBJECT = '{"error":' * 200_000
OLLAMA, OPENAI = Request("smollm2:135m", "Say hello.", max_tokens=8), Request(MODEL, "Say hello.", max_tokens=8)


@pytest.fixture
def ollama() -> Generator[StubOllama]:
    with StubOllama() as stub:
        yield stub


@pytest.fixture
def openai() -> Generator[StubOpenAI]:
    with StubOpenAI() as stub:
        yield stub


def refused(stream: Any) -> str:
    with pytest.raises(EngineError) as error:
        read_all(stream)
    assert len(error.value.message) < 700
    return error.value.message


@pytest.mark.parametrize("body", [DEEP, DEEP_OBJECT, f'{{"models": {DEEP}', f'{{"version": {DEEP}'])
def test_what_ollama_says_of_itself_may_be_nested_to_any_depth(ollama: StubOllama, body: str) -> None:
    for path in ("/api/tags", "/api/version", "/api/show", "/api/ps"):
        ollama.fixed[path] = Answer(body=body, content_type="application/json")
    engine = OllamaEngine(ollama.url)
    for ask in (engine.models, engine.version, lambda: engine.describe("smollm2:135m")):
        with pytest.raises(EngineError, match="is not an Ollama server"):
            ask()
    ollama.fixed.clear()
    assert engine.models() == ["gemma3:270m", "smollm2:135m"]


@pytest.mark.parametrize("line", [f'{{"response": {DEEP}', DEEP_OBJECT, f'{{"done": true, "context": {DEEP}'])
def test_a_line_of_ollama_s_stream_too(ollama: StubOllama, line: str) -> None:
    ollama.answer_with(Answer([*PIECES, line]))
    assert "unreadable line" in refused(OllamaEngine(ollama.url).stream(OLLAMA))


@pytest.mark.parametrize("body", [DEEP, DEEP_OBJECT, json.dumps({"error": DEEP})])
def test_and_the_body_of_an_error(ollama: StubOllama, openai: StubOpenAI, body: str) -> None:
    ollama.answer_with(Answer(status=500, body=body))
    assert refused(OllamaEngine(ollama.url).stream(OLLAMA)).startswith("Ollama refused the request (HTTP 500): ")
    openai.refusal = (500, json.loads(body) if body.endswith("}") else {"error": body})
    assert "refused the request (HTTP 500): " in refused(OpenAIEngine(openai.url, "").stream(OPENAI))


@pytest.mark.parametrize("data", [DEEP, DEEP_OBJECT, f'{{"choices": {DEEP}', f'{{"error": {DEEP}'])
def test_and_an_event_of_another_server(openai: StubOpenAI, data: str) -> None:
    openai.stream = [event(content="Hi"), sse(data), DONE]
    assert "unreadable event" in refused(OpenAIEngine(openai.url, "").stream(OPENAI))


def test_messages_in_messages_end() -> None:
    inner: object = "the end"
    for _ in range(40):
        inner = {"error": inner}
    assert len(server_message(inner)) <= http.MAX_MESSAGE
    assert server_message(json.dumps({"error": {"message": '"busy."'}})) == "busy"
    deep: Any = []
    for _ in range(20_000):
        deep = [deep]
    assert server_message({"error": deep}) == "a message that is nested too deeply"
    while deep:  # Python frees it by recursion
        deep = deep.pop()


class Endless(BaseHTTPRequestHandler):
    """Sends a body that does not end; `kind` says how."""

    kind = b"x"
    headers_of: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        for name, value in self.headers_of.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            while True:
                self.wfile.write(self.kind * 2**16)
        except OSError:
            self.close_connection = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def endless() -> Iterator[tuple[str, type[Endless]]]:
    handler = type("Handler", (Endless,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()
    server.server_close()


def test_an_answer_without_end_does_not_fill_the_memory(
    endless: tuple[str, type[Endless]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_LONGEST_ANSWER", 2**21)
    url, _ = endless
    tracemalloc.start()
    with pytest.raises(EngineError):
        OllamaEngine(url).models()
    with pytest.raises(EngineError):
        OpenAIEngine(f"{url}/v1", "").models()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**25


def test_events_without_end_do_not_either(
    endless: tuple[str, type[Endless]], openai: StubOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_LONGEST_ANSWER", 2**21)
    openai.stream = [b"data: ", *(b"x" * 2**16 for _ in range(40)), b"\n\n"]
    message = refused(OpenAIEngine(openai.url, "").stream(OPENAI))
    assert "unreadable event: it is longer than 2 MiB" in message


def test_a_compressed_answer_is_refused(endless: tuple[str, type[Endless]]) -> None:
    """A few kilobytes may be gigabytes, and its tokens come late."""
    url, handler = endless
    handler.headers_of = {"Content-Encoding": "gzip"}
    with pytest.raises(EngineError):
        OllamaEngine(url).models()
    with pytest.raises(StreamBrokenError, match=r"it is compressed \(gzip\)"):
        read_all(OllamaEngine(url).stream(OLLAMA))


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"usage": {"completion_tokens": -1}}, "its completion_tokens is -1"),
        ({"usage": {"prompt_tokens": 2**63}}, "its prompt_tokens is 9223372036854775808"),
        ({"timings": {"prompt_ms": -0.5}}, "its prompt_ms is -0.5"),
        ({"timings": {"predicted_ms": float("inf")}}, "its predicted_ms is inf"),
        ({"timings": {"predicted_ms": float("nan")}}, "its predicted_ms is nan"),
        ({"timings": {"predicted_n": 10**4_000}}, f"its predicted_n is 1{'0' * 39}."),
    ],
)
def test_a_number_that_can_t_be_is_named(openai: StubOpenAI, part: dict[str, Any], said: str) -> None:
    openai.stream = [event(content="Hi"), event("stop"), sse({"choices": [], **part}), DONE]
    message = refused(OpenAIEngine(openai.url, "").stream(OPENAI))
    assert message == f"The server's final message is invalid: {said.rstrip('.')}."


@pytest.mark.parametrize("size", [2**63, -1, 10**40])
def test_a_description_is_without_sizes_that_can_t_be(ollama: StubOllama, size: int) -> None:
    shown = {"model_info": {"general.architecture": "llama", "llama.context_length": size, "llama.block_count": 30}}
    ollama.fixed["/api/show"] = Answer(body={"details": {}, "capabilities": ["completion"], **shown})
    info = OllamaEngine(ollama.url).describe("smollm2:135m")
    assert (info.trained_context, info.layers) == (None, 30)


def test_a_number_that_fits_stays(ollama: StubOllama) -> None:
    ollama.answer_with(Answer([*PIECES, FINAL | {"eval_count": len(PIECES)}]))
    assert read_all(OllamaEngine(ollama.url).stream(OLLAMA))[1].output_tokens == len(PIECES)


@pytest.mark.parametrize("manifest", [DEEP, DEEP_OBJECT, f'{{"layers": {DEEP}', " " * 2**21 + "{}"])
def test_a_manifest_of_a_store_may_be_anything(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, manifest: str) -> None:
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path))
    path = tmp_path / "manifests" / "registry.ollama.ai" / "library" / "bad" / "latest"
    path.parent.mkdir(parents=True)
    path.write_text(manifest)
    assert ollama_store.stored_models() == []
