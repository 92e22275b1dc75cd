"""`chimera models`: the model files of the embedded engine, where they are and how to get one."""

import json
from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

import typer

from chimera_dagster.cli.download_bar import DownloadBar, megabytes
from chimera_dagster.cli.options import AsJson, Spec
from chimera_dagster.cli.tables import print_table
from chimera_dagster.cli.terminal import say, say_error, write_json
from chimera_dagster.engines.model_sources.cache import cache_folder, discard, exclusive
from chimera_dagster.engines.model_sources.catalogue import CATALOGUE, CatalogueModel
from chimera_dagster.engines.model_sources.ollama_store import store_folder, stored_models
from chimera_dagster.engines.models import Located, find_model, locate
from chimera_dagster.errors import ChimeraError, InputError
from chimera_dagster.settings import load_settings
from chimera_dagster.spec.sweep import load_spec
from chimera_dagster.text.foreign import shown

SourceName = Literal["ollama", "hub", "index"]
LAST_RESORT = "smollm2:135m"  # 'make setup' installs it
_PLACES = {"package": "installed package", "cache": "cache", "ollama": "Ollama store"}

models = typer.Typer(no_args_is_help=True, add_completion=False)


@models.callback()
def manage_models() -> None:
    """Get models for the embedded engine, list them, and remove them."""


class _Row(NamedTuple):
    tag: str
    size: int
    licence: str | None
    place: str | None
    path: str | None
    sha256: str


@models.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the models that the embedded engine has or can get: size, licence, where they are."""
    rows = [_row(model, locate(model.tag)) for model in CATALOGUE.values()]
    rows += [
        _Row(stored.tag, stored.size, None, "ollama", str(stored.path), stored.sha256)
        for stored in stored_models()
        if stored.tag not in CATALOGUE
    ]
    if as_json:
        write_json(json.dumps([row._asdict() for row in rows], indent=2))
        return
    cells = [[row.tag, megabytes(row.size), row.licence or "-", _where(row), row.path or "-"] for row in rows]
    title = f"Models of the embedded engine; cache: {cache_folder()}, Ollama store: {store_folder()}"
    print_table(title, ("tag", "size", "licence", "where", "file"), cells, numeric={"size"})


@models.command()
def get(
    tags: Annotated[list[str] | None, typer.Argument(metavar="TAG", help="Models of 'chimera models list'.")] = None,
    source: Annotated[
        SourceName | None,
        typer.Option("--from", help="Take them only from here.", show_default="the first that has them, in this order"),
    ] = None,
    sweep: Annotated[
        bool,
        typer.Option(
            "--sweep",
            help="Get the models of the sweep file, leave out those that can't be had, and print the others for "
            "'chimera sweep --models'.",
        ),
    ] = False,
    spec: Spec = None,
) -> None:
    """Get models for the embedded engine.

    A model that is on this machine, in the cache or in an Ollama store, is not downloaded. Exits with 1 if a model
    can't be had.
    """
    if bool(tags) == sweep:
        raise InputError("Name the models to get, or use --sweep.", hint="'chimera models list' shows them.")
    wanted = tags or load_spec(load_settings(spec=spec).spec).models
    if not sweep:
        _check_known(wanted)
    there = [tag for tag in wanted if _got(tag, source)]
    if sweep:
        say(",".join(there or [_fallback()]))
    elif len(there) < len(wanted):
        raise typer.Exit(1)


@models.command()
def remove(tags: Annotated[list[str], typer.Argument(metavar="TAG", help="Models to remove.")]) -> None:
    """Remove models from the cache, and say how many bytes that frees. Other files are left alone."""
    _check_known(tags)
    for tag in tags:
        model = CATALOGUE.get(tag)
        freed = 0
        if model is not None and cache_folder().is_dir():
            with exclusive(model, lambda tag=tag: say(f"{tag}: waiting, it is being downloaded.", err=True)):
                freed = discard(model, finished=True)
        say(f"{tag}: {freed:,} bytes freed{_what_is_left(tag)}")


def _row(model: CatalogueModel, located: Located | None) -> _Row:
    if located is None:
        return _Row(model.tag, model.size, model.licence, None, None, model.sha256)
    size, licence = located.path.stat().st_size, model.licence if located.sha256 == model.sha256 else None
    return _Row(model.tag, size, licence, located.place, str(located.path), located.sha256)


def _where(row: _Row) -> str:
    return _PLACES[row.place] if row.place else f"not here: chimera models get {row.tag}"


def _check_known(tags: Sequence[str]) -> None:
    unknown = [tag for tag in tags if tag not in CATALOGUE and locate(tag) is None]
    if unknown:
        names = ", ".join(map(shown, unknown))
        raise InputError(
            f"There is no model {names} in the catalogue, nor in the Ollama store {store_folder()}.",
            hint=f"The catalogue has {', '.join(CATALOGUE)}. Use any other model as file:/path/model.gguf.",
        )


def _what_is_left(tag: str) -> str:
    located = locate(tag)
    return f"; it is still in the {_PLACES[located.place]}, {located.path}" if located else ""


def _fallback() -> str:
    say(f"None of the sweep's models can be had: {LAST_RESORT} takes their place.", err=True)
    return LAST_RESORT


def _got(tag: str, source: SourceName | None) -> bool:
    """Whether the model is there in the end; says so on stderr, or why not."""
    from chimera_dagster.engines.get_model import get_model  # imports httpx

    try:
        if tag.startswith("file:"):
            where = str(find_model(tag).path)
        else:
            with DownloadBar() as bar:
                place, path = get_model(tag, source, bar)
            where = f"in the {_PLACES[place]}, {path}"
    except ChimeraError as error:
        say_error(error)
        return False
    say(f"{tag}: {where}", err=True)
    return True
