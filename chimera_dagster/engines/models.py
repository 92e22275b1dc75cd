"""Which file a model tag means to the embedded engine: one of the catalogue, of an Ollama store, or `file:/path`."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple

from chimera_dagster.engines.gguf import read_header
from chimera_dagster.engines.model_sources.cache import cached_path, sha256_of
from chimera_dagster.engines.model_sources.catalogue import CATALOGUE, CatalogueModel
from chimera_dagster.engines.model_sources.ollama_store import stored_blob, stored_model, stored_models
from chimera_dagster.errors import ModelFileError, ModelNotFoundError
from chimera_dagster.files.opening import check_file
from chimera_dagster.text.foreign import shown

Place = Literal["package", "cache", "ollama"]
_REPAIR: dict[Place, str] = {
    "package": "Run 'make setup' again.",
    "cache": "Run 'chimera models get {tag}', which replaces it.",
    "ollama": "Run 'ollama pull {tag}' again.",
}


_CHECK_PATH = "Check the path after 'file:'."


class ModelFile(NamedTuple):
    path: Path
    sha256: str


class Located(NamedTuple):
    """Where the file of a model is, and the digest that it should have, which is not verified yet."""

    place: Place
    path: Path
    sha256: str


def locate(tag: str) -> Located | None:
    """The file of the model `tag` on this machine; None if it is not here.

    For a model of the catalogue, the pinned file comes first, wherever it is, then what Ollama has under this tag.
    """
    model = CATALOGUE.get(tag)
    pinned = None if model is None else _pinned(model)
    if pinned is not None:
        return pinned
    stored = stored_model(tag)
    return stored and Located("ollama", stored.path, stored.sha256)


def tags_at_hand() -> list[str]:
    """The models that can be used now, by tag: those of the catalogue that are here, and all of the Ollama store."""
    return sorted({tag for tag in CATALOGUE if locate(tag)} | {model.tag for model in stored_models()})


def find_model(tag: str) -> ModelFile:
    """The file of the model `tag`; its digest is checked when this process first uses it, and again if it has changed.

    Raises ModelNotFoundError if the model is not on this machine, and ModelFileError if its file can't be read or
    does not have its digest.
    """
    if tag.startswith("file:"):
        path = _named_file(tag)
        return ModelFile(path, _digest(path, _CHECK_PATH))
    located = locate(tag)
    if located is None:
        raise _not_here(tag)
    repair = _REPAIR[located.place].format(tag=tag)
    digest = _digest(located.path, repair)
    if digest != located.sha256:
        raise ModelFileError(f"{located.path} is damaged: it is not the file of {tag} (sha256 {digest}).", hint=repair)
    return ModelFile(located.path, digest)


def check_whole(tag: str) -> None:
    """Raise ModelFileError if the file of the model `tag` is damaged, as far as its header shows, which is read alone.

    A model that is not on this machine is not damaged, but a file that `tag` names must be there.
    """
    if tag.startswith("file:"):
        read_header(_named_file(tag))
    elif (located := locate(tag)) is not None:
        read_header(located.path)


def _named_file(tag: str) -> Path:
    path = Path(tag.removeprefix("file:")).expanduser()
    try:
        check_file(path)
    except FileNotFoundError as error:
        raise ModelFileError(f"The model file {shown(path)} does not exist.", hint=_CHECK_PATH) from error
    except OSError as error:
        raise ModelFileError(f"{shown(path)} can't be read: {error.strerror}.", hint=_CHECK_PATH) from error
    return path


def _pinned(model: CatalogueModel) -> Located | None:
    places: tuple[tuple[Place, Path | None], ...] = (
        ("package", _packaged(model)),
        ("cache", cached_path(model)),
        ("ollama", stored_blob(model.sha256)),
    )
    return next((Located(place, path, model.sha256) for place, path in places if path and path.is_file()), None)


def _packaged(model: CatalogueModel) -> Path | None:
    """The file in an installed package, which is not imported: it needs dependencies that are not installed."""
    spec = find_spec(model.package) if model.package else None
    folders = spec.submodule_search_locations if spec else None
    return Path(folders[0]) / model.file if folders else None


def _not_here(tag: str) -> ModelNotFoundError:
    if tag in CATALOGUE:
        size = f"{CATALOGUE[tag].size / 1e6:,.0f} MB"
        return ModelNotFoundError(
            f"The model {tag} is not on this machine.", hint=f"Run 'chimera models get {tag}' ({size})."
        )
    return ModelNotFoundError(
        f"The embedded engine has no model {tag!r}.",
        hint=f"It has {', '.join(tags_at_hand()) or 'none yet'}; 'chimera models list' shows which it can get, and "
        "file:/path/model.gguf uses any other.",
    )


def _digest(path: Path, hint: str) -> str:
    try:
        state = path.stat()
        return _digest_of(path, (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns))
    except OSError as error:
        raise ModelFileError(f"{path} can't be read: {error.strerror}.", hint=hint) from error


@cache
def _digest_of(path: Path, state: tuple[int, ...]) -> str:
    """Gigabytes are read only if `state` says that the file may be another one."""
    return sha256_of(path)
