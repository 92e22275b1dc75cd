"""The blocks that a page consists of, apart from how it is written: markdown_writer.py and html_writer.py do that.

All text here is plain: only the writers escape it, so that what a file or a model wrote may be used anywhere.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, NewType
from urllib.parse import urlsplit

Svg = NewType("Svg", str)  # made by svg.py; the only markup that is written as it is

NoteKind = Literal["info", "warning", "bad", "view"]
_NOTE_TITLES: dict[NoteKind, str] = {
    "info": "Note",
    "warning": "Warning",
    "bad": "Problem",
    "view": "The model's own view, not checked",
}

_ANCHOR = re.compile(r"[a-z0-9][a-z0-9_-]*")
_LANGUAGE = re.compile(r"[A-Za-z0-9+-]*")


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    text: str


@dataclass(frozen=True, slots=True)
class Target:
    """A place that a link on this page can lead to. In Markdown, where only headings have anchors, it is plain text."""

    text: str
    anchor: str

    def __post_init__(self) -> None:
        _check_anchor(self.anchor)


@dataclass(frozen=True, slots=True)
class Link:
    """`section` is the anchor of the heading above the Target that `href` names; Markdown links to that heading.

    `hint` is shown in HTML when the pointer rests on the link; what it says must be found behind the link too.
    """

    text: str
    href: str
    section: str = ""
    hint: str = ""

    @property
    def target(self) -> str | None:
        """`href` if it is `#anchor`, relative, http or https, else None: only the text is then written."""
        return self.href if _is_harmless(self.href) else None


@dataclass(frozen=True, slots=True)
class LineBreak: ...


Inline = Text | Strong | Code | Target | Link | LineBreak
Inlines = tuple[Inline, ...]
Content = str | Inlines  # a str is plain text


def inlines(*parts: str | Inline) -> Inlines:
    """Inlines from parts, of which each `str` becomes Text."""
    return tuple(Text(part) if isinstance(part, str) else part for part in parts)


def joined(parts: Iterable[Inline]) -> Inlines:
    """The same inlines with empty ones left out and neighbours of one kind merged, if that changes nothing visible."""
    kept: list[Inline] = []
    for part in parts:
        if not isinstance(part, LineBreak) and not part.text:
            continue
        last = kept[-1] if kept else None
        if isinstance(part, Text | Strong | Code) and isinstance(last, type(part)):
            kept[-1] = replace(last, text=last.text + part.text)
        else:
            kept.append(part)
    return tuple(kept)


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` is 2 to 6, as the page's title is level 1. A heading with an empty `anchor` can't be linked to.

    Raises ValueError for another level, and for an anchor that anchor_of() could not have made.
    """

    level: int
    text: str
    anchor: str = ""

    def __post_init__(self) -> None:
        if not 2 <= self.level <= 6:
            raise ValueError(f"A heading must have a level from 2 to 6, not {self.level}.")
        if self.anchor:
            _check_anchor(self.anchor)


@dataclass(frozen=True, slots=True)
class Paragraph:
    content: Content


@dataclass(frozen=True, slots=True)
class Bullets:
    items: tuple[Content, ...]


@dataclass(frozen=True, slots=True)
class Numbered:
    items: tuple[Content, ...]
    start: int = 1


class Criterion(NamedTuple):
    """What rows are weighed by; a reader can move only what `has_slider`. `is_log`: scores are logarithms."""

    name: str
    words: str
    weight: float
    has_slider: bool
    higher_is_better: bool
    is_log: bool


class Weighed(NamedTuple):
    """A row's place among equals, and its score by each criterion, which is None if it is missing."""

    place: int
    scores: tuple[float | None, ...]


class Weighing(NamedTuple):
    """Lets a reader order an interactive table by weights of his own, if scripts run.

    The rows come in the order of the criteria's own weights, which `origin` names. `rows` has None for a row that stays
    behind the others whatever the weights are. `column` shows how far each is behind the first.
    """

    origin: str
    criteria: tuple[Criterion, ...]
    rows: tuple[Weighed | None, ...]
    column: int


@dataclass(frozen=True, slots=True)
class Table:
    """`numeric` has the columns, counted from 0, whose cells are aligned to the right.

    An `interactive` table can be sorted and filtered in HTML if scripts run, and with `weighing` ordered by a reader's
    weights. Its numeric cells must begin with their number; Markdown has only its first rows. Raises ValueError if a
    row has not as many cells as the header, or if rows are not weighed one by one.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[Content, ...], ...]
    caption: str
    numeric: frozenset[int] = frozenset()
    interactive: bool = False
    weighing: Weighing | None = None

    def __post_init__(self) -> None:
        if any(len(row) != len(self.header) for row in self.rows):
            raise ValueError(f"A row of the table {self.caption!r} does not have {len(self.header)} cells.")
        if self.weighing and (len(self.weighing.rows) != len(self.rows) or not self.interactive):
            raise ValueError(f"The table {self.caption!r} can't be weighed.")


@dataclass(frozen=True, slots=True)
class CodeBlock:
    text: str
    language: str = ""

    def __post_init__(self) -> None:
        if not _LANGUAGE.fullmatch(self.language):
            raise ValueError(f"{self.language!r} is not the name of a language.")


@dataclass(frozen=True, slots=True)
class Note:
    """A box beside the running text, titled with its kind: a verdict, or why something is withheld."""

    kind: NoteKind
    blocks: "tuple[Block, ...]"

    @property
    def title(self) -> str:
        return _NOTE_TITLES[self.kind]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing. `description` says in a sentence what it shows; `table` has the values that are drawn.

    The table is printed only if it is `on_paper`: a drawing may have every value at its marks. A chart whose values are
    also `in_table`, a table of the page beside it, is left out where nothing can be drawn.
    """

    svg: Svg
    title: str
    description: str
    table: Table
    on_paper: bool = True
    in_table: bool = False


@dataclass(frozen=True, slots=True)
class Byline:
    """A quiet line above what it is about, such as whose words follow."""

    content: Content


@dataclass(frozen=True, slots=True)
class Beside:
    """Parts of a page that stand beside each other if there is room, else one after the other."""

    parts: "tuple[tuple[Block, ...], ...]"


@dataclass(frozen=True, slots=True)
class Details:
    """What few readers need: folded away in HTML; in print all of it is there, or none of it if not `on_paper`.

    With a heading as its summary it is a section, which links can lead to.
    """

    summary: str | Heading
    blocks: "tuple[Block, ...]"
    on_paper: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page that stands for itself: its heading, a line that says what it is, and its blocks.

    Raises ValueError for a heading that is not of level 2 or can't be linked to.
    """

    heading: Heading
    lead: Content
    blocks: "tuple[Block, ...]"

    def __post_init__(self) -> None:
        if self.heading.level != 2 or not self.heading.anchor:
            raise ValueError(f"The heading {self.heading.text!r} can't begin a part.")


Block = Heading | Paragraph | Byline | Bullets | Numbered | Table | CodeBlock | Note | Chart | Details | Beside | Part


@dataclass(frozen=True, slots=True)
class Page:
    """A document in the language `lang`, a BCP 47 tag such as `en`.

    Raises ValueError if two headings have the same anchor or a heading skips a level.
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
                raise ValueError(f"Two headings have the anchor {heading.anchor!r}.")
            level = heading.level
            anchors |= {heading.anchor} - {""}


def headings(blocks: tuple[Block, ...]) -> Iterator[Heading]:
    """Every heading in order, including those inside other blocks."""
    for block in flat(blocks):
        if isinstance(block, Heading):
            yield block


def flat(blocks: "tuple[Block, ...]") -> "Iterator[Block]":
    """Every block in order, each container before what is in it, and a part's heading before its blocks."""
    for block in blocks:
        yield block
        if isinstance(block, Part):
            yield from flat((block.heading, *block.blocks))
        elif isinstance(block, Note | Details):
            if isinstance(block, Details) and isinstance(block.summary, Heading):
                yield block.summary
            yield from flat(block.blocks)
        elif isinstance(block, Beside):
            for part in block.parts:
                yield from flat(part)


def anchor_of(text: str) -> str:
    """`key-findings-2` for `Key findings (2)`, as GitHub does; `section` if nothing is left."""
    kept = re.sub(r"[^a-z0-9 _-]", "", text.lower()).strip(" _-")
    return kept.replace(" ", "-") or "section"


def _check_anchor(anchor: str) -> None:
    if not _ANCHOR.fullmatch(anchor):
        raise ValueError(f"{anchor!r} is not an anchor; anchor_of() makes one.")


def _is_harmless(href: str) -> bool:
    # A browser reads "\\" as "/" and drops control characters: "\\host" and "java<tab>script:" are not relative.
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
