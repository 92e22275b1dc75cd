"""The models of a local Ollama store, read in place: their weights are GGUF files. No server is contacted.

`manifests/<host>/<namespace>/<model>/<tag>` is a JSON document that lists layers by digest; a layer is the file
`blobs/sha256-<digest>`.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from chimera_dagster.files.opening import open_file
from chimera_dagster.text.foreign import json_value

_WEIGHTS = "application/vnd.ollama.image.model"
_HOST, _NAMESPACE, _TAG = "registry.ollama.ai", "library", "latest"
_LONGEST_MANIFEST = 1 << 20  # bytes; one has a few lines
_OF_THE_SERVICE = Path("/usr/share/ollama/.ollama/models")  # where Ollama's Linux installer keeps it


class StoredModel(NamedTuple):
    """A model of the store; `sha256` is what its blob is named after."""

    tag: str
    path: Path
    size: int
    sha256: str


def store_folder() -> Path:
    """OLLAMA_MODELS if it is set, else the user's store, or that of the service if only that exists."""
    if named := os.environ.get("OLLAMA_MODELS"):
        return Path(named)
    own = Path.home() / ".ollama" / "models"
    return _OF_THE_SERVICE if not own.is_dir() and _OF_THE_SERVICE.is_dir() else own


def stored_models() -> list[StoredModel]:
    """All models with a GGUF file that can be read, by tag; none if there is no store."""
    manifests = store_folder() / "manifests"
    try:
        found = [
            _stored(_tag_of(path.relative_to(manifests).parts), path)
            for path in sorted(manifests.glob("*/*/*/*"))
            if path.is_file()
        ]
    except OSError:  # the store of another user
        return []
    return sorted(model for model in found if model is not None)


def stored_model(tag: str) -> StoredModel | None:
    """The model that Ollama knows as `tag`; registry, namespace and `latest` may be left out."""
    *folders, last = tag.split("/")
    name, _, label = last.partition(":")
    defaults = [_HOST, _NAMESPACE]
    parts = [*defaults[: max(0, 2 - len(folders))], *folders, name, label or _TAG]
    if len(parts) != 4 or any(part in ("", ".", "..") for part in parts):
        return None
    return _stored(tag, store_folder().joinpath("manifests", *parts))


def stored_blob(sha256: str) -> Path | None:
    """The file of the store with this digest, whatever tag it has."""
    path = store_folder() / "blobs" / f"sha256-{sha256}"
    return path if os.access(path, os.R_OK) else None


def _stored(tag: str, manifest: Path) -> StoredModel | None:
    sha256 = next(_weights(manifest), None)
    path = stored_blob(sha256) if sha256 else None
    return StoredModel(tag, path, path.stat().st_size, sha256) if path and sha256 else None


def _weights(manifest: Path) -> Iterator[str]:
    """Digests of the layers with weights; none if the file is not a manifest."""
    try:
        with open_file(manifest) as file:
            content: Any = json_value(file.read(_LONGEST_MANIFEST))
        for layer in content["layers"]:
            kind, _, digest = layer["digest"].partition(":")
            if layer["mediaType"] == _WEIGHTS and kind == "sha256" and digest.isalnum():
                yield digest
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return


def _tag_of(parts: tuple[str, ...]) -> str:
    host, namespace, name, label = parts
    prefix = "" if host == _HOST else f"{host}/"
    prefix += "" if not prefix and namespace == _NAMESPACE else f"{namespace}/"
    return f"{prefix}{name}:{label}"
