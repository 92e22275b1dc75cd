"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

from chimera_dagster.spec.engine_names import EngineChoice

Spec = Annotated[Path | None, typer.Option(help="Sweep file.", show_default="$CHIMERA_SPEC or sweep.yaml")]
Models = Annotated[
    list[str] | None, typer.Option(help="Use these models instead of the sweep file's, separated by commas.")
]
Engine = Annotated[EngineChoice | None, typer.Option(help="Use this engine instead of the sweep file's.")]
Reports = Annotated[
    Path | None,
    typer.Option(help="Folder of benchmark results.", show_default="$CHIMERA_REPORTS_DIR or data/reports"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
