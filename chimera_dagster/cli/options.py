"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

Reports = Annotated[
    Path | None,
    typer.Option(
        help="Folder of benchmark results.  [default: $CHIMERA_REPORTS_DIR or data/reports]", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
