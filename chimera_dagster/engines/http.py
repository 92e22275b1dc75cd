"""What engines share that speak HTTP: a connection that can be shut from another thread, and error bodies in words.

Imports httpx at its top, so it is imported where an engine is used and not before.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx

# Servers answer everything but a generation at once, and a dead host must not hold up the choice of an engine.
TIMEOUT = httpx.Timeout(5.0, connect=2.0)


class AbortableTransport(httpx.HTTPTransport):
    """One connection at a time, which `abort` may shut from another thread.

    Closing a socket does not wake a thread that reads from it; shutting it down does, and the server sees it too.
    Proxies from the environment are not used: a model server is measured directly or not at all.
    """

    def __init__(self) -> None:
        super().__init__()
        self._socket: socket.socket | None = None
        self._aborted = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["trace"] = self._watch
        return super().handle_request(request)

    def abort(self) -> None:
        """End the call that runs on this transport, at once; the transport can't be used afterwards."""
        self._aborted = True
        self._shut()

    def _watch(self, event: str, info: Mapping[str, Any]) -> None:
        """httpcore's trace hook: the only place where it shows a socket before the response begins."""
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._socket = info["return_value"].get_extra_info("socket")
            if self._aborted:
                self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # the server was faster
                self._socket.shutdown(socket.SHUT_RDWR)
