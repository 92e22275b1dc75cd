"""How verbs print rows: as JSON, or as a table."""

import json
import math
from collections.abc import Hashable, Mapping, Sequence, Set
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chimera_dagster.evidence.figures import printable


def print_json(rows: Sequence[Mapping[Hashable, Any]] | Sequence[Mapping[str, Any]]) -> None:
    """Rows as a JSON list; NaN becomes null."""
    typer.echo(json.dumps([{name: _plain(value) for name, value in row.items()} for row in rows], indent=2))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Set[str]) -> None:
    """A table as wide as the terminal, or 240 characters if stdout is not a terminal."""
    console = Console() if Console().is_terminal else Console(width=240)
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console.print(table)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value  # pandas' null
