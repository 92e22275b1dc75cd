"""What the stubs of model servers share: real HTTP on loopback, and clients that leave."""

import json
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self

Json = dict[str, Any]


class StubServer:
    """A server on a port until its block ends; `client_left` is set when a stalled answer is left."""

    handler: ClassVar[type["StubHandler"]]

    def __init__(self, port: int = 0) -> None:
        self.connections = 0
        self.client_left = threading.Event()
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), type("Handler", (self.handler,), {"stub": self}))
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

    def connected(self, connection: socket.socket) -> None:
        self.connections += 1

    def disconnected(self, connection: socket.socket) -> None: ...


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave are what is tested here; they are no news."""


class StubHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    stub: Any  # each handler's own StubServer

    def setup(self) -> None:
        super().setup()
        self.stub.connected(self.connection)

    def finish(self) -> None:
        self.stub.disconnected(self.connection)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None: ...

    def do_GET(self) -> None:
        self.answer(None)

    def do_POST(self) -> None:
        self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def answer(self, body: Json | None) -> None:
        """Answer a request for `self.path`; `body` is what was posted, None where nothing was."""
        raise NotImplementedError

    def send(self, status: int, content_type: str, body: Json | str) -> None:
        """A whole answer; a dict is sent as JSON."""
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def begin_stream(self, status: int, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send_chunk(self, content: bytes) -> None:
        """A chunk of a stream; an empty one ends it."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))

    def wait_for_client_to_leave(self) -> None:
        self.close_connection = True
        while not self.stub.closing.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.01)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                self.stub.client_left.set()
                return
