"""The connection under Ollama's official client: abortable, without proxies, refusing silent truncation.

Imports httpx at its top, so it is imported where an engine is used and not before.
"""

import json
import os
import sys
import threading
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import httpx

from chimera_dagster.engines.http import TIMEOUT, AbortableTransport

if TYPE_CHECKING:
    import ollama

_GENERATE = "/api/generate"
# Without these a prompt that is too long is cut to half the window and answered with status 200, and an answer that
# fills the window pushes the prompt out of it. The official client has no argument for either.
_REFUSE_TRUNCATION = {"truncate": False, "shift": False}
_import_lock = threading.Lock()


class _OllamaTransport(AbortableTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(_GENERATE):
            request = _prepared(request)
        return super().handle_request(request)


def _prepared(request: httpx.Request) -> httpx.Request:
    """The same generation with truncation refused, and without a read timeout: loading a model takes minutes."""
    headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"content-length"]
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
    http: httpx.Client  # for what the official client has no method for
    transport: AbortableTransport

    def close(self) -> None:
        self.http.close()  # closes the transport, which the official client shares


def open_session(url: str) -> Session:
    """Prepare a session; connects when it is first used."""
    transport = _OllamaTransport()
    http = httpx.Client(base_url=url, transport=transport, timeout=TIMEOUT)
    return Session(url, _client(url, transport), http, transport)


def _client(url: str, transport: AbortableTransport) -> "ollama.Client":
    # `import ollama` builds a client from OLLAMA_HOST and fails on forms that the server accepts, such as '::1'.
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
