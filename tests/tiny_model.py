"""A catalogue with one more model, `tiny:1m`, whose file is made here, and places in which it may be found."""

import hashlib
import json
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from chimera_dagster.engines.model_sources import index
from chimera_dagster.engines.model_sources.catalogue import CATALOGUE, CatalogueModel

CONTENT = b"GGUF" + bytes(range(256)) * 2000
TINY = CatalogueModel(
    "tiny:1m",
    "tiny-1m.gguf",
    len(CONTENT),
    hashlib.sha256(CONTENT).hexdigest(),
    "MIT",
    repository="acme/Tiny-GGUF",
)


class Tiny:
    """`tiny:1m` in the catalogue, an empty cache, no Ollama store, no hub and an empty package index."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._monkeypatch = folder, monkeypatch
        monkeypatch.setitem(CATALOGUE, TINY.tag, TINY)
        for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONSTRAINT"):
            monkeypatch.setenv(name, "")
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_INDEX_URL", f"file://{folder}/simple")
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        monkeypatch.setenv("OLLAMA_MODELS", str(folder / "store"))
        self.carried_by([])
        self.cache = folder / "cache" / "chimera_dagster" / "models"
        self.cached = self.cache / TINY.file

    def put_into_cache(self, content: bytes = CONTENT) -> Path:
        self.cache.mkdir(parents=True, exist_ok=True)
        self.cached.write_bytes(content)
        return self.cached

    def put_into_store(self, tag: str, content: bytes = CONTENT, name: str = "library") -> Path:
        """A model of the Ollama store, with the layers that Ollama writes beside the weights."""
        model, label = tag.split(":")
        digest = hashlib.sha256(content).hexdigest()
        blob = self._folder / "store" / "blobs" / f"sha256-{digest}"
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(content)
        layers = [
            {"mediaType": f"application/vnd.ollama.image.{kind}", "digest": f"sha256:{value}", "size": 1}
            for kind, value in (("template", "0" * 64), ("model", digest), ("license", "1" * 64))
        ]
        manifest = self._folder / "store" / "manifests" / "registry.ollama.ai" / name / model / label
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text(json.dumps({"schemaVersion": 2, "layers": layers}))
        return blob

    def put_into_index(self, content: bytes = CONTENT, parts: int = 2) -> list[str]:
        """Wheels `tiny-part1`, ... with the parts of `content`; the requirements with their hashes."""
        size = -(-len(content) // parts)
        requirements = [
            self._wheel(f"tiny_part{number}", f"part{number:02}.bin", content[(number - 1) * size :][:size])
            for number in range(1, parts + 1)
        ]
        self.carried_by(requirements)
        return requirements

    def carried_by(self, requirements: Sequence[str]) -> None:
        lines = list(requirements) or [f"tiny-part1==1.0 --hash=sha256:{'0' * 64}"]
        self._monkeypatch.setattr(index, "carriers", lambda model: lines)

    def left(self) -> list[str]:
        """Names in the cache, without locks."""
        return sorted(path.name for path in self.cache.iterdir() if path.suffix != ".lock")

    def _wheel(self, package: str, member: str, content: bytes) -> str:
        name = package.replace("_", "-")
        folder = self._folder / "simple" / name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{package}-1.0-py3-none-any.whl"
        info = f"{package}-1.0.dist-info"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
            wheel.writestr(f"{package}/__init__.py", "raise RuntimeError('a carrier was imported')\n")
            wheel.writestr(f"{package}/data/{member}", content)
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
        (folder / "index.html").write_text(f'<a href="{path.name}">{path.name}</a>\n')
        return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
