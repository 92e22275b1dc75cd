"""Reads the Markdown of a model line by line into blocks: paragraphs, list items and cells, each in its section.

It is no CommonMark: models number headings, leave out blank lines, and indent what is not code. What they mean counts.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from chimera_dagster.write.risk_table import Columns, cells_of, columns_of, is_delimiter, row_text
from chimera_dagster.write.sections import Role, Section, meaning_of, without_number
from chimera_dagster.write.sentences import is_sentence, visible, without_marks


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


def read_markdown(text: str, stage: Literal["analysis", "report"]) -> Read:
    """Never raises; linear in the length of `text`."""
    reader = _Reader(text.splitlines(), has_risks=stage == "report")
    return reader.read()


_ATX = re.compile(r"\s{0,3}(#{1,6})(?!#)\s*(\S.*)")
_BOLD_LINE = re.compile(r"\s*(?:[-*•+]\s+)?((?:\d{1,2}[.)]\s*)?(?:\*\*|__)[^*]+(?:\*\*|__)\s*:?)\s*")
_UNDERLINE = re.compile(r"\s{0,3}(=+|-{3,})\s*")
_RULE = re.compile(r"\s*([-*_=]\s*){3,}")
_FENCE = re.compile(r"\s*(?:```|~~~)\s*(\w*)\s*")
_ITEM = re.compile(r"(\s*)(?:([-*•+–])|(\d{1,2}[.)]|\(\d{1,2}\)|[a-hA-H][.)]))\s+(\S.*)")
_QUOTE = re.compile(r"\s*(?:>\s?)+")
_BOLD_LABEL = re.compile(
    r"(?:\d{1,2}[.)]\s*)?(?:\*\*|__)([^*]{1,120}?)(?:\s*:\s*(?:\*\*|__)|(?:\*\*|__)\s*(?::|\s[-–—]\s))\s*(.*)"
)
_LABEL = re.compile(r"([A-Z][^\s:.|]*(?: [^\s:.|]+){0,3})\s*:(?:\s+(.*)|$)")
_MITIGATION = re.compile(
    r"(?:(?<=[.!?;|])|(?<=—)|(?<=–)|^)\s*[*_]{0,2}(?:mitigations?|countermeasure)(?: strategy| plan| \d{1,2})?"
    r"[*_]{0,2}\s*:[*_]{0,2}\s*",
    re.IGNORECASE,
)
_RISK = re.compile(r"[*_]{0,2}risk(?: #?\d{1,2})?[*_]{0,2}\s*:[*_]{0,2}\s*", re.IGNORECASE)
_REMEDY = re.compile(
    r"(?<=[.!?])\s+(?=(?:To|In order to) (?:mitigate|address|avoid|reduce|counter|prevent|overcome)\b)", re.IGNORECASE
)
_RATED = re.compile(r"(?:impact|likelihood|severity|probability|priority|effort|level|owner)\b", re.IGNORECASE)
_PROSE_FENCES = ("", "markdown", "md", "text", "txt", "plaintext")


class _Reader:
    def __init__(self, lines: Sequence[str], *, has_risks: bool) -> None:
        self._lines, self._has_risks = lines, has_risks
        self._blocks: list[Block] = []
        self._headings: dict[Section, None] = {}
        self._section: Section = "other"
        self._level = 7  # of the heading of the section
        self._pending: list[str] = []  # lines of a paragraph or item
        self._number = 0
        self._top: int | None = None  # indent of the items of the list
        self._is_numbered = self._is_grouped = self._is_item = False
        self._parent = ""  # label of the item or line that others belong to
        self._columns: Columns | None = None
        top = [match for line in lines if (match := _ATX.fullmatch(line))]
        ones = [match for match in top if len(match[1]) == 1]
        self._title = ones[0].string if len(ones) == 1 and top[0] is ones[0] and len(top) > 1 else None

    def read(self) -> Read:
        place, code = 0, False
        while place < len(self._lines):
            line = (
                _QUOTE.sub("", self._lines[place])
                if self._lines[place].lstrip().startswith(">")
                else self._lines[place]
            )
            following = self._lines[place + 1] if place + 1 < len(self._lines) else ""
            place += 1
            if fence := _FENCE.fullmatch(line):
                self._flush()
                code = not code and fence[1].lower() not in _PROSE_FENCES
            elif code:
                continue
            elif (
                line.strip()
                and "|" not in line
                and (under := _UNDERLINE.fullmatch(following))
                and not _ITEM.fullmatch(line)
            ):
                self._heading(line, 1 if under[1][0] == "=" else 2)
                place += 1
            else:
                self._line(line, following)
        self._flush()
        return Read(self._blocks, tuple(self._headings))

    def _line(self, line: str, following: str) -> None:
        if not line.strip():
            self._flush()
            self._columns = None
            self._is_item = self._is_item and not self._is_full
        elif heading := _ATX.fullmatch(line):
            self._heading(heading[2].rstrip("# "), len(heading[1]), is_title=line == self._title)
        elif _RULE.fullmatch(line):
            self._flush()
        elif "|" in line and (line.lstrip().startswith("|") or self._columns or is_delimiter(following)):
            self._row(line, following)
        elif not self._plain_heading(line):
            self._text(line)

    @property
    def _is_full(self) -> bool:
        """Whether the current block has text."""
        return bool(self._blocks) and self._blocks[-1].number == self._number

    def _plain_heading(self, line: str) -> bool:
        """A line that is bold, or says nothing but the name of a section, with or without text behind a colon."""
        item = _ITEM.fullmatch(line)
        content = item[4] if item else line.strip()
        label = _BOLD_LABEL.fullmatch(content) or _LABEL.fullmatch(content)
        title, rest = (label[1], label[2] or "") if label else (content, "")
        meaning = meaning_of(title)
        names_two = len(without_number(title).split()) > 1 or not item
        if meaning and meaning.is_plain and names_two and not _RISK.match(content) and not _MITIGATION.match(content):
            self._heading(title, 6)
            if rest:
                self._text(rest)
            return True
        if not _BOLD_LINE.fullmatch(line):
            return False
        title = without_number(content)
        if meaning and not meaning.is_weak and not is_sentence(title) and not _ITEM.fullmatch(line):
            self._heading(title, 6)
        elif not is_sentence(title) and not item:
            self._begin()
            self._parent, self._is_item = title, True
        else:
            return False
        return True

    def _heading(self, title: str, level: int, *, is_title: bool = False) -> None:
        self._flush()
        self._top = self._columns = None
        self._parent, self._is_item, self._is_grouped = "", False, False
        meaning = None if is_title else meaning_of(title)
        if is_title and (plain := meaning_of(title)) and plain.is_plain:
            meaning = plain
        if meaning and (not meaning.is_weak or level <= self._level or self._section == "other"):
            if self._section != meaning.section or level <= self._level:
                self._level = level
            self._section = meaning.section
            self._headings.setdefault(meaning.section)
        elif level <= self._level or is_title:
            self._section, self._level = "other", level
        elif self._section in ("recommendations", "risks"):
            self._begin()
            self._is_grouped = without_number(title) != title.strip(" *_`#:\t")
            name = visible(without_marks(without_number(title)))
            if is_sentence(name):
                self._add(f"{name.rstrip('.')}.", "text")

    def _begin(self) -> None:
        """The next text is of a new block, unless a numbered heading holds all of them together."""
        if not self._is_grouped:
            self._number += 1
        self._parent = ""

    def _text(self, line: str) -> None:
        item = _ITEM.fullmatch(line)
        if item is None:
            if (
                not self._pending
                and not (self._is_item and not self._is_full)
                and not (line[:1].isspace() and self._is_item)
            ):
                self._begin()
                self._top, self._is_item = None, False
            self._pending.append(line.strip())
            return
        self._flush()
        indent, is_numbered = len(item[1].expandtabs(4)), item[3] is not None
        is_nested = self._top is not None and (
            indent > self._top or (self._is_numbered and not is_numbered and not self._is_full)
        )
        is_remedy = self._section == "risks" and _MITIGATION.match(item[4])
        if not is_nested and not is_remedy and not (self._is_item and self._top is None and not self._is_full):
            self._begin()
        if not is_nested:
            self._top, self._is_numbered = indent, is_numbered
        self._is_item = True
        self._pending.append(item[4])

    def _flush(self) -> None:
        text, self._pending = " ".join(self._pending), []
        if not text:
            return
        if not (self._section == "risks" or (self._has_risks and _RISK.match(text))):
            self._labelled(text, "text")
            return
        self._section = "risks"
        risk, *remedies = _MITIGATION.split(text)
        if not remedies and self._has_risks:
            risk, *remedies = _REMEDY.split(text, maxsplit=1)
        role: Role = "risk" if self._has_risks or _RISK.match(risk) else "text"
        self._labelled(_RISK.sub("", risk, count=1), role)
        for remedy in remedies:
            self._labelled(remedy, "mitigation")

    def _labelled(self, text: str, role: Role) -> None:
        """Adds the text without its label; a label that is a sentence comes first, one before a mere value stays."""
        match = _BOLD_LABEL.match(text) or (_LABEL.fullmatch(text) if self._is_item else None)
        label = visible(without_marks(match[1])).strip(" :") if match else ""
        rest = visible(without_marks((match[2] or "") if match else text))
        if label and is_sentence(label):
            self._add(label if label[-1] in ".!?" else f"{label}.", role)
            label = ""
        elif label and not rest:
            self._parent = label
            return
        if _RATED.match(label) and not is_sentence(rest):
            return
        if not is_sentence(rest) and len(rest.split()) <= _FRAGMENT:
            rest = ": ".join(filter(None, (self._parent, label, rest)))
        self._add(rest, role)

    def _row(self, line: str, following: str) -> None:
        self._flush()
        if is_delimiter(line):
            return
        cells = [visible(without_marks(cell)) for cell in cells_of(line)]
        if self._columns is None:
            self._columns = columns_of(cells, is_risks=self._section == "risks")
            if self._columns.is_risks and self._section != "risks":
                self._section = "risks"
            if is_delimiter(following) or self._columns.is_header:
                return
        self._number += 1
        for role, text in row_text(cells, self._columns):
            self._add(text, role)

    def _add(self, text: str, role: Role) -> None:
        if text:
            self._blocks.append(Block(self._section, self._number, role, text))


_FRAGMENT = 12  # words: more are text, whatever they lack
