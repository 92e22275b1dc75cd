"""A page as text for a terminal, in its width. Charts are their values, as a drawing has no place there."""

import re
from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text as Line

from chimera_dagster.render.blocks import (
    Beside,
    Block,
    Bullets,
    Byline,
    Chart,
    Code,
    CodeBlock,
    Content,
    Details,
    Heading,
    LineBreak,
    Link,
    Note,
    Numbered,
    Page,
    Paragraph,
    Part,
    Strong,
    Table,
    Target,
    Text,
)
from chimera_dagster.text.foreign import visible

_ROWS = 40  # of one table


def print_page(page: Page, console: Console, *, marks: bool) -> None:
    """The whole page; without `marks`, links to other places of the page are left out."""
    console.print(Line(_words(page.title), "bold"))
    _print(page.blocks, console, marks)


def _print(blocks: Sequence[Block], console: Console, marks: bool) -> None:
    for block in blocks:
        if isinstance(block, Chart) and block.in_table:
            continue
        if not isinstance(block, Beside):  # its parts begin with a line of their own
            console.print()
        for part in _block(block, console, marks):
            console.print(part)


def _block(block: Block, console: Console, marks: bool) -> Iterator[RenderableType]:
    match block:
        case Heading():
            yield Line(_words(block.text), "bold underline" if block.level == 2 else "bold")
        case Paragraph() | Byline():
            yield _line(block.content, marks)
        case Bullets() | Numbered():
            for number, item in enumerate(block.items, block.start if isinstance(block, Numbered) else 1):
                yield _item(f"{number}." if isinstance(block, Numbered) else "-", _line(item, marks))
        case Table():
            yield from _table(block, marks)
        case CodeBlock():
            yield Padding(Line(visible(block.text)), (0, 0, 0, 2))
        case Chart():
            yield from _table(block.table, marks, block.title)
        case Part():
            _print((block.heading, Paragraph(block.lead), *block.blocks), console, marks)
        case Note() | Details():
            yield Line(_title(block), "bold")
            _print(block.blocks, console, marks)
        case Beside():
            for part in block.parts:
                _print(part, console, marks)


def _title(block: Note | Details) -> str:
    if isinstance(block, Note):
        return block.title
    return _words(block.summary.text if isinstance(block.summary, Heading) else block.summary)


def _item(mark: str, line: Line) -> Grid:
    grid = Grid.grid(padding=(0, 1))
    grid.add_row(mark, line)
    return grid


def _table(table: Table, marks: bool, caption: str = "") -> Iterator[RenderableType]:
    yield Line(_words(caption or table.caption), "italic")
    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for number, name in enumerate(table.header):
        grid.add_column(_words(name), justify="right" if number in table.numeric else "left", overflow="fold")
    for row in table.rows[:_ROWS]:
        grid.add_row(*(_line(cell, marks) for cell in row))
    yield grid
    if len(table.rows) > _ROWS:
        yield Line(f"and {len(table.rows) - _ROWS} more rows; --html has all of them")


def _line(content: Content, marks: bool) -> Line:
    if isinstance(content, str):
        return Line(_words(content))
    line = Line()
    for part in content:
        match part:
            case LineBreak():
                line.append("\n")
            case Strong():
                line.append(_words(part.text), "bold")
            case Code():
                line.append(_words(part.text), "cyan")
            case Link() if part.href.startswith("#") and not marks:
                pass
            case Text() | Target() | Link():
                line.append(_words(part.text))
    return line


def _words(text: str) -> str:
    """A text within a line: a line feed in it, which nothing of this project writes, is a blank, as in Markdown."""
    return re.sub(r"\s+", " ", visible(text))
