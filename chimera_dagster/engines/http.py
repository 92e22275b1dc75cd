"""What the engines that use HTTP share: connections that are kept and can be aborted, and messages in error bodies."""

import socket
import ssl
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Generic, Protocol, TypeVar, cast

import httpx

from chimera_dagster.errors import EngineUnreachableError, NothingListensError
from chimera_dagster.text.foreign import json_value

# Servers answer everything but a generation at once, and a dead host must not delay the choice of an engine.
TIMEOUT = httpx.Timeout(5.0, connect=2.0)
MAX_MESSAGE = 500  # characters; a proxy may answer with a page of HTML
_MOST_LEVELS = 8  # of messages in messages
_LONGEST_ANSWER = 128 * 2**20  # bytes; a server that never ends its answer must not fill the memory


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: it takes 17 ms, which every connection to a model server would wait for."""
    return httpx.create_ssl_context()


class AbortableTransport(httpx.HTTPTransport):
    """One connection at a time, which another thread may `abort`.

    Closing a socket does not wake a thread that reads from it; shutting it down does, and the server notices too.
    Proxies from the environment are not used: a model server is measured directly or not at all.
    """

    def __init__(self) -> None:
        super().__init__(verify=_certificates())
        self._socket: socket.socket | None = None
        self._aborted = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["trace"] = self._watch
        request.headers["Accept-Encoding"] = "identity"  # compression would hold tokens back, and hide an answer's size
        response = super().handle_request(request)
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding != "identity":
            response.close()
            raise ValueError(f"it is compressed ({encoding[:MAX_MESSAGE]}), which was not asked for")
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _Bounded(response.stream)
        return response

    def abort(self) -> None:
        """End the running call at once; the transport can't be used afterwards."""
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


class _Bounded(httpx.SyncByteStream):
    """The body of an answer; reading more of it than any answer needs raises ValueError."""

    def __init__(self, body: httpx.SyncByteStream) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._body:
            size += len(piece)
            if size > _LONGEST_ANSWER:
                raise ValueError(f"it is longer than {_LONGEST_ANSWER // 2**20} MiB")
            yield piece

    def close(self) -> None:
        self._body.close()


class Closable(Protocol):
    def close(self) -> None: ...


S = TypeVar("S", bound=Closable)


class Pool(Generic[S]):
    """Connections to one server, one for each call that runs at the same time.

    A connection is kept after a successful call, so that the next call is not timed with a connect in it.
    """

    def __init__(self, open_session: Callable[[], S]) -> None:
        self._open = open_session
        self._idle: list[S] = []

    @contextmanager
    def session(self) -> Generator[S]:
        """A connection for one call, closed if the call raises or is abandoned."""
        try:
            session = self._idle.pop()
        except IndexError:
            session = self._open()
        try:
            yield session
        except BaseException:
            session.close()
            raise
        self._idle.append(session)

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()


def server_message(text: Any) -> str:
    """The message in an error body; servers put JSON into strings, sometimes twice."""
    for _ in range(_MOST_LEVELS):
        inner = text
        if isinstance(text, str):
            try:
                inner = json_value(text)
            except ValueError:
                break
        if isinstance(inner, dict):
            body = cast(dict[str, Any], inner)
            key = next((key for key in ("error", "message", "detail") if key in body), None)
            if key is None:
                break
            text = body[key]
        elif isinstance(text, str) and isinstance(inner, str):
            text = inner
        else:
            break
    try:
        return str(text).strip().rstrip(".")[:MAX_MESSAGE]
    except RecursionError:
        return "a message that is nested too deeply"


def no_answer(error: Exception, url: str, hint: str) -> EngineUnreachableError:
    """`Nothing answers at URL (connection refused).`; NothingListensError if it was refused."""
    chain = _chain(error)
    refused = any(isinstance(link, ConnectionRefusedError) for link in chain)
    kind = NothingListensError if refused else EngineUnreachableError
    return kind(f"Nothing answers at {url} ({_cause(chain)}).", hint=hint)


def _cause(chain: Sequence[BaseException]) -> str:
    """The operating system's message at the bottom of the chain: client libraries replace it with their own advice."""
    for link in reversed(chain):
        if isinstance(link, TimeoutError | httpx.TimeoutException):
            return "no answer in time"
        if isinstance(link, OSError) and link.strerror:
            return link.strerror[0].lower() + link.strerror[1:]
    return str(chain[0]) or type(chain[0]).__name__


def _chain(error: BaseException) -> list[BaseException]:
    chain = [error]
    while (below := chain[-1].__cause__ or chain[-1].__context__) is not None and below not in chain:
        chain.append(below)
    return chain
