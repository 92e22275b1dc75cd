"""Downloads from the hub: continued where they broke off, and refused when they are not what was pinned."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from tenacity import wait_none

from chimera_dagster.engines.model_sources import hub
from chimera_dagster.errors import ModelDownloadError
from tests.stub_hub import StubHub
from tests.tiny_model import CONTENT, TINY

Serve = Callable[..., StubHub]
HALF = len(CONTENT) // 2


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Generator[Serve]:
    started: list[StubHub] = []

    def start(content: bytes = CONTENT, **options: object) -> StubHub:
        stub = StubHub(content, **options)
        started.append(stub)
        stub.__enter__()
        monkeypatch.setenv("HF_ENDPOINT", stub.url)
        return stub

    monkeypatch.setattr(hub, "_WAIT", wait_none())
    yield start
    for stub in started:
        stub.__exit__()


def got(target: Path) -> list[int]:
    seen: list[int] = []
    hub.download(TINY, target, seen.append)
    assert target.read_bytes() == CONTENT
    assert seen == sorted(seen) and seen[-1] == len(CONTENT)
    return seen


def refused(target: Path) -> str:
    with pytest.raises(ModelDownloadError) as error:
        hub.download(TINY, target, lambda size: None)
    return error.value.message


def test_a_whole_file_in_one_request(serve: Serve, tmp_path: Path) -> None:
    stub = serve()
    got(tmp_path / "file")
    assert stub.requests == [("/acme/Tiny-GGUF/resolve/main/tiny-1m.gguf", None)]


@pytest.mark.parametrize("announces", [True, False])
def test_a_download_that_breaks_off_is_continued(serve: Serve, tmp_path: Path, announces: bool) -> None:
    stub = serve(pieces=[1000, 2000], announces=announces)
    got(tmp_path / "file")
    assert [asked for _, asked in stub.requests] == [None, "bytes=1000-", "bytes=3000-"]


def test_a_later_download_continues_what_was_kept(serve: Serve, tmp_path: Path) -> None:
    stub = serve(pieces=[HALF, 0, 0, 0, 0])
    said = refused(tmp_path / "file")
    assert "broke the connection off" in said and f"{HALF:,} bytes are kept for the next download" in said
    assert len(stub.requests) == 5
    got(tmp_path / "file")
    assert stub.requests[-1][1] == f"bytes={HALF}-"


def test_a_server_that_ignores_ranges_starts_again(serve: Serve, tmp_path: Path) -> None:
    serve(ranges=False)
    (tmp_path / "file").write_bytes(b"x" * HALF)
    got(tmp_path / "file")


def test_what_is_longer_than_the_file_is_thrown_away(serve: Serve, tmp_path: Path) -> None:
    serve()
    (tmp_path / "file").write_bytes(b"x" * (len(CONTENT) + 1))
    got(tmp_path / "file")


def test_a_range_that_the_server_refuses_starts_again(serve: Serve, tmp_path: Path) -> None:
    serve(statuses=[416])
    (tmp_path / "file").write_bytes(b"x" * HALF)
    got(tmp_path / "file")


def test_a_busy_server_is_asked_again(serve: Serve, tmp_path: Path) -> None:
    stub = serve(statuses=[503, 429])
    got(tmp_path / "file")
    assert len(stub.requests) == 3


def test_a_file_of_another_size_is_not_downloaded(serve: Serve, tmp_path: Path) -> None:
    serve(CONTENT + b"and more")
    assert refused(tmp_path / "file") == "127.0.0.1 has another file there, of 512,012 bytes instead of 512,004"
    assert not (tmp_path / "file").exists()


def test_no_more_than_the_size_is_ever_written(serve: Serve, tmp_path: Path) -> None:
    serve(CONTENT * 3, announces=False)
    got(tmp_path / "file")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_final(serve: Serve, tmp_path: Path, status: int) -> None:
    stub = serve(statuses=[status])
    assert refused(tmp_path / "file") == f"127.0.0.1 answers with status {status}"
    assert len(stub.requests) == 1


def test_a_hub_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1/")
    assert "127.0.0.1 can't be reached" in refused(tmp_path / "file")
    monkeypatch.setenv("HF_ENDPOINT", "nonsense")
    assert "can't be reached" in refused(tmp_path / "file")
    monkeypatch.setenv("HF_ENDPOINT", "")
    assert hub.hub_address() == "https://huggingface.co"


def test_a_malformed_address_is_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://me:pass/word@host")
    with pytest.raises(ModelDownloadError, match="HF_ENDPOINT is not an address") as error:
        hub.download(TINY, tmp_path / "x", lambda have: None)
    assert "pass" not in f"{error.value} {error.value.__cause__}"
