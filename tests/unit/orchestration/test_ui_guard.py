"""Which requests reach the UI."""

from collections.abc import Sequence

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from chimera_dagster.orchestration.ui_guard import LOCAL_NAMES, UiGuard


async def hello(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


def client(names: Sequence[str] = LOCAL_NAMES) -> TestClient:
    page = Route("/", lambda request: PlainTextResponse("ui"), methods=["GET", "POST"])
    graphql = Route("/graphql", lambda request: PlainTextResponse("ran"), methods=["GET", "POST"])
    app = Starlette(routes=[page, graphql, WebSocketRoute("/graphql", hello)])
    return TestClient(UiGuard(app, names), base_url="http://127.0.0.1:3000")


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "LocalHost", "[::1]:3000"])
def test_names_of_this_machine_are_served(host: str) -> None:
    with client() as ui:
        assert ui.get("/", headers={"Host": host}).text == "ui"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "localhost.evil.example:3000", "", "a b"]
)
def test_a_name_that_someone_points_at_this_machine_is_refused(host: str) -> None:
    with client() as ui:
        assert ui.get("/", headers={"Host": host}).status_code == 400
        assert ui.post("/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:8888", "https://127.0.0.1", "null", "http://[", "evil.example"]
)
def test_a_page_of_another_origin_is_refused(origin: str) -> None:
    with client() as ui:
        assert ui.post("/", headers={"Origin": origin}).status_code == 403
        with pytest.raises(WebSocketDisconnect), ui.websocket_connect("/graphql", headers={"Origin": origin}):
            pass


def test_a_websocket_of_a_foreign_host_is_refused() -> None:
    with (
        client() as ui,
        pytest.raises(WebSocketDisconnect),
        ui.websocket_connect("/graphql", headers={"Host": "evil.example"}),
    ):
        pass


@pytest.mark.parametrize("query", ["query=mutation{launch}", "a=1&%71uery=mutation{launch}"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_address_is_a_query_as_an_image_of_another_page_may_have_it(method: str, query: str) -> None:
    with client() as ui:
        assert ui.request(method, f"/graphql?{query}").status_code == 403
        assert ui.request(method, "/graphql?op=query").status_code == 200


@pytest.mark.parametrize(
    ("site", "mode", "dest", "status"),
    [
        ("cross-site", "no-cors", "image", 403),
        ("same-site", "no-cors", "script", 403),  # as of another port of this machine
        ("cross-site", "navigate", "iframe", 403),
        ("cross-site", "navigate", "document", 200),
        ("same-origin", "cors", "empty", 200),
        ("none", "navigate", "document", 200),
    ],
)
def test_a_page_of_another_site_can_link_to_the_ui_and_not_contain_it(
    site: str, mode: str, dest: str, status: int
) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    with client() as ui:
        assert ui.get("/", headers=headers).status_code == status


def test_the_ui_itself_is_served() -> None:
    with client() as ui:
        own = {"Host": "127.0.0.1:3000", "Origin": "http://127.0.0.1:3000"}
        assert ui.post("/", headers=own).text == "ui"
        with ui.websocket_connect("ws://127.0.0.1:3000/graphql", headers=own) as websocket:
            assert websocket.receive_text() == "hello"


def test_another_name_is_served_if_it_is_listed() -> None:
    names = [*LOCAL_NAMES, "gpu.example"]
    with client(names) as ui:
        assert ui.get("/", headers={"Host": "gpu.example"}).text == "ui"
        proxied = {"Host": "127.0.0.1:3000", "Origin": "https://gpu.example"}
        assert ui.post("/", headers=proxied).text == "ui"
        assert ui.post("/", headers=proxied | {"Origin": "https://evil.example"}).status_code == 403
