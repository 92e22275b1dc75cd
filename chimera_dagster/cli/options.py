"""Options that several verbs share."""

import os
from pathlib import Path
from typing import Annotated

import typer

from chimera_dagster.errors import InputError
from chimera_dagster.files.opening import check_file, check_name
from chimera_dagster.spec.engine_names import EngineChoice
from chimera_dagster.text.foreign import shown


def _for_child_processes(spec: Path | None) -> Path | None:
    """They read benchmark files too, by the vocabulary that the sweep file names."""
    if spec is not None:
        os.environ["CHIMERA_SPEC"] = str(spec)
    return spec


def to_write(path: Path | None) -> Path | None:
    """Callback of an option that names a file to write. Raises InputError if there is something else than a file.

    A device would be replaced, and a pipe may block for ever.
    """
    if path is not None:
        try:
            check_name(path)
            check_file(path)
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise InputError(f"{shown(path)} can't be written: {why}.", hint="Name a file.") from error
    return path


Spec = Annotated[
    Path | None,
    typer.Option(help="Sweep file.", show_default="$CHIMERA_SPEC or sweep.yaml", callback=_for_child_processes),
]
Models = Annotated[
    list[str] | None, typer.Option(help="Use these models instead of the sweep file's, separated by commas.")
]
Engine = Annotated[EngineChoice | None, typer.Option(help="Use this engine instead of the sweep file's.")]
Reports = Annotated[
    Path | None,
    typer.Option(help="Folder of benchmark results.", show_default="$CHIMERA_REPORTS_DIR or data/reports"),
]
Folder = Annotated[
    Path | None,
    typer.Argument(
        metavar="DIR", help="Folder of benchmark results.", show_default="$CHIMERA_REPORTS_DIR or data/reports"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
