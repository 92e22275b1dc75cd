"""A stub of Ollama's server for tests: real HTTP on loopback, answers shaped as Ollama 0.32's, times scaled down.

    with StubOllama() as stub:
        engine = OllamaEngine(stub.url)
        stub.answer_with(Answer([{"error": "..."}]))  # how the next generations end; answer_with(None) undoes it
        stub.answer_with(BUSY, times=2)               # the next two only
        stub.fixed["/api/ps"] = Answer(body="no JSON")  # what any path says, until it is removed from `fixed`

Without a scripted answer a generation behaves: it knows its models, bounds its output by num_predict, gives the same
text for the same seed, gives one of the choices of a `format`, and refuses or cuts a prompt that does not fit num_ctx.
A token is a word.
Recordings of a real server become answers in tests/replay.py. Faults are answers too:

    slow first token      Answer([*PIECES, FINAL], seconds_before=2)
    stall                 Answer(PIECES, stall_before=3); `stub.client_left` is set once the client has gone
    cut                   Answer(PIECES, cut_before=3), or in a character: Answer([*PIECES, HALF_A_LINE], cut_before=99)
    error line            Answer([*PIECES, {"error": "unexpected EOF"}])
    no final message      Answer(PIECES)
    busy                  BUSY
    no Ollama             Answer(body="<html></html>", content_type="text/html"), Answer(body={"choices": []})
    a line of 10 MB       Answer([{"response": "x" * 10_000_000, "done": False}, FINAL])
    lies                  Answer([*PIECES, FINAL | {"eval_count": -1}])
    boundaries            Answer([*PIECES, FINAL], piece_bytes=7), or 100_000 for many lines in one piece
    server dies           stub.kill()
    ignores truncate      StubOllama(refuses_long_prompts=False)

A bytes line is sent as it is, without an end of line; a dict is sent as the endpoint that was asked would (chat nests
its text in `message`). Stubs do not know of each other: two may run at once.
"""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.stub_server import Json, StubHandler, StubServer

Line = Json | str | bytes
GENERATIONS = ("/api/generate", "/api/chat")

VERSION = "0.32.15"
DIGESTS = {
    "smollm2:135m": "fd5f44c0b5aff6453726119fc560d73a8a995a55b4a49804bc24b1969ecf1794",
    "gemma3:270m": "ab073070d86e44d8330eec2c07b849cc6de0e8bcd60009808ace99d022ff50d1",
}
DETAILS = {"family": "llama", "format": "gguf", "parameter_size": "134.52M", "quantization_level": "Q4_1"}
TEMPLATE = "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
MODEL_INFO = {"general.architecture": "llama", "llama.block_count": 30, "llama.context_length": 8192}
_TEXT = "The measured rate — 42 tok/s, café, 日本語, 👍🏽 — stayed within its range while the context grew ."
WORDS = _TEXT.split()

PIECES: list[Json] = [{"response": f" {word}", "done": False} for word in WORDS]
FINAL: Json = {"response": "", "done": True, "done_reason": "stop"}
HALF_A_LINE = '{"response": "é'.encode()[:-1]


@dataclass(frozen=True)
class Answer:
    """What a request is answered: `lines` streamed, or `body` at once where it is given. Times in seconds."""

    lines: Sequence[Line] = ()
    status: int = 200
    body: Json | str | None = None
    content_type: str | None = None
    seconds_before: float = 0.0
    seconds_between: float = 0.001
    arrivals: Sequence[float] | None = None  # of each line after the request, in place of the two above
    stall_before: int | None = None  # send nothing more from this line on, until the client goes
    cut_before: int | None = None  # close the connection at this line, without the terminator of a chunked body
    piece_bytes: int | None = None  # bytes per chunk and write, wherever lines and characters end; None: a line each


BUSY = Answer(status=503, body={"error": "server busy, please try again.  maximum pending requests exceeded"})


class _Handler(StubHandler):
    stub: "StubOllama"

    def answer(self, body: Json | None) -> None:
        self.stub.requests.append((self.path, body or {}))
        self.stub.encodings.append(self.headers["Accept-Encoding"])
        if self.path not in GENERATIONS:
            return self._answer(body)
        with self.stub.slots:
            model = (body or {}).get("model", "")
            self.stub.kept_s[model] = _seconds((body or {}).get("keep_alive", "5m"))  # of the newest request
            self.stub.running[model] += 1
            try:
                self._answer(body)
            finally:
                self.stub.running[model] -= 1
        if not self.stub.running[model]:
            self.stub.expires[model] = datetime.now(UTC) + timedelta(seconds=self.stub.kept_s[model])
        return None

    def _answer(self, body: Json | None) -> None:
        received = time.perf_counter()
        answer = self.stub.answer(self.path, body or {})
        if answer.body is not None:
            time.sleep(answer.seconds_before)
            usual = "text/plain" if isinstance(answer.body, str) else "application/json; charset=utf-8"
            self.send(answer.status, answer.content_type or usual, answer.body)
        else:
            self._stream(answer, received)

    def _stream(self, answer: Answer, received: float) -> None:
        """Headers go out with the first line, as Ollama's do: a client waits for them while a model loads."""
        begun = False
        for at, content in self._writes(answer):
            wait = received + at - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            if not begun:
                self.begin_stream(answer.status, answer.content_type or "application/x-ndjson")
                begun = True
            self.send_chunk(content)
        if answer.stall_before is not None:
            self.wait_for_client_to_leave()
        elif answer.cut_before is not None:
            self.close_connection = True
        else:
            if not begun:
                self.begin_stream(answer.status, answer.content_type or "application/x-ndjson")
            self.send_chunk(b"")

    def _writes(self, answer: Answer) -> Iterator[tuple[float, bytes]]:
        """What goes out in one piece, and when, in seconds after the request."""
        ends = [end for end in (answer.stall_before, answer.cut_before) if end is not None]
        contents = [self._encoded(line) for line in answer.lines[: min(ends, default=None)]]
        if (size := answer.piece_bytes) is not None:
            whole = b"".join(contents)
            contents = [whole[start : start + size] for start in range(0, len(whole), size)]
        for index, content in enumerate(contents):
            if answer.arrivals is None:
                yield answer.seconds_before + index * answer.seconds_between, content
            else:
                yield answer.arrivals[index], content

    def _encoded(self, line: Line) -> bytes:
        if isinstance(line, bytes):
            return line
        if isinstance(line, dict):
            if self.path == "/api/chat" and "response" in line:
                known = {"role": "assistant", "content": line["response"]}
                thinking = {"thinking": line["thinking"]} if "thinking" in line else {}
                rest = {key: value for key, value in line.items() if key not in {"response", "thinking"}}
                line = {"message": known | thinking, **rest}
            line = json.dumps(line, ensure_ascii=False)
        return line.encode() + b"\n"


class StubOllama(StubServer):
    """The server; `requests` holds every request as (path, JSON)."""

    handler = _Handler

    def __init__(
        self,
        models: Sequence[str] = ("smollm2:135m", "gemma3:270m"),
        size_vram: int | None = 0,
        embedders: Sequence[str] = (),
        seconds_between: float = 0.001,
        refuses_long_prompts: bool = True,
        slots: int = 1_000,
        port: int = 0,
    ) -> None:
        super().__init__(port)
        self.models = [*models, *embedders]
        self.embedders = embedders
        self.size_vram = size_vram  # None leaves the field out
        self.seconds_between = seconds_between
        self.refuses_long_prompts = refuses_long_prompts
        self.slots = threading.Semaphore(slots)  # generations at once; further ones wait
        self.fixed: dict[str, Answer] = {}  # by path, in place of what it would say
        self.requests: list[tuple[str, Json]] = []
        self.encodings: list[str | None] = []  # that each request's client accepts
        self.loaded: dict[str, int] = {}  # num_ctx by model
        self.running: Counter[str] = Counter()  # generations by model
        self.kept_s: dict[str, float] = {}
        self.expires: dict[str, datetime] = {}  # once no generation runs
        self._scripted: Answer | None = None
        self._answers: Iterator[Answer] | None = None
        self._times: int | None = None
        self._after = 0
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()

    def kill(self) -> None:
        """End at once, in the midst of whatever it does, as a server that dies."""
        with self._changed:
            for connection in self._open:
                with suppress(OSError):  # the client was faster
                    connection.shutdown(socket.SHUT_RDWR)
        self.__exit__()

    def answer_with(self, answer: Answer | None, times: int | None = None, after: int = 0) -> None:
        """Answer the next `times` generations so (None: all of them), from the one after the next `after` on."""
        self._scripted, self._times, self._after, self._answers = answer, times, after, None

    def answer_from(self, answers: Iterator[Answer]) -> None:
        """Answer each generation after the next one, the warm-up, with the next of these."""
        self._answers, self._after = answers, 1

    def generations(self) -> list[Json]:
        """The bodies of the generations so far."""
        return [body for path, body in self.requests if path in GENERATIONS]

    def is_left(self, timeout: float = 5.0) -> bool:
        """Wait until no client is connected; False where one stays."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open, timeout)

    def connected(self, connection: socket.socket) -> None:
        with self._changed:
            super().connected(connection)
            self._open.add(connection)

    def disconnected(self, connection: socket.socket) -> None:
        with self._changed:
            self._open.discard(connection)
            self._changed.notify_all()

    def answer(self, path: str, body: Json) -> Answer:
        if path in self.fixed:
            return self.fixed[path]
        if path not in GENERATIONS:
            return self._look_up(path, body)
        if self._answers is not None and self._after <= 0:
            return next(self._answers)
        if self._scripted is None or self._times == 0 or self._after > 0:
            self._after -= 1
            return self._generate(path, body)
        if self._times is not None:
            self._times -= 1
        return self._scripted

    def _generate(self, path: str, body: Json) -> Answer:
        model, options = body["model"], body.get("options", {})
        if model not in self.models:
            return Answer(status=404, body={"error": f"model '{model}' not found"})
        if model in self.embedders:
            return Answer(status=400, body={"error": f'"{model}" does not support {path.rsplit("/", 1)[1]}'})
        texts = [message["content"] for message in body.get("messages", [])] or [
            body.get("system", ""),
            body.get("prompt", ""),
        ]
        if body.get("keep_alive") == 0 and not any(texts):
            self.loaded.pop(model, None)
            return Answer(body=FINAL | {"model": model, "done_reason": "unload"})
        window, sent = options.get("num_ctx", 4096), sum(len(text.split()) for text in texts)
        if sent > window and body.get("truncate") is False and self.refuses_long_prompts:
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
        seed, limit = options.get("seed", 0), options.get("num_predict", 128)
        choices = body.get("format", {}).get("enum")  # of structured output, as JSON text
        said = [json.dumps(choices[seed % len(choices)])] if choices else _text(seed, 40)
        reason = "length" if len(said) >= limit else "stop"
        said = said[:limit]
        timings = {
            "total_duration": 12_000_000 + (900_000_000 if reload else 0),
            "load_duration": 900_000_000 if reload else 1_000_000,
            "prompt_eval_count": sent if sent <= window else window // 2,
            "prompt_eval_duration": 4_000_000,
            "eval_count": len(said),
            "eval_duration": 6_000_000 + 1_000 * (seed % 5),  # no two rounds are alike
        }
        context = {"context": list(range(sent + len(said)))} if path == "/api/generate" else {}
        lines: list[Json] = [{"model": model, "response": piece, "done": False} for piece in said]
        final = FINAL | {"model": model, "done_reason": reason} | context | timings
        return Answer([*lines, final], seconds_between=self.seconds_between)

    def _look_up(self, path: str, body: Json) -> Answer:
        if path == "/api/show" and body["model"] in self.models:
            capability = "embedding" if body["model"] in self.embedders else "completion"
            shown = {"details": DETAILS, "model_info": MODEL_INFO, "template": TEMPLATE}
            return Answer(body=shown | {"capabilities": [capability]})
        if path == "/api/show":
            return Answer(status=404, body={"error": f"model '{body['model']}' not found"})
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
                    | ({"expires_at": self.expires[name].isoformat()} if name in self.expires else {})
                    for name, window in self.loaded.items()
                ]
            },
        }
        return Answer(body=known[path]) if path in known else Answer(status=404, body="404 page not found")


def _seconds(keep_alive: str | int) -> float:
    """`5m`, `623s` or a number of seconds."""
    text = str(keep_alive)
    return float(text.removesuffix("m")) * 60 if text.endswith("m") else float(text.removesuffix("s"))


def _text(seed: int, count: int) -> list[str]:
    return [f" {WORDS[(seed + index) % len(WORDS)]}" for index in range(count)]
