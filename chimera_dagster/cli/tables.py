"""How verbs print rows: as JSON, or as a table."""

import json
import math
import textwrap
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
    console = _console()
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console.print(table)


def print_entries(title: str, entries: Sequence[tuple[str, str]]) -> None:
    """Paragraphs behind their ids, wrapped to the terminal, or to 240 characters if stdout is not a terminal."""
    width = _console().width
    indent = max((len(name) for name, _ in entries), default=0) + 2
    typer.echo(title)
    for name, text in entries:
        hanging = " " * indent
        typer.echo(textwrap.fill(printable(text), width, initial_indent=name.ljust(indent), subsequent_indent=hanging))


def print_problems(problems: Sequence[str]) -> None:
    """Rules of the evidence that failed, to stderr."""
    for text in problems:
        typer.echo(f"warning: {printable(text)}", err=True)


def _console() -> Console:
    return Console() if Console().is_terminal else Console(width=240)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value  # pandas' null
