"""The one way of every verb to stdout and stderr: no text acts on a terminal or in a spreadsheet, whoever wrote it."""

import csv
import json
import sys
import textwrap
from collections.abc import Generator, Iterable, Sequence
from itertools import chain
from typing import Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from chimera_dagster.cli.streams import ReaderGone, writing
from chimera_dagster.errors import ChimeraError
from chimera_dagster.text.foreign import csv_cell, one_line, visible, visible_json


def say(*lines: object, err: bool = False) -> None:
    """Print lines, to stderr if `err`; control characters in them are spelled out, also line feeds."""
    with writing(sys.stderr if err else sys.stdout):
        for line in lines:
            typer.echo(one_line(str(line)), err=err)


def say_error(error: ChimeraError) -> None:
    """Print an error with its hint to stderr; a second line of its message is indented."""
    message, *more = visible(error.message).split("\n")
    say(f"Error: {message}", *(f"  {line}" for line in more), *([f"  {error.hint}"] if error.hint else []), err=True)


def write_json(document: str) -> None:
    """Print a JSON document."""
    with writing(sys.stdout):
        typer.echo(visible_json(document))


def write_json_list(items: Iterable[object]) -> None:
    """Print a JSON list, each item as soon as it is there."""
    before = "["
    for item in items:
        text = visible_json(json.dumps(item, indent=2))
        with writing(sys.stdout):
            sys.stdout.write(f"{before}\n{textwrap.indent(text, '  ')}")
        before = ","
    with writing(sys.stdout):
        typer.echo("[]" if before == "[" else "\n]")


def write_csv(header: Iterable[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table as CSV; `text.foreign.csv_cell` says how its cells are written."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    for row in chain([header], rows):
        cells = [*map(csv_cell, row)]
        with writing(sys.stdout):
            writer.writerow(cells)
    with writing(sys.stdout):
        sys.stdout.flush()


def write_page(text: str) -> None:
    """Print a page as a writer of `render` made it, which has made its texts harmless for its format."""
    with writing(sys.stdout):
        typer.echo(text, nl=not text.endswith("\n"))


class Terminal(Console):
    """A console on which only rich's own styles act: markup and control characters of texts are shown."""

    def __init__(self, *, stderr: bool = False, width: int | None = None) -> None:
        super().__init__(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)

    def print(self, *objects: Any, **options: Any) -> None:
        with writing(sys.stderr if self.stderr else sys.stdout):
            super().print(*objects, **options)

    def on_broken_pipe(self) -> None:
        """Called by rich in place of a BrokenPipeError."""
        raise ReaderGone

    def render_str(self, text: str, **options: Any) -> Text:
        """Before the width of a text is measured."""
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Generator[Segment]:
        """Also what was made a Text elsewhere."""
        for segment in super().render(renderable, options):
            harmless = segment.control or segment.text.isprintable()
            yield segment if harmless else segment._replace(text=visible(segment.text))
