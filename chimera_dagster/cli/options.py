"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

from chimera_dagster.spec.engine_names import EngineChoice

Spec = Annotated[Path | None, typer.Option(help="Sweep file.  [default: $CHIMERA_SPEC or sweep.yaml]")]
Models = Annotated[list[str] | None, typer.Option(help="Only these, comma-separated.")]
Engine = Annotated[EngineChoice | None, typer.Option(help="Engine instead of the sweep file's.")]
Reports = Annotated[
    Path | None,
    typer.Option(
        help="Folder of benchmark results.  [default: $CHIMERA_REPORTS_DIR or data/reports]", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
