"""A stub of an OpenAI-compatible server for tests: real HTTP on loopback, and every byte of a stream as it is scripted.

with StubOpenAI(owner="vllm") as stub:
    engine = OpenAIEngine(stub.url)
    stub.stream = [event(content="Hi"), event(finish="stop"), DONE]
"""

import json
import threading
from collections.abc import Sequence
from typing import Any

from tests.stub_server import Json, StubHandler, StubServer

MODEL = "Qwen/Qwen3-0.6B"
DONE = b"data: [DONE]\n\n"
CUT = "cut"  # in a stream: the connection ends here, without the terminator of a chunked body
STALL = "stall"  # in a stream: nothing more is sent, until the client goes


def event(finish: str | None = None, **delta: Any) -> bytes:
    """One chunk of a chat completion."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return sse({"object": "chat.completion.chunk", "model": MODEL, "choices": [choice], "usage": None})


def sse(data: Json | str) -> bytes:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return f"data: {text}\n\n".encode()


class _Handler(StubHandler):
    stub: "StubOpenAI"

    def answer(self, body: Json | None) -> None:
        self.stub.headers.append(dict(self.headers))
        if body is None:
            return self._send(*self.stub.fixed.get(self.path, (404, {"error": {"message": "Not Found", "code": 404}})))
        self.stub.calls.append(body)
        if self.stub.refusal is not None:
            return self._send(*self.stub.refusal)
        self.begin_stream(200, self.stub.content_type)
        for piece in self.stub.stream:
            if isinstance(piece, threading.Event):
                assert piece.wait(timeout=10)
            elif isinstance(piece, str):
                self.close_connection = True
                return self.wait_for_client_to_leave() if piece == STALL else None
            else:
                self.send_chunk(piece)
        return self.send_chunk(b"")

    def _send(self, status: int, body: Json | str) -> None:
        self.send(status, "text/html" if isinstance(body, str) else "application/json", body)


class StubOpenAI(StubServer):
    """`calls` holds the bodies of the generations, `headers` those of every request."""

    handler = _Handler

    def __init__(self, owner: str = "vllm", **entry: Any) -> None:
        super().__init__()
        self.fixed: dict[str, tuple[int, Json | str]] = {
            "/v1/models": (200, {"object": "list", "data": [{"id": MODEL, "owned_by": owner, **entry}]})
        }
        # What a generation sends, each piece for itself; an Event is waited for. Or a status and a body.
        self.stream: Sequence[bytes | str | threading.Event] = [event(content="Hi"), event("stop"), DONE]
        self.refusal: tuple[int, Json | str] | None = None
        self.content_type = "text/event-stream; charset=utf-8"
        self.calls: list[Json] = []
        self.headers: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"{super().url}/v1"
