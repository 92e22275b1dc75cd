"""Reads Markdown as a list of blocks: headings, paragraphs, list items and rows of tables, as plain text."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Literal, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

_LABEL_LEVEL = 7  # of a line that is bold as a whole: below every heading
_PROSE = ("", "md", "markdown", "text", "txt", "plaintext", "json")  # languages of fences that may hold an answer
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_RULE = re.compile(r"^[\s|:=_*-]+$")
_LONGEST_LABEL = 10  # words


class Block(NamedTuple):
    """`cells` are those of a table's row, whose `header` is empty if it has none; of any other block, its text.

    `level` is that of a heading, 1 to 7, or the depth of a list item, from 1. `label` is what stands in bold before a
    colon at the begin of the text, as in "**Cold start**: it takes 2 s."
    """

    kind: Literal["heading", "text", "item", "row"]
    cells: tuple[str, ...]
    level: int = 0
    header: tuple[str, ...] = ()
    label: str = ""


class _Line(NamedTuple):
    text: str
    is_bold: bool  # as a whole
    label: str = ""


def read_blocks(markdown: str) -> list[Block]:
    """The blocks of a text in their order. Code in another language than prose is left out."""
    return list(_Blocks(_parser().parse(markdown)).read())


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "maxNesting": 12}).enable("table").disable("code")


class _Blocks:
    """Walks over the tokens of a document."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._depth = 0  # of lists
        self._is_first = False  # whether the next paragraph is the first of its list item
        self._header: tuple[str, ...] = ()
        self._cells: list[str] | None = None

    def read(self) -> Iterator[Block]:
        for place, token in enumerate(self._tokens):
            match token.type:
                case "bullet_list_open" | "ordered_list_open":
                    self._depth += 1
                case "bullet_list_close" | "ordered_list_close":
                    self._depth -= 1
                case "list_item_open":
                    self._is_first = True
                case "table_open":
                    self._header = ()
                case "tr_open":
                    self._cells = []
                case "thead_close":
                    self._header = tuple(self._cells or ())
                    self._cells = None
                case "tr_close" if self._tokens[place + 1].type != "thead_close":
                    yield Block("row", tuple(self._cells or ()), header=self._header)
                    self._cells = None
                case "fence" if token.info.strip().casefold().split(" ")[0] in _PROSE:
                    yield from read_blocks(token.content) if token.level < 3 else ()
                case "inline":
                    yield from self._inline(token, self._tokens[place - 1])
                case _:
                    pass

    def _inline(self, token: Token, opening: Token) -> Iterator[Block]:
        lines = _lines(token.children or [])
        if self._cells is not None:
            self._cells.append(" ".join(line.text for line in lines))
        elif opening.type == "heading_open":
            yield Block("heading", (" ".join(line.text for line in lines),), int(opening.tag[1:]))
        else:
            yield from self._paragraph(lines)

    def _paragraph(self, lines: Sequence[_Line]) -> Iterator[Block]:
        """A paragraph, without lines that are bold as a whole or rows of a table that has no line of dashes."""
        kind = "item" if self._depth and self._is_first else "text"
        self._is_first = False
        text: list[str] = []
        label = ""
        header: tuple[str, ...] = ()
        rows = 0
        for line in [*lines, _Line("", is_bold=False)]:
            is_row = _ROW.match(line.text) is not None
            is_parent = kind == "item" and line.text.endswith(":")  # of the items nested in this one
            is_short = len(line.text.split()) <= _LONGEST_LABEL and not line.text.endswith(".")
            is_label = line.is_bold and is_short and not is_parent
            if (is_row or is_label or not line.text) and text:
                yield Block(kind, (" ".join(text),), self._depth, label=label)
                text = []
            if is_row:
                cells = tuple(cell.strip() for cell in line.text.strip().strip("|").split("|"))
                if _RULE.match(line.text):
                    continue
                if (
                    not rows
                    and len(cells) > 1
                    and re.search("risk|mitigation", line.text, re.I)
                    and all(len(cell.split()) <= 3 for cell in cells)
                ):
                    header = cells
                else:
                    yield Block("row", cells, header=header)
                rows += 1
            elif is_label and line.text:
                yield Block("heading", (line.text,), _LABEL_LEVEL)
            elif line.text and not _RULE.match(line.text):
                label = label if text else line.label
                text.append(line.text)


def _lines(children: Sequence[Token]) -> list[_Line]:
    """The lines of a paragraph as plain text."""
    lines: list[list[tuple[str, bool]]] = [[]]
    strong = 0
    for child in children:
        match child.type:
            case "softbreak" | "hardbreak":
                lines.append([])
            case "strong_open":
                strong += 1
            case "strong_close":
                strong -= 1
            case "text" | "code_inline" | "text_special":
                lines[-1].append((child.content, strong > 0))
            case _:
                pass
    return [line for pieces in lines if (line := _line(pieces)).text]


def _line(text: Sequence[tuple[str, bool]]) -> _Line:
    """A line of its pieces, of which each is strong or not."""
    joined = " ".join("".join(piece for piece, _ in text).split())
    is_bold = bool(joined) and all(is_strong or not piece.strip(" :") for piece, is_strong in text)
    lead = "".join(piece for piece, _ in takewhile(lambda each: each[1] or not each[0].strip(), text)).strip()
    is_label = lead.endswith(":") or joined.startswith(f"{lead}:")
    return _Line(joined, is_bold, f"{lead.rstrip(':')}:" if lead and is_label and not is_bold else "")
