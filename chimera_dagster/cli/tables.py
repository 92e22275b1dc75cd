"""How verbs print rows: as JSON, or as a table."""

import math
import textwrap
from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from typing import Any

from rich import box
from rich.table import Table

from chimera_dagster.cli.terminal import Terminal, say, write_json_list
from chimera_dagster.text.foreign import one_line


def print_json(rows: Iterable[Mapping[Hashable, Any]] | Iterable[Mapping[str, Any]]) -> None:
    """Rows as a JSON list, each as it comes; NaN becomes null."""
    write_json_list({name: _plain(value) for name, value in row.items()} for row in rows)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Set[str]) -> None:
    """A table as wide as the terminal, or 240 characters if stdout is not a terminal."""
    console = _console()
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(one_line(name), justify="right" if name in numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(one_line, row))
    console.print(table)


def print_entries(title: str, entries: Sequence[tuple[str, str]]) -> None:
    """Paragraphs behind their ids, wrapped to the terminal, or to 240 characters if stdout is not a terminal."""
    width = _console().width
    indent = max((len(name) for name, _ in entries), default=0) + 2
    say(title)
    for name, text in entries:
        hanging = " " * indent
        say(*textwrap.wrap(one_line(text), width, initial_indent=name.ljust(indent), subsequent_indent=hanging))


def print_problems(problems: Sequence[str]) -> None:
    """Rules of the evidence that failed, to stderr."""
    for text in problems:
        say(f"warning: {text}", err=True)


def _console() -> Terminal:
    return Terminal() if Terminal().is_terminal else Terminal(width=240)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value  # pandas' null
