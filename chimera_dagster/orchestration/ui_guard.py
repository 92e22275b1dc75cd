"""Refuses requests to the Dagster UI that a page of another site makes through the reader's browser.

The UI has no log-in: it listens on 127.0.0.1, where only programs of this machine reach it. A browser is one of them. A
page of another site can point a name of its own at 127.0.0.1 (DNS rebinding), which the Host header shows; or open a
WebSocket, to which browsers apply no same-origin policy, but whose Origin header they set.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")


class UiGuard:
    """An ASGI application around another one: `names` are the host names under which it may be opened."""

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        self._names = {name.lower() for name in names}
        self._app = app
        self._host_checked = TrustedHostMiddleware(self._same_origin, sorted(self._names), www_redirect=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._host_checked(scope, receive, send)

    async def _same_origin(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            origin, host = headers.get("origin"), headers.get("host")
            if origin is not None and not self._is_own(origin, host):
                refusal = PlainTextResponse("Invalid origin header", status_code=403)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_own(self, origin: str, host: str | None) -> bool:
        """Whether the page is the UI's own; a proxy may have replaced the host, but by one of the names only."""
        try:
            address = urlsplit(origin)
        except ValueError:
            return False
        other_names = self._names - set(LOCAL_NAMES)
        return address.netloc.lower() == (host or "").lower() or address.hostname in other_names
