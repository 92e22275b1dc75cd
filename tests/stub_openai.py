"""A stub of an OpenAI-compatible server for tests: real HTTP on loopback, and every byte of a stream as it is scripted.

with StubOpenAI(owner="vllm") as stub:
    engine = OpenAIEngine(stub.url)
    stub.stream = [event(content="Hi"), event(finish="stop"), DONE]
"""

import json
import select
import socket
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Json = dict[str, Any]
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


class StubOpenAI:
    """`calls` holds the bodies of the generations, `headers` those of every request.

    `client_left` is set when a stalled generation is left.
    """

    def __init__(self, owner: str = "vllm", **entry: Any) -> None:
        self.fixed: dict[str, tuple[int, Json | str]] = {
            "/v1/models": (200, {"object": "list", "data": [{"id": MODEL, "owned_by": owner, **entry}]})
        }
        # What a generation sends, each piece for itself; an Event is waited for. Or a status and a body.
        self.stream: Sequence[bytes | str | threading.Event] = [event(content="Hi"), event("stop"), DONE]
        self.refusal: tuple[int, Json | str] | None = None
        self.content_type = "text/event-stream; charset=utf-8"
        self.calls: list[Json] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.client_left = threading.Event()
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"stub": self}))
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
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave are what is tested here; they are no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    stub: StubOpenAI

    def setup(self) -> None:
        self.stub.connections += 1
        super().setup()

    def log_message(self, format: str, *args: Any) -> None: ...

    def do_GET(self) -> None:
        self.stub.headers.append(dict(self.headers))
        self._send(*self.stub.fixed.get(self.path, (404, {"error": {"message": "Not Found", "code": 404}})))

    def do_POST(self) -> None:
        self.stub.headers.append(dict(self.headers))
        self.stub.calls.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if self.stub.refusal is not None:
            return self._send(*self.stub.refusal)
        self.send_response(200)
        self.send_header("Content-Type", self.stub.content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in self.stub.stream:
            if isinstance(piece, threading.Event):
                assert piece.wait(timeout=10)
            elif isinstance(piece, str):
                self.close_connection = True
                return self._wait_for_client_to_leave() if piece == STALL else None
            else:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")
        return None

    def _send(self, status: int, body: Json | str) -> None:
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _wait_for_client_to_leave(self) -> None:
        while not self.stub.closing.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.01)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                self.stub.client_left.set()
                return
