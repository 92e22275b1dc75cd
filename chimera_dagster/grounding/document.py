"""The sentences of a Markdown document: of its paragraphs, headings, list items, quotes and table rows."""

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

_END = re.compile(r"(?<=[.!?])[\"”’)]*\s+(?=[A-Z\[(\"“*‘0-9])|\n+")
_NO_END = re.compile(r"(?:\b(?i:e\.g|i\.e|vs|approx|no|cf|ca)|(?<![\w/])[A-Z]|^\s*\d{1,2})\.$")
_LONGEST = 8  # characters of what ends with a full stop and ends no sentence
_NUMBERED = re.compile(r"\s*\d{1,2}(?:\.\d{1,2})*[.)]?\s+(?=[A-Z])")
_UNIT = re.compile(r"\(([^()]{1,20})\)\s*$")
_BARE = re.compile(r"[-+]?[\d.,]{1,20}")
_BREAKS = ("softbreak", "hardbreak")
_MARKS = ("text", "code_inline", "html_inline")


class Sentence(NamedTuple):
    """`line` counts from 1; `passage` is the number of the block that it stands in. A heading may claim nothing."""

    line: int
    text: str
    passage: int = 0
    heading: bool = False


def sentences(markdown: str) -> list[Sentence]:
    """Every sentence of a document, without the marks of Markdown. Code blocks and HTML blocks are left out."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    return [each for each in _sentences(tokens) if re.search(r"\w", each.text)]


def ends(text: str) -> Iterator[tuple[int, int]]:
    """Where each sentence of a text begins and ends."""
    start = 0
    for match in _END.finditer(text):
        if match[0][0] == "\n" or not _NO_END.search(text[max(start, match.start() - _LONGEST) : match.start()]):
            yield start, match.start()
            start = match.end()
    if text[start:].strip():
        yield start, len(text)


def _sentences(tokens: Sequence[Token]) -> Iterator[Sentence]:
    header: list[str] = []
    row: list[str] = []
    row_line = 1
    for number, token in enumerate(tokens):
        if token.type == "table_open":
            header = []
        elif token.type == "tr_open":
            row, row_line = [], _line(token)
        elif token.type == "tr_close":
            if header:
                text = "; ".join(_cell(name, cell) for name, cell in zip(header, row, strict=False) if cell)
                yield Sentence(row_line, text, number)
            header = header or row
        elif token.type == "inline":
            parent = tokens[number - 1].type
            if parent in ("th_open", "td_open"):
                row.append("".join(text for text, _ in _pieces(token)).strip())
            else:
                yield from _prose(token, number, parent == "heading_open")


def _prose(token: Token, passage: int, heading: bool) -> Iterator[Sentence]:
    pieces = list(_pieces(token))
    text = "".join(piece for piece, _ in pieces)
    first = _line(token)
    # a paragraph that is bold as a whole is a heading by another mark
    children = [child for child in token.children or [] if child.type != "text" or child.content]
    bold = bool(children) and children[0].type == "strong_open" and children[-1].type == "strong_close"
    number = _NUMBERED.match(text) if heading or bold else None
    for begin, end in ends(text):
        start = max(begin, number.end() if number else 0)
        line = first + _breaks_before(pieces, start + len(text[start:end]) - len(text[start:end].lstrip()))
        yield Sentence(line, text[start:end].strip(), passage, heading or bold)


def _breaks_before(pieces: Sequence[tuple[str, bool]], at: int) -> int:
    """How many line breaks lie before a place in the joined pieces."""
    length = breaks = 0
    for piece, is_break in pieces:
        length += len(piece)
        if length > at:
            break
        breaks += is_break
    return breaks


def _pieces(token: Token) -> Iterator[tuple[str, bool]]:
    children = [child for child in token.children or [] if child.type != "text" or child.content]
    for child, after in itertools.zip_longest(children, children[1:]):
        if child.type in _BREAKS:
            # lines that begin with a label in bold are entries, not a paragraph
            yield "\n" if after is not None and after.type == "strong_open" else " ", True
        elif child.type in _MARKS:
            yield child.content, False


def _cell(name: str, cell: str) -> str:
    """`TTFT (ms)` and `3` as `TTFT: 3 ms`."""
    unit = _UNIT.search(name)
    if unit and _BARE.fullmatch(cell):
        return f"{name[: unit.start()].strip()}: {cell} {unit[1]}"
    return f"{name}: {cell}"


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1
