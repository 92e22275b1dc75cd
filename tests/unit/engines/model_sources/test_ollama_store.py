"""Which models an Ollama store has, from its manifests and blobs."""

import json
from pathlib import Path

import pytest

from chimera_dagster.engines.model_sources import ollama_store
from chimera_dagster.engines.model_sources.ollama_store import store_folder, stored_blob, stored_model, stored_models
from tests.tiny_model import CONTENT, TINY, Tiny


def test_models_by_tag_with_their_weights(tiny: Tiny) -> None:
    blob = tiny.put_into_store("acme:7b")
    other = tiny.put_into_store("beta:latest", b"GGUF of beta", name="someone")
    assert [(model.tag, model.path, model.size) for model in stored_models()] == [
        ("acme:7b", blob, len(CONTENT)),
        ("someone/beta:latest", other, 12),
    ]
    assert stored_models()[0].sha256 == TINY.sha256
    assert stored_blob(TINY.sha256) == blob
    assert stored_blob("0" * 64) is None


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("acme:7b", True),
        ("library/acme:7b", True),
        ("registry.ollama.ai/library/acme:7b", True),
        ("acme", False),
        ("acme:8b", False),
        ("other/acme:7b", False),
        ("../acme:7b", False),
        ("", False),
    ],
)
def test_a_tag_is_read_as_ollama_reads_it(tiny: Tiny, tag: str, found: bool) -> None:
    tiny.put_into_store("acme:7b")
    assert (stored_model(tag) is not None) is found


def test_latest_may_be_left_out(tiny: Tiny) -> None:
    blob = tiny.put_into_store("acme:latest")
    model = stored_model("acme")
    assert model is not None and model.path == blob


def test_what_is_not_a_model_is_left_out(tiny: Tiny, tmp_path: Path) -> None:
    tiny.put_into_store("acme:7b")
    folder = tmp_path / "store" / "manifests" / "registry.ollama.ai" / "library" / "broken"
    folder.mkdir()
    (folder / "half").write_text('{"layers": [{"mediaType"')
    (folder / "list").write_text("[]")
    (folder / "numbers").write_text('{"layers": [1, 2]}')
    tensors = {"mediaType": "application/vnd.ollama.image.tensor", "digest": f"sha256:{TINY.sha256}"}
    (folder / "tensors").write_text(json.dumps({"layers": [tensors]}))
    outside = {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:../../../../etc/passwd"}
    (folder / "outside").write_text(json.dumps({"layers": [outside]}))
    gone = {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{'0' * 64}"}
    (folder / "pulling").write_text(json.dumps({"layers": [gone]}))
    assert [model.tag for model in stored_models()] == ["acme:7b"]
    assert stored_model("broken:half") is None


def test_where_the_store_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = tmp_path / "service"
    monkeypatch.setattr(ollama_store, "_OF_THE_SERVICE", service)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("OLLAMA_MODELS")
    own = tmp_path / ".ollama" / "models"
    assert store_folder() == own
    assert stored_models() == []
    service.mkdir()
    assert store_folder() == service
    own.mkdir(parents=True)
    assert store_folder() == own
    monkeypatch.setenv("OLLAMA_MODELS", "/elsewhere")
    assert store_folder() == Path("/elsewhere")
