"""Where a model is taken from, and when nothing is downloaded."""

from pathlib import Path

import pytest

from chimera_dagster.engines.get_model import Source, get_model
from chimera_dagster.engines.model_sources.catalogue import CatalogueModel
from chimera_dagster.errors import ModelDownloadError, ModelFileError
from tests.tiny_model import CONTENT, Tiny


class Silent:
    def waiting(self, model: CatalogueModel) -> None: ...

    def begins(self, model: CatalogueModel, source: str) -> None: ...

    def has(self, size: int) -> None: ...

    def failed(self, model: CatalogueModel, reason: str) -> None: ...


def got(tag: str, source: Source | None = None) -> tuple[str, Path]:
    return get_model(tag, source, Silent())


def test_what_is_here_is_not_downloaded(tiny: Tiny) -> None:
    blob = tiny.put_into_store("tiny:1m")
    assert got("tiny:1m") == ("ollama", blob)
    tiny.put_into_cache()
    assert got("tiny:1m") == ("cache", tiny.cached)
    assert got("tiny:1m", "hub") == ("cache", tiny.cached)
    assert got("tiny:1m", "ollama") == ("ollama", blob)


def test_a_source_that_was_asked_for_puts_the_file_into_the_cache(tiny: Tiny) -> None:
    tiny.put_into_store("tiny:1m", b"GGUF of another quantization")
    tiny.put_into_index()
    assert got("tiny:1m", "index") == ("cache", tiny.cached)
    assert got("tiny:1m") == ("cache", tiny.cached)


def test_only_the_source_that_was_asked_for_is_tried(tiny: Tiny) -> None:
    tiny.put_into_index()
    with pytest.raises(ModelDownloadError) as error:
        got("tiny:1m", "hub")
    assert "package index" not in error.value.message
    with pytest.raises(ModelDownloadError, match=r"the Ollama store .*/store does not have it") as error:
        got("tiny:1m", "ollama")
    assert "OLLAMA_MODELS" in error.value.hint


def test_a_damaged_file_is_downloaded_again(tiny: Tiny) -> None:
    tiny.put_into_cache(CONTENT[:-1])
    tiny.put_into_index()
    assert got("tiny:1m") == ("cache", tiny.cached)
    assert tiny.cached.read_bytes() == CONTENT


def test_a_damaged_model_of_ollama_is_downloaded_only_if_the_catalogue_has_it(tiny: Tiny) -> None:
    for tag in ("tiny:1m", "acme:7b"):
        tiny.put_into_store(tag).write_bytes(CONTENT[:-1])
    tiny.put_into_index()
    assert got("tiny:1m") == ("cache", tiny.cached)
    with pytest.raises(ModelFileError, match="acme:7b"):
        got("acme:7b")


def test_a_model_that_is_nowhere(tiny: Tiny) -> None:
    with pytest.raises(ModelDownloadError, match="does not have it, and it is not in the catalogue"):
        got("nope:1b")
    tiny.put_into_store("acme:7b")
    with pytest.raises(ModelDownloadError, match="acme:7b is not in the catalogue, so it can't be downloaded"):
        got("acme:7b", "hub")
