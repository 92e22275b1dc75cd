"""The connection under Ollama's official client: abortable, without proxies, and it refuses silent truncation."""

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import httpx

from chimera_dagster.engines.http import TIMEOUT, AbortableTransport
from chimera_dagster.engines.ollama_errors import no_ollama, refusal

if TYPE_CHECKING:
    import ollama

_GENERATIONS = ("/api/generate", "/api/chat")
_LONGEST_LINE = 32 * 2**20  # bytes; a server that never ends a line must not fill the memory
# Characters that end a line for the official client, but not in JSON; Ollama escapes all of them except U+0085.
_SEPARATORS = {char.encode(): f"\\u{ord(char):04x}".encode() for char in "\x85\u2028\u2029"}
# Without these, a prompt that is too long is truncated to half the window and answered with status 200, and an answer
# that fills the window pushes the prompt out of it. The official client has no argument for either.
_REFUSE_TRUNCATION = {"truncate": False, "shift": False}
_import_lock = threading.Lock()


class OllamaTransport(AbortableTransport):
    """Prepares generations, and raises `ollama_errors.refusal` for an HTTP error, which the client would garble."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        generation = request.url.path.endswith(_GENERATIONS)
        response = super().handle_request(_prepared(request) if generation else request)
        if response.status_code >= 400:
            with closing(response):
                raise refusal(response.status_code, response.read().decode(errors="replace"), self._url)
        if generation and not response.has_redirect_location:
            if "json" not in response.headers.get("Content-Type", "json"):
                with closing(response):
                    raise no_ollama(self._url)
            assert isinstance(response.stream, httpx.SyncByteStream)
            response.stream = _WholeLines(response.stream)
        return response


class _WholeLines(httpx.SyncByteStream):
    """A body in whole lines, each a JSON object: the client's errors for malformed lines are not useful."""

    def __init__(self, body: httpx.SyncByteStream) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        held: list[bytes] = []
        size = 0
        for piece in self._body:
            size += len(piece)
            head, newline, tail = piece.rpartition(b"\n")
            if newline:
                yield from _checked(b"".join([*held, head]))
                held, size = [tail], len(tail)
            else:
                held.append(piece)
            if size > _LONGEST_LINE:
                raise ValueError(f"it is longer than {_LONGEST_LINE // 2**20} MiB")
        yield from _checked(b"".join(held))

    def close(self) -> None:
        self._body.close()


def _checked(lines: bytes) -> Iterator[bytes]:
    for separator, escaped in _SEPARATORS.items():
        lines = lines.replace(separator, escaped)
    for line in lines.split(b"\n"):
        if line.strip():
            if not line.lstrip().startswith(b"{"):
                raise ValueError(f"{line[:80].decode(errors='replace')} is not a JSON object")
            yield line + b"\n"


def _prepared(request: httpx.Request) -> httpx.Request:
    """The same request, with truncation refused and without a read timeout: loading a model takes minutes."""
    headers = request.headers.copy()
    del headers["Content-Length"]
    return httpx.Request(
        request.method,
        request.url,
        headers=headers,
        json=json.loads(request.content) | _REFUSE_TRUNCATION,
        extensions={**request.extensions, "timeout": {**TIMEOUT.as_dict(), "read": None}},
    )


@dataclass(frozen=True)
class Session:
    """A connection to one server, for one call at a time."""

    url: str
    client: "ollama.Client"
    http: httpx.Client  # the official client has no method for the version
    transport: AbortableTransport

    def close(self) -> None:
        self.http.close()  # closes the transport, which the official client shares


def open_session(url: str) -> Session:
    """A session that connects when it is first used."""
    transport = OllamaTransport(url)
    http = httpx.Client(base_url=url, transport=transport, timeout=TIMEOUT)
    return Session(url, _client(url, transport), http, transport)


def _client(url: str, transport: AbortableTransport) -> "ollama.Client":
    # `import ollama` builds a client from OLLAMA_HOST and fails for values that the server accepts, such as '::1'.
    with _import_lock:
        if "ollama" not in sys.modules:
            before = os.environ.get("OLLAMA_HOST")
            os.environ["OLLAMA_HOST"] = url
            try:
                import_module("ollama")
            finally:
                if before is None:
                    del os.environ["OLLAMA_HOST"]
                else:
                    os.environ["OLLAMA_HOST"] = before
    from ollama import Client

    return Client(url, transport=transport, timeout=TIMEOUT)
