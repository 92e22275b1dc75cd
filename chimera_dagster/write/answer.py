"""Parses a model's answer into sentences, each with its section and its part in a risk table. It never raises."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

from pydantic import BaseModel

from chimera_dagster.write.headings import Place, Section, Stage, label_of, place_of, without_number
from chimera_dagster.write.markdown_blocks import Block, read_blocks
from chimera_dagster.write.raw_text import readable
from chimera_dagster.write.sentences import split_sentences

__all__ = ["SECTIONS", "Answer", "Role", "Section", "Sentence", "Stage", "parse_answer"]

Role = Literal["text", "risk", "mitigation"]
_ROLES: tuple[Role, Role] = ("risk", "mitigation")
SECTIONS: tuple[Section, ...] = get_args(Section)

_MOST_SENTENCES = 400
_MITIGATION = re.compile(r"(?:^|[\s(;–—-])(?:mitigations?|how to mitigate(?: it| this)?)\s*[:–—-]\s*", re.I)
_TO_MITIGATE = re.compile(r"to (?:mitigate|address|avoid|reduce) (?:this|these|the|it)\b", re.I)
_RISK_LABEL = re.compile(r"^(?:risk(?: \d{1,2})?)\s*[:–—-]\s*", re.I)
_RISK_COLUMN = re.compile(r"risk|issue|threat|concern|problem|challenge|limitation", re.I)
_MITIGATION_COLUMN = re.compile(r"mitigat|action|response|solution|remedy|recommend|what to do|measure", re.I)
_ENDS = re.compile(r"[.!?…。:|)\]}\"”’'*`]\s*$")
_MODEL_TAG = re.compile(r"\w:\w")
_PRONOUN = re.compile(r"\b(?:it|its|this|these|they|their|the model)\b", re.I)
_MOSTLY = 0.8  # of the sentences
_LEAST_LABELLED = 6  # words of a sentence that needs no label
_LONGEST_PARENT = 6  # words of a list item that says what its nested items are about
_BY_WORD = re.compile(r"\W+")


class Sentence(BaseModel, frozen=True):
    """A sentence as the model wrote it, on one line and without inline marks.

    `id` is `A1`, `A2`, ... in an analysis and `R1`, `R2`, ... in a report, in the order of the answer. Sentences of one
    paragraph, list item or table row share a `block`; a risk and its mitigation do.
    """

    id: str
    section: Section
    block: int
    role: Role
    text: str


class Answer(BaseModel, frozen=True):
    """The parsed answer of one call.

    `complete`: nothing shows that it was cut. `repeated` counts sentences that were dropped because the answer
    contained them before. `headings` are the sections that it has a heading for, each once, in its order. `problems`
    says in plain English what is wrong with it as a text, such as that it is JSON.
    """

    sentences: tuple[Sentence, ...]
    complete: bool
    repeated: int
    headings: tuple[Section, ...] = ()
    problems: tuple[str, ...] = ()


def parse_answer(stage: Stage, text: str) -> Answer:
    """Parse an answer of any shape and length in linear time; of a cut one, what came before the cut is kept."""
    raw = readable(text)
    reader = _Reader(stage)
    for block in read_blocks(raw.markdown):
        reader.read(block)
    problems, found, is_complete = list(raw.problems), reader.found, raw.is_complete
    if _is_cut(raw.markdown, found):
        found.pop()
        is_complete = False
        problems.append("its last sentence was cut")
    kept, repeated = _without_repeats(found)
    if len(kept) > _MOST_SENTENCES:
        kept = kept[:_MOST_SENTENCES]
        problems.append(f"it has more than {_MOST_SENTENCES} sentences; the rest was not read")
    return Answer(
        sentences=tuple(
            Sentence(id=f"{stage[0].upper()}{number}", **it._asdict()) for number, it in enumerate(kept, start=1)
        ),
        complete=is_complete,
        repeated=repeated,
        headings=tuple(dict.fromkeys(reader.headings)),
        problems=tuple(problems),
    )


class _Found(NamedTuple):
    section: Section
    block: int
    role: Role
    text: str


def _is_cut(markdown: str, found: Sequence[_Found]) -> bool:
    """Whether the last sentence has no end although nearly all others have one."""
    if not found or _ENDS.search(markdown) or _ENDS.search(found[-1].text):
        return False
    ended = sum(_ENDS.search(it.text) is not None for it in found[:-1])
    return ended >= _MOSTLY * (len(found) - 1)


class _Reader:
    """Collects the sentences of an answer, block by block; those before any heading belong to the first section."""

    def __init__(self, stage: Stage) -> None:
        self.found: list[_Found] = []
        self.headings: list[Section] = []
        self._stage: Stage = stage
        self._place = Place("summary" if stage == "report" else "performance", 1)
        self._block = 0
        self._parent: tuple[int, str] | None = None  # depth and text of an item that says what its items are about
        self._is_led = False  # whether a heading that is advice itself came before
        self._header: Sequence[str] = ()

    def read(self, block: Block) -> None:
        if block.kind == "row":
            self._row(block.cells, block.header)
            return
        [text] = block.cells
        place = place_of(self._stage, text, self._place, block.level, is_heading=block.kind == "heading")
        if place is not None:
            self._open(place)
        elif block.kind != "heading":
            self._text(block, text)
        elif self._place.section == "recommendations" and len(text.split()) > 2:
            self._block += 1
            self._add("text", without_number(text))
            self._is_led = True

    def _open(self, place: Place) -> None:
        self._place, self._parent, self._is_led = place, None, False
        self.headings.append(place.section)

    def _add(self, role: Role, text: str) -> None:
        for sentence in split_sentences(text):
            self.found.append(_Found(self._place.section, self._block, role, sentence))

    def _text(self, block: Block, text: str) -> None:
        label = label_of(self._stage, text)
        if label is not None:
            place, text = label
            self._open(place)
        if self._place.section == "risks":
            self._risk(text, is_item=block.kind == "item")
            return
        is_nested = block.kind == "item" and self._parent is not None and block.level > self._parent[0]
        if self._parent is not None and is_nested:
            text = f"{self._parent[1]} {text}"
        elif block.kind == "item" and text.endswith(":") and len(text.split()) <= _LONGEST_PARENT:
            self._parent = block.level, text
            return
        else:
            self._parent = None
        if block.label and self._place.section != "recommendations":
            text = _without_label(text, block.label)
        self._block += not self._is_led
        self._is_led = False
        self._add("text", text)

    def _risk(self, text: str, *, is_item: bool) -> None:
        """A risk that is an item of a list or a paragraph, and its mitigation, which may be an item of its own."""
        risk, mitigation = _split_risk(text)
        if risk.strip():
            self._block += 1
        role: Role = "risk" if is_item or mitigation or _RISK_LABEL.match(risk) else "text"
        for sentence in split_sentences(_RISK_LABEL.sub("", risk)):
            if role == "risk" and _TO_MITIGATE.match(sentence):
                role = "mitigation"
            self._add(role, sentence)
        self._add("mitigation", mitigation)

    def _row(self, cells: Sequence[str], header: Sequence[str]) -> None:
        """A row of a risk table as a risk and its mitigation; one of another table as a sentence of its cells."""
        if not any(cell.strip() for cell in cells):
            return
        is_named = any(_RISK_COLUMN.search(name) or _MITIGATION_COLUMN.search(name) for name in header)
        is_risk = len(cells) > 1 and (is_named or self._place.section == "risks")
        if is_risk and header and not is_named and header is not self._header:
            self._header = header
            self._row(header, ())  # it is no header, but the first risk
        self._block, self._parent, self._is_led = self._block + 1, None, False
        if is_risk:
            risk, mitigation = _columns(header, cells)
            self._place = Place("risks", self._place.level)
            both = cells[risk], cells[mitigation]
            for role, cell in zip(_ROLES, both if all(both) else _split_risk("".join(both)), strict=True):
                self._add(role, cell)
            return
        named = [f"{name} {cell}".strip() for name, cell in zip(header[1:], cells[1:], strict=False)]
        rest = ", ".join(named or cells[1:])
        self._add("text", f"{cells[0]}: {rest}" if rest else cells[0])


def _split_risk(text: str) -> tuple[str, str]:
    """A risk and its mitigation, empty if the text names none."""
    risk, *mitigation = _MITIGATION.split(text, maxsplit=1)
    return risk, "".join(mitigation)


def _without_label(text: str, label: str) -> str:
    """A text without the label before it, if what follows is a sentence of its own and does not refer to the label."""
    rest = text.removeprefix(label).strip()
    refers = _MODEL_TAG.search(label.rstrip(":")) or _PRONOUN.search(rest)
    return text if refers or rest[:1].islower() or len(rest.split()) < _LEAST_LABELLED else rest


def _columns(header: Sequence[str], cells: Sequence[str]) -> tuple[int, int]:
    """The places of the risk and of its mitigation, whatever the headers are called."""
    last = len(cells) - 1
    mitigation = next((n for n, name in enumerate(header[: last + 1]) if _MITIGATION_COLUMN.search(name) and n), last)
    risk = next(
        (n for n, name in enumerate(header[: last + 1]) if _RISK_COLUMN.search(name) and n != mitigation),
        next((n for n, cell in enumerate(cells) if n != mitigation and len(cell.split()) > 1), 0),
    )
    return risk, mitigation


def _without_repeats(found: Sequence[_Found]) -> tuple[list[_Found], int]:
    """The sentences, each once; a mitigation may be that of several risks, and goes with a repeated one.

    What a summary says before its list of recommendations does is left to the list.
    """
    seen: set[str] = set()
    kept: list[_Found] = []
    gone: set[int] = set()
    expected = {_key(it) for it in found if it.section in ("recommendations", "risks")}
    for it in found:
        words = _key(it)
        if not words or (it.section not in ("recommendations", "risks") and words in expected):
            continue
        if it.role == "mitigation":
            if it.block in gone:
                continue
        elif words in seen:
            if it.role == "risk":
                gone.add(it.block)
            continue
        seen.add(words)
        kept.append(it)
    return kept, sum(bool(_key(it)) for it in found) - len(kept)


def _key(it: _Found) -> str:
    return _BY_WORD.sub(" ", it.text).strip().casefold()
