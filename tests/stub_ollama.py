"""A stub of Ollama's server for tests: real HTTP on loopback, answers shaped as Ollama 0.32's, times scaled down.

    with StubOllama() as stub:
        engine = OllamaEngine(stub.url)
        stub.answer_with(Answer(lines=[{"error": "..."}]))  # how the next generations end; answer_with(None) undoes it

Without a scripted answer a generation behaves: it knows its models, bounds its output by num_predict, gives the same
text for the same seed, and refuses or cuts a prompt that does not fit num_ctx. A token is a word.
"""

import json
import select
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Json = dict[str, Any]

VERSION = "0.32.15"
DIGESTS = {
    "smollm2:135m": "fd5f44c0b5aff6453726119fc560d73a8a995a55b4a49804bc24b1969ecf1794",
    "gemma3:270m": "ab073070d86e44d8330eec2c07b849cc6de0e8bcd60009808ace99d022ff50d1",
}
DETAILS = {"family": "llama", "format": "gguf", "parameter_size": "134.52M", "quantization_level": "Q4_1"}
MODEL_INFO = {"general.architecture": "llama", "llama.block_count": 30, "llama.context_length": 8192}
WORDS = [
    "The",
    "measured",
    "rate",
    "—",
    "42",
    "tok/s,",
    "café,",
    "日本語,",
    "👍🏽",
    "—",
    "stayed",
    "within",
    "its",
    "range",
    "while",
    "the",
    "context",
    "grew",
    ".",
]


@dataclass(frozen=True)
class Answer:
    """What a generation answers. Status 200 streams `lines`; any other sends `body` at once."""

    lines: Sequence[Json | str] = ()  # a str is sent as it is
    status: int = 200
    body: Json | str = ""
    seconds_between: float = 0.001
    stall_before: int | None = None  # send nothing more from this line on, until the client goes
    cut_before: int | None = None  # close the connection at this line, without the terminator of a chunked body


class StubOllama:
    """The server; `requests` holds every request as (path, JSON), `client_left` is set when a stalled one is left."""

    def __init__(self, models: Sequence[str] = ("smollm2:135m", "gemma3:270m"), size_vram: int | None = 0) -> None:
        self.models = list(models)
        self.size_vram = size_vram  # None leaves the field out
        self.fixed: dict[str, tuple[int, Json | str]] = {}  # status and body by path, in place of what it would say
        self.requests: list[tuple[str, Json]] = []
        self.connections = 0
        self.client_left = threading.Event()
        self.closing = threading.Event()
        self.loaded: dict[str, int] = {}  # num_ctx by model
        self.scripted: Answer | None = None
        handler = type("Handler", (_Handler,), {"stub": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer_with(self, answer: Answer | None) -> None:
        self.scripted = answer

    def generations(self) -> list[Json]:
        """The bodies of the generations so far."""
        return [body for path, body in self.requests if path == "/api/generate"]

    def generate(self, body: Json) -> Answer:
        if self.scripted is not None:
            return self.scripted
        model, options = body["model"], body.get("options", {})
        if model not in self.models:
            return Answer(status=404, body={"error": f"model '{model}' not found"})
        window, sent = options.get("num_ctx", 4096), len(body["prompt"].split()) + len(body.get("system", "").split())
        if sent > window and body.get("truncate") is False:
            inner = {
                "code": 400,
                "type": "exceed_context_size_error",
                "n_prompt_tokens": sent,
                "n_ctx": window,
                "message": f"request ({sent} tokens) exceeds the available context size ({window} tokens), try "
                "increasing it",
            }
            return Answer(status=400, body={"error": json.dumps({"error": inner})})
        reload = self.loaded.get(model) != window
        self.loaded[model] = window
        words = min(options.get("num_predict", 128), 40)
        lines: list[Json] = [
            {"model": model, "response": f" {word}", "done": False} for word in _text(options.get("seed", 0), words)
        ]
        timings = {
            "total_duration": 12_000_000 + (900_000_000 if reload else 0),
            "load_duration": 900_000_000 if reload else 1_000_000,
            "prompt_eval_count": sent if sent <= window else window // 2,
            "prompt_eval_duration": 4_000_000,
            "eval_count": words,
            "eval_duration": 6_000_000,
        }
        reason = "length" if words == options.get("num_predict") else "stop"
        return Answer([*lines, {"model": model, "response": "", "done": True, "done_reason": reason, **timings}])

    def look_up(self, path: str, body: Json) -> tuple[int, Json | str]:
        if path in self.fixed:
            return self.fixed[path]
        if path == "/api/show" and body["model"] in self.models:
            return 200, {"details": DETAILS, "model_info": MODEL_INFO, "template": "{{ .Prompt }}"}
        if path == "/api/show":
            return 404, {"error": f"model '{body['model']}' not found"}
        entry = {"details": DETAILS, "modified_at": "2026-11-23T08:14:53.313160065Z", "size": 98_362_745}
        vram = {} if self.size_vram is None else {"size_vram": self.size_vram}
        known: dict[str, Json] = {
            "/api/version": {"version": VERSION},
            "/api/tags": {
                "models": [
                    {"name": name, "model": name, "digest": DIGESTS.get(name, "0" * 64), **entry}
                    for name in self.models
                ]
            },
            "/api/ps": {
                "models": [
                    {"name": name, "model": name, "size": 160_000_000, "context_length": window, **vram}
                    for name, window in self.loaded.items()
                ]
            },
        }
        return (200, known[path]) if path in known else (404, "404 page not found")


def _text(seed: int, count: int) -> Iterator[str]:
    return (WORDS[(seed + index) % len(WORDS)] for index in range(count))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave are what is tested here; they are no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    stub: StubOllama

    def setup(self) -> None:
        self.stub.connections += 1
        super().setup()

    def do_GET(self) -> None:
        self._handle({})

    def do_POST(self) -> None:
        self._handle(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def log_message(self, format: str, *args: Any) -> None: ...

    def _handle(self, body: Json) -> None:
        self.stub.requests.append((self.path, body))
        if self.path != "/api/generate":
            return self._send(*self.stub.look_up(self.path, body))
        answer = self.stub.generate(body)
        return self._stream(answer) if answer.status == 200 else self._send(answer.status, answer.body)

    def _send(self, status: int, body: Json | str) -> None:
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, answer: Answer) -> None:
        """Headers go out with the first line, as Ollama's do: a client waits for them while a model loads."""
        for index, line in enumerate(answer.lines):
            if index == answer.stall_before:
                self._wait_for_client_to_leave()
                return
            if index == answer.cut_before:
                break
            if index == 0:
                self._begin_stream()
            else:
                time.sleep(answer.seconds_between)
            content = (line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
        if answer.cut_before is not None:
            self.close_connection = True
            return
        if not answer.lines:
            self._begin_stream()
        self.wfile.write(b"0\r\n\r\n")

    def _begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _wait_for_client_to_leave(self) -> None:
        self.close_connection = True
        while not self.stub.closing.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.01)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                self.stub.client_left.set()
                return
