"""Options that several verbs share."""

import os
from pathlib import Path
from typing import Annotated

import typer

from chimera_dagster.spec.engine_names import EngineChoice


def _for_child_processes(spec: Path | None) -> Path | None:
    """They read benchmark files too, by the vocabulary that the sweep file names."""
    if spec is not None:
        os.environ["CHIMERA_SPEC"] = str(spec)
    return spec


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
