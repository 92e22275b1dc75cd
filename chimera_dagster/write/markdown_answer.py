"""Reads the Markdown of a model line by line into blocks: paragraphs, list items and cells, each in its section.

Models number headings, leave out blank lines and indent what is not code, so it reads what they mean, not CommonMark.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from chimera_dagster.write.labels import (
    names_scope,
    plain,
    says_mitigation,
    says_risk,
    sentences_with_label,
    split_label,
    split_risk,
)
from chimera_dagster.write.risk_table import Columns, cells_of, columns_of, is_delimiter, row_text
from chimera_dagster.write.sections import Role, Section, meaning_of, without_number
from chimera_dagster.write.sentences import is_sentence


class Block(NamedTuple):
    """Text on one line without marks. Blocks with the same number belong together, as a risk and its mitigation do."""

    section: Section
    number: int
    role: Role
    text: str


class Read(NamedTuple):
    """The blocks of an answer, and the sections that its headings name, each once."""

    blocks: list[Block]
    headings: tuple[Section, ...]


def read_markdown(text: str, *, first: Section, has_risks: bool) -> Read:
    """The blocks of Markdown of any shape; never raises, linear in its length.

    What has no heading, or none but a title, is of the section `first`. With `has_risks`, all of the section of risks
    is risks and mitigations, else only tables and what is labelled so.
    """
    return _Reader(text.splitlines(), first, has_risks=has_risks).read()


_ATX = re.compile(r"\s{0,3}(#{1,6})(?!#)\s*(\S.*)")
_BOLD_LINE = re.compile(r"\s*(?:[-*•+]\s+)?(?:\d{1,2}[.)]\s*)?(?:\*\*|__)[^*]+(?:\*\*|__)\s*:?\s*")
_UNDERLINE = re.compile(r"\s{0,3}(=+|-{3,})\s*")
_RULE = re.compile(r"\s*([-*_=]\s*){3,}")
_FENCE = re.compile(r"\s*(?:```|~~~)\s*(\w*)\s*")
_ITEM = re.compile(r"(\s*)(?:[-*•+–]|(\d{1,2}[.)]|\(\d{1,2}\)|[a-hA-H][.)]))\s+(\S.*)")
_QUOTE = re.compile(r"\s*(?:>\s?)+")
_PROSE_FENCES = ("", "markdown", "md", "text", "txt", "plaintext")
_LOWEST = 6  # level of a heading without #
_MOST_WORDS = 3  # of a heading that is a list item


class _Reader:
    def __init__(self, lines: Sequence[str], first: Section, *, has_risks: bool) -> None:
        self._lines, self._has_risks = lines, has_risks
        self._title = _title(lines)
        self._blocks: list[Block] = []
        self._headings: dict[Section, None] = {}
        self._section: Section = first
        self._level = _LOWEST + 1  # of the heading of the section
        self._number = 0  # of the block
        self._is_grouped = False  # all below a numbered heading is one block
        self._pending: list[str] = []  # lines of a paragraph or item
        self._is_item = False
        self._indent: int | None = None  # of the list's items; None outside of a list
        self._is_numbered = False
        self._parent = ""  # label of the item or line that others belong to
        self._topic = ""  # of the heading, if it names a model or a level
        self._columns: Columns | None = None

    def read(self) -> Read:
        is_code = is_read = False
        for line, following in zip(self._lines, [*self._lines[1:], ""], strict=False):
            if is_read:  # it underlines the line before
                is_read = False
            elif fence := _FENCE.fullmatch(line):
                self._flush()
                is_code = not is_code and fence[1].lower() not in _PROSE_FENCES
            elif not is_code:
                content = _QUOTE.sub("", line, count=1) if line.lstrip().startswith(">") else line
                is_read = self._underlined(content, following)
                if not is_read:
                    self._line(content, following)
        self._flush()
        return Read(self._blocks, tuple(self._headings))

    def _underlined(self, line: str, following: str) -> bool:
        under = _UNDERLINE.fullmatch(following)
        if not under or not line.strip() or self._pending or "|" in line or _ITEM.fullmatch(line) or _ATX.match(line):
            return False
        if is_sentence(line.strip()) and not meaning_of(line):
            return False
        self._heading(line, 1 if "=" in under[1] else 2)
        return True

    def _line(self, line: str, following: str) -> None:
        if not line.strip():
            self._flush()
            self._columns = None
            self._is_item = self._is_item and not self._has_text
        elif heading := _ATX.fullmatch(line):
            self._heading(heading[2].rstrip("# "), len(heading[1]), is_title=line == self._title)
        elif _RULE.fullmatch(line):
            self._flush()
        elif "|" in line and (line.lstrip().startswith("|") or self._columns or is_delimiter(following)):
            self._row(line, following)
        elif not self._unmarked_heading(line):
            self._text(line)

    @property
    def _has_text(self) -> bool:
        """Whether the current block has text."""
        return bool(self._blocks) and self._blocks[-1].number == self._number

    def _unmarked_heading(self, line: str) -> bool:
        """A line that is bold, or has nothing but the name of a section, or that before a colon and text."""
        item = _ITEM.fullmatch(line)
        content = item[3] if item else line.strip()
        label, rest = split_label(content)
        title, rest = (label, rest) if label else (content, "")
        meaning = meaning_of(title)
        is_clear = not rest or not item or " " in without_number(title)
        if meaning and meaning.is_plain and is_clear and not says_risk(content) and not says_mitigation(content):
            self._heading(title, _LOWEST)
            if rest:
                self._text(rest)
            return True
        is_named = bool(meaning and not meaning.is_weak and meaning.section != self._section)
        is_short = len(without_number(title).split()) <= _MOST_WORDS
        if not (_BOLD_LINE.fullmatch(line) or (label and not rest)) or is_sentence(without_number(content)):
            return False
        if item and not (is_named and is_short and item[2]):
            return False
        if meaning and (is_named or not meaning.is_weak):
            self._heading(content, _LOWEST)
        else:
            self._flush()
            self._begin()
            self._parent, self._is_item = plain(without_number(content)), True
        return True

    def _heading(self, title: str, level: int, *, is_title: bool = False) -> None:
        self._flush()
        self._indent = self._columns = None
        self._parent, self._is_item, self._is_grouped = "", False, False
        meaning = meaning_of(title)
        if meaning and is_title and not meaning.is_plain:
            meaning = None
        is_topic = level > self._level and self._section != "other" and not is_title
        if meaning and not (is_topic and (meaning.is_weak or meaning.section == self._section)):
            self._section, self._level = meaning.section, level
            self._headings.setdefault(meaning.section)
        elif not is_topic and not is_title:
            self._section, self._level = "other", level
        name = plain(without_number(title))
        self._topic = name if names_scope(name) else ""
        if is_topic and self._section in ("recommendations", "risks"):
            self._begin()
            self._is_grouped = name != plain(title)
            if is_sentence(name, is_label=True):
                self._add(f"{name.rstrip('.')}.", "risk" if self._section == "risks" and self._has_risks else "text")

    def _begin(self) -> None:
        """The next text is of a new block, unless a numbered heading holds all of them together."""
        if not self._is_grouped:
            self._number += 1
        self._parent = ""

    def _text(self, line: str) -> None:
        item = _ITEM.fullmatch(line)
        is_open = self._is_item and not self._has_text  # an item with nothing but a label, or a bold line
        if item is None:
            if not self._pending and not is_open and not (line[0].isspace() and self._is_item):
                self._begin()
                self._indent, self._is_item = None, False
            self._pending.append(line.strip())
            return
        self._flush()
        is_open = self._is_item and not self._has_text
        indent, is_numbered = len(item[1].expandtabs(4)), item[2] is not None
        is_nested = self._indent is not None and (
            indent > self._indent or (is_open and self._is_numbered and not is_numbered)
        )
        is_remedy = self._section == "risks" and says_mitigation(item[3])
        if not is_nested and not is_remedy and not (is_open and self._indent is None):
            self._begin()
        if not is_nested:
            self._indent, self._is_numbered = indent, is_numbered
        self._is_item = True
        self._pending.append(item[3])

    def _flush(self) -> None:
        text, self._pending = " ".join(self._pending), []
        if not text:
            return
        if self._section != "risks" and not (self._has_risks and says_risk(text)):
            self._labelled(text, "text")
            return
        self._section = "risks"
        is_labelled = self._has_risks or says_risk(text)
        for role, piece in split_risk(text, by_words=self._has_risks):
            if piece:
                self._labelled(piece, role if is_labelled or role == "mitigation" else "text")

    def _labelled(self, text: str, role: Role) -> None:
        label, rest = split_label(text, may_be_plain=self._is_item)
        if label and not rest and not is_sentence(label, is_label=True):
            self._parent = label
            return
        for each in sentences_with_label(label, plain(rest), self._parent or self._topic):
            self._add(each, role)

    def _row(self, line: str, following: str) -> None:
        self._flush()
        if is_delimiter(line):
            return
        cells = [plain(cell) for cell in cells_of(line)]
        if self._columns is None:
            self._columns = columns_of(cells, is_risks=self._section == "risks")
            if self._columns.is_risks:
                self._section = "risks"
            if self._columns.is_header or (is_delimiter(following) and not self._columns.is_row):
                return
        self._number += 1
        for role, text in row_text(cells, self._columns):
            if role != "risk":
                self._add(text, role)
                continue
            for part, piece in split_risk(text, by_words=False):
                self._add(piece, part)

    def _add(self, text: str, role: Role) -> None:
        if text:
            self._blocks.append(Block(self._section, self._number, role, text))


def _title(lines: Sequence[str]) -> str | None:
    """The only heading of level 1, if it is the first of several headings."""
    headings = [match for line in lines if (match := _ATX.fullmatch(line))]
    ones = [match for match in headings if len(match[1]) == 1]
    return ones[0].string if len(ones) == 1 and len(headings) > 1 and headings[0] is ones[0] else None
