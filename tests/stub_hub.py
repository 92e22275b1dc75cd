"""A stub of the publisher's hub for tests: one file, sent whole, from an offset, in pieces that break off, or wrong."""

import re
from typing import Any

from tests.stub_server import Json, StubHandler, StubServer


class _Handler(StubHandler):
    stub: "StubHub"

    def answer(self, body: Json | None) -> None:
        stub = self.stub
        asked = self.headers.get("Range")
        stub.requests.append((self.path, asked))
        if stub.statuses:
            return self.send(stub.statuses.pop(0), "text/plain", "no")
        found = re.fullmatch(r"bytes=(\d+)-", asked or "")
        begin = int(found[1]) if found and stub.ranges else 0
        if begin > len(stub.content):
            return self.send(416, "text/plain", "no")
        content = stub.content[begin:]
        self.send_response(206 if begin else 200)
        if stub.announces:
            self.send_header("Content-Length", str(len(content)))
        else:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        sent = content[: stub.pieces.pop(0)] if stub.pieces else content
        self.wfile.write(sent)
        if len(sent) < len(content):
            self.close_connection = True
        return None


class StubHub(StubServer):
    """`pieces` are the bytes after which the next answers break off, `statuses` the errors that come before them.

    `requests` holds the path and the Range of each request.
    """

    handler = _Handler

    def __init__(self, content: bytes, **options: Any) -> None:
        super().__init__()
        self.content = content
        self.ranges = bool(options.get("ranges", True))
        self.announces = bool(options.get("announces", True))
        self.pieces: list[int] = list(options.get("pieces", []))
        self.statuses: list[int] = list(options.get("statuses", []))
        self.requests: list[tuple[str, str | None]] = []
