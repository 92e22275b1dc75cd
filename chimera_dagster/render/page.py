"""What a page says, apart from how it is written: blocks of plain text for markdown_writer.py and html.py.

Text is always plain: nobody escapes anything here, and what a file or a model wrote may stand in any of it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, NewType
from urllib.parse import urlsplit

Svg = NewType("Svg", str)  # markup that render/chart.py made, the only markup that is written as it is

NoteKind = Literal["info", "warning", "bad"]
NOTE_TITLES: dict[NoteKind, str] = {"info": "Note", "warning": "Warning", "bad": "Problem"}

_ANCHOR = re.compile(r"[a-z0-9][a-z0-9_-]*")
_LANGUAGE = re.compile(r"[A-Za-z0-9+-]*")
_JOINERS = "\u200c\u200d"  # scripts and emoji need them, and they reorder nothing


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    text: str


@dataclass(frozen=True, slots=True)
class Emphasis:
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    text: str


@dataclass(frozen=True, slots=True)
class Target:
    """What a link of this page leads to; Markdown, which has no anchors but those of headings, has its text alone."""

    text: str
    anchor: str

    def __post_init__(self) -> None:
        _check_anchor(self.anchor)


@dataclass(frozen=True, slots=True)
class Link:
    """`section` is the anchor of the heading above the Target that `href` names: as near as Markdown comes."""

    text: str
    href: str
    section: str = ""

    @property
    def target(self) -> str | None:
        """`href` where it is `#anchor`, relative, http or https; None for all else: the text then stands alone."""
        return self.href if _is_harmless(self.href) else None


@dataclass(frozen=True, slots=True)
class LineBreak: ...


Inline = Text | Strong | Emphasis | Code | Target | Link | LineBreak
Inlines = tuple[Inline, ...]


def inlines(*parts: str | Inline) -> Inlines:
    """Inlines, a `str` among them being Text."""
    return tuple(Text(part) if isinstance(part, str) else part for part in parts)


def joined(parts: Iterable[Inline]) -> Inlines:
    """The same inlines, neighbours of one kind made one where that changes nothing that is seen."""
    kept: list[Inline] = []
    for part in parts:
        if not isinstance(part, LineBreak) and not part.text:
            continue
        last = kept[-1] if kept else None
        if isinstance(part, Text | Strong | Emphasis | Code) and isinstance(last, type(part)):
            kept[-1] = replace(last, text=last.text + part.text)
        else:
            kept.append(part)
    return tuple(kept)


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` is 2 to 6: the page's title is its only first level. An empty `anchor` can't be linked to."""

    level: int
    text: str
    anchor: str = ""

    def __post_init__(self) -> None:
        if not 2 <= self.level <= 6:
            raise ValueError(f"A heading of level {self.level}; the title is level 1, and 6 is the last.")
        if self.anchor:
            _check_anchor(self.anchor)


@dataclass(frozen=True, slots=True)
class Paragraph:
    inlines: Inlines


@dataclass(frozen=True, slots=True)
class Bullets:
    items: tuple[Inlines, ...]


@dataclass(frozen=True, slots=True)
class Numbered:
    items: tuple[Inlines, ...]
    start: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """`numeric` are the columns, counted from 0, whose cells stand at the right. Raises ValueError for ragged rows.

    `interactive`: in HTML it scrolls in itself and can be sorted and filtered, where scripts run; its numeric cells
    begin with their number. Markdown has its first rows.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[Inlines, ...], ...]
    caption: str
    numeric: frozenset[int] = frozenset()
    interactive: bool = False

    def __post_init__(self) -> None:
        if any(len(row) != len(self.header) for row in self.rows):
            raise ValueError(f"A row of the table {self.caption!r} has not {len(self.header)} cells.")


@dataclass(frozen=True, slots=True)
class CodeBlock:
    text: str
    language: str = ""

    def __post_init__(self) -> None:
        if not _LANGUAGE.fullmatch(self.language):
            raise ValueError(f"{self.language!r} is no name of a language.")


@dataclass(frozen=True, slots=True)
class Note:
    """Set apart from the text, with a word that says its kind: a verdict, or why something is withheld."""

    kind: NoteKind
    blocks: "tuple[Block, ...]"


@dataclass(frozen=True, slots=True)
class Figure:
    """`description` says in a sentence what is to be seen; `table` has the values that are drawn."""

    svg: Svg
    title: str
    description: str
    table: Table


@dataclass(frozen=True, slots=True)
class Rule: ...


@dataclass(frozen=True, slots=True)
class Details:
    """What few readers need: folded away where a medium can fold."""

    summary: str
    blocks: "tuple[Block, ...]"


Block = Heading | Paragraph | Bullets | Numbered | Table | CodeBlock | Note | Figure | Rule | Details


@dataclass(frozen=True, slots=True)
class Page:
    """A document. Raises ValueError where an anchor stands twice or a heading skips a level.

    `lang` is a BCP 47 tag such as `en`.
    """

    title: str
    lang: str
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        level, anchors = 1, set[str]()
        for heading in headings(self.blocks):
            if heading.level > level + 1:
                raise ValueError(f"The heading {heading.text!r} of level {heading.level} follows one of level {level}.")
            if heading.anchor in anchors:
                raise ValueError(f"The anchor {heading.anchor!r} stands twice.")
            level = heading.level
            anchors |= {heading.anchor} - {""}


def headings(blocks: tuple[Block, ...]) -> Iterator[Heading]:
    """Every heading in its order, those inside notes and details too."""
    for block in blocks:
        if isinstance(block, Heading):
            yield block
        elif isinstance(block, Note | Details):
            yield from headings(block.blocks)


def anchor_of(text: str) -> str:
    """`Key findings (2)` as `key-findings-2`, as GitHub names a heading's anchor; at least `section`."""
    kept = re.sub(r"[^a-z0-9 _-]", "", text.lower()).strip(" _-")
    return kept.replace(" ", "-") or "section"


def visible(text: str) -> str:
    """Text in which nothing acts unseen: controls, also those of direction, are spelled out (`\\u202e`).

    Lines end with a line feed, any other white space is a blank or a tab.
    """
    return "".join(map(_visible, re.sub("\r\n|[\r\x85\u2028\u2029]", "\n", text)))


def reads_from_right(text: str) -> bool:
    """Whether a letter in `text` is of a script that is written from right to left, and so could reorder its line."""
    return any(unicodedata.bidirectional(sign) in {"R", "AL"} for sign in text)


def _check_anchor(anchor: str) -> None:
    if not _ANCHOR.fullmatch(anchor):
        raise ValueError(f"{anchor!r} is no anchor; anchor_of() makes one.")


def _visible(sign: str) -> str:
    if sign.isprintable() or sign in "\n\t" or sign in _JOINERS:
        return sign
    return " " if sign.isspace() else sign.encode("unicode_escape").decode()


def _is_harmless(href: str) -> bool:
    # A browser takes a backslash for a slash and drops controls, so "\\host" and "java<tab>script:" are not relative.
    if not href.isprintable() or "\\" in href or href != href.strip():
        return False
    try:
        parts = urlsplit(href)
    except ValueError:
        return False
    if parts.scheme in {"http", "https"}:
        return bool(parts.netloc)
    first = re.split(r"[/?#]", href, maxsplit=1)[0]
    return bool(href) and ":" not in first and not href.startswith("/")
