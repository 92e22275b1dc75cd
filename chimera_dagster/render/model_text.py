"""A model's text as blocks: paragraphs, lists, tables, bold and code of its Markdown; the rest stays as typed."""

from collections.abc import Iterator
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from chimera_dagster.render.page import (
    Block,
    Bullets,
    Code,
    Inline,
    Inlines,
    LineBreak,
    Numbered,
    Paragraph,
    Strong,
    Table,
    Text,
    joined,
)


def model_blocks(text: str, table_caption: str = "A table of the model's own") -> tuple[Block, ...]:
    """Blocks of what a model wrote; nothing in it becomes a heading, a link, an image or HTML.

    Its headings are bold paragraphs, as the page's own structure is not the model's to change; a list within a list
    is part of it.
    """
    return tuple(_blocks(iter(_parser().parse(text)), table_caption))


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("zero").enable(["heading", "list", "table", "emphasis", "backticks"])


def _blocks(tokens: Iterator[Token], caption: str) -> Iterator[Block]:
    for token in tokens:
        match token.type:
            case "paragraph_open":
                yield Paragraph(_inlines(next(tokens)))
            case "heading_open":
                if words := _plain(next(tokens)):
                    yield Paragraph((Strong(words),))
            case "bullet_list_open":
                if items := _items(token, tokens):
                    yield Bullets(items)
            case "ordered_list_open":
                if items := _items(token, tokens):
                    yield Numbered(items, _start(token))
            case "table_open":
                yield _table(tokens, caption)
            case _:
                pass  # the ends of what was read above


def _start(token: Token) -> int:
    start = token.attrGet("start")
    return 1 if start is None else int(start)


def _items(opening: Token, tokens: Iterator[Token]) -> tuple[Inlines, ...]:
    items: list[Inlines] = []
    for token in tokens:
        if token.type == opening.type.replace("open", "close") and token.level == opening.level:
            break
        if token.type == "list_item_open":
            items.append(())
        elif token.type == "inline":
            items[-1] += (LineBreak(), *_inlines(token)) if items[-1] else _inlines(token)
    return tuple(item for item in items if item)


def _table(tokens: Iterator[Token], caption: str) -> Table:
    rows: list[list[Token]] = []
    for token in tokens:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(token)
    header, *body = rows
    return Table(
        tuple(_plain(cell) for cell in header), tuple(tuple(_inlines(cell) for cell in row) for row in body), caption
    )


def _inlines(token: Token) -> Inlines:
    """Bold is `**`; a lone `*`, `_` and `__` are left as typed, as a model multiplies and names variables too."""
    found: list[Inline] = []
    bold = False
    for child in token.children or ():
        if child.type in {"strong_open", "strong_close"} and child.markup == "**":
            bold = child.type == "strong_open"
        elif child.type == "code_inline":
            found.append(Code(child.content))
        elif written := child.content or child.markup:
            found.append(Strong(written) if bold else Text(written))
    return joined(found)


def _plain(token: Token) -> str:
    return "".join(part.text for part in _inlines(token) if not isinstance(part, LineBreak))
