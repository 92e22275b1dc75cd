"""Which file a tag means, and that it is the pinned one."""

import hashlib
import os
from pathlib import Path

import pytest

from chimera_dagster.engines import models
from chimera_dagster.engines.model_sources.catalogue import CATALOGUE
from chimera_dagster.engines.models import find_model, locate, tags_at_hand
from chimera_dagster.errors import ModelFileError, ModelNotFoundError
from tests.tiny_model import CONTENT, TINY, Tiny

OTHER = b"GGUF of another quantization"


def test_smollm2_is_the_pinned_file(tiny: Tiny) -> None:
    found = find_model("smollm2:135m")
    assert found.path.is_file()
    assert found.sha256 == CATALOGUE["smollm2:135m"].sha256


def test_pinned_file_in_the_cache(tiny: Tiny) -> None:
    tiny.put_into_cache()
    assert find_model("tiny:1m") == (tiny.cached, TINY.sha256)


def test_other_content_than_pinned_is_refused(tiny: Tiny) -> None:
    tiny.put_into_cache(OTHER)
    with pytest.raises(ModelFileError, match=r"tiny-1m\.gguf is damaged: it is not the file of tiny:1m") as error:
        find_model("tiny:1m")
    assert "chimera models get tiny:1m" in error.value.hint


def test_a_model_of_the_catalogue_that_is_not_here(tiny: Tiny) -> None:
    with pytest.raises(ModelNotFoundError, match="The model tiny:1m is not on this machine") as error:
        find_model("tiny:1m")
    assert error.value.hint == "Run 'chimera models get tiny:1m' (1 MB)."
    tiny.put_into_cache()
    assert find_model("tiny:1m").path == tiny.cached  # an absence is not remembered


def test_a_package_that_is_not_installed_is_like_any_model_that_is_not_here(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "find_spec", lambda name: None)
    with pytest.raises(ModelNotFoundError, match="smollm2:135m is not on this machine"):
        find_model("smollm2:135m")
    assert tags_at_hand() == []


def test_the_pinned_file_comes_first_wherever_it_is_then_what_ollama_has(tiny: Tiny) -> None:
    other = tiny.put_into_store("tiny:1m", OTHER)
    assert find_model("tiny:1m") == (other, hashlib.sha256(OTHER).hexdigest())
    same = tiny.put_into_store("q4:latest", name="someone")
    located = locate("tiny:1m")
    assert located == ("ollama", same, TINY.sha256)
    tiny.put_into_cache()
    assert locate("tiny:1m") == ("cache", tiny.cached, TINY.sha256)
    assert tags_at_hand() == ["smollm2:135m", "someone/q4:latest", "tiny:1m"]


def test_any_model_of_the_ollama_store_is_read_in_place(tiny: Tiny) -> None:
    blob = tiny.put_into_store("acme:7b")
    assert find_model("acme:7b") == (blob, TINY.sha256)
    assert not tiny.cache.exists()


def test_a_damaged_blob_is_refused(tiny: Tiny) -> None:
    tiny.put_into_store("acme:7b").write_bytes(CONTENT[:-1])
    with pytest.raises(ModelFileError, match="is not the file of acme:7b") as error:
        find_model("acme:7b")
    assert "ollama pull acme:7b" in error.value.hint


def test_a_file_that_is_damaged_after_its_first_use_is_refused(tiny: Tiny) -> None:
    tiny.put_into_cache()
    find_model("tiny:1m")
    with tiny.cached.open("r+b") as file:  # one byte, in place: the same size and name
        file.seek(1000)
        file.write(b"!")
    with pytest.raises(ModelFileError, match="is damaged: it is not the file of tiny:1m"):
        find_model("tiny:1m")
    tiny.put_into_cache()
    assert find_model("tiny:1m").sha256 == TINY.sha256


def test_another_file_of_the_same_size_and_time_is_another_digest(tiny: Tiny, tmp_path: Path) -> None:
    weights, other = tmp_path / "weights.gguf", tmp_path / "other.gguf"
    weights.write_bytes(CONTENT)
    assert find_model(f"file:{weights}").sha256 == TINY.sha256
    changed = CONTENT[:-1] + b"!"
    other.write_bytes(changed)
    at = weights.stat().st_mtime_ns
    other.rename(weights)
    os.utime(weights, ns=(at, at))
    assert find_model(f"file:{weights}").sha256 == hashlib.sha256(changed).hexdigest()


def test_a_file_that_has_not_changed_is_read_once(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.put_into_cache()
    read: list[Path] = []
    monkeypatch.setattr(models, "sha256_of", lambda path: read.append(path) or TINY.sha256)
    for _ in range(3):
        find_model("tiny:1m")
    assert read == [tiny.cached]


def test_file_of_the_user(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = tmp_path / "weights.gguf"
    weights.write_bytes(CONTENT)
    assert find_model(f"file:{weights}") == (weights, TINY.sha256)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_model("file:~/weights.gguf") == (weights, TINY.sha256)


def test_what_does_not_exist_is_named(tiny: Tiny) -> None:
    with pytest.raises(ModelFileError, match=r"model file /nowhere/x\.gguf does not exist"):
        find_model("file:/nowhere/x.gguf")
    with pytest.raises(ModelNotFoundError, match="'nope:1b'") as error:
        find_model("nope:1b")
    assert "It has smollm2:135m; 'chimera models list'" in error.value.hint
