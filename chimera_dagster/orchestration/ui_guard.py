"""Refuses requests to the Dagster UI that a page of another site makes through the reader's browser.

The UI has no log-in: it listens on 127.0.0.1, where only programs of this machine reach it. A browser is one of them. A
page of another site can point a name of its own at 127.0.0.1 (DNS rebinding), which the Host header shows; or open a
WebSocket, to which browsers apply no same-origin policy, but whose Origin header they set; or have an address of the UI
as that of an image, a frame or a link. Then there is no Origin header, and Dagster would run the GraphQL mutation in
that address, which may launch a run.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, QueryParams
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
                refusal = "Invalid origin header"
            elif scope["type"] == "http" and _is_query_by_address(scope):
                refusal = "GraphQL queries must be sent by POST"
            elif origin is None and _is_part_of_another_page(scope, headers):
                refusal = "Another site asked for this"
            else:
                refusal = ""
            if refusal:
                await PlainTextResponse(refusal, status_code=403)(scope, receive, send)
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


def _is_query_by_address(scope: Scope) -> bool:
    """Whether Dagster would take a GraphQL query from the address of the request; its own pages never do that."""
    return scope["path"].rstrip("/").endswith("/graphql") and "query" in QueryParams(scope["query_string"])


def _is_part_of_another_page(scope: Scope, headers: Headers) -> bool:
    """Whether a page of another site loads this as a part of itself; a link that the reader follows may be anywhere."""
    site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode")
    is_link = mode == "navigate" and headers.get("sec-fetch-dest", "document") == "document"
    return site not in ("none", "same-origin") and not (is_link and scope.get("method") == "GET")
