"""Parses a model's answer into sentences, each with its section and its part in a risk table. It never raises."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, get_args

from pydantic import BaseModel

from chimera_dagster.write.headings import Place, Section, Stage, label_of, place_of
from chimera_dagster.write.markdown_blocks import Block, read_blocks
from chimera_dagster.write.raw_text import readable
from chimera_dagster.write.sentences import split_sentences

__all__ = ["SECTIONS", "Answer", "Role", "Section", "Sentence", "Stage", "parse_answer"]

Role = Literal["text", "risk", "mitigation"]
SECTIONS: tuple[Section, ...] = get_args(Section)

_MOST_SENTENCES = 400
_MITIGATION = re.compile(r"(?:^|[\s(;–—-])(?:mitigations?|how to mitigate(?: it| this)?)\s*[:–—-]\s*", re.I)
_TO_MITIGATE = re.compile(r"to (?:mitigate|address|avoid|reduce) (?:this|these|the|it)\b", re.I)
_RISK_LABEL = re.compile(r"^(?:risk(?: \d{1,2})?)\s*[:–—-]\s*", re.I)
_RISK_COLUMN = re.compile(r"risk|issue|threat|concern|problem|challenge|limitation", re.I)
_MITIGATION_COLUMN = re.compile(r"mitigat|action|response|solution|remedy|recommend|what to do|measure", re.I)
_ENDS = re.compile(r"[.!?…。:|)\]}\"”’'*`]$")
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

    `complete`: nothing shows that it was cut. `repeated` counts sentences that were dropped because the answer contained
    them before. `headings` are the sections that it has a heading for, each once, in its order. `problems` says in plain
    English what is wrong with it as a text, such as that it is JSON.
    """

    sentences: tuple[Sentence, ...]
    complete: bool
    repeated: int
    headings: tuple[Section, ...] = ()
    problems: tuple[str, ...] = ()


def parse_answer(stage: Stage, text: str) -> Answer:
    """Parse an answer of any shape and length in linear time; of a cut one, what came before the cut is kept."""
    raw = readable(text)
    found = list(_sentences(stage, read_blocks(raw.markdown)))
    problems = list(raw.problems)
    headings = tuple(dict.fromkeys(it.section for it in found if isinstance(it, Place)))
    texts = [it for it in found if not isinstance(it, Place)]
    complete = raw.is_complete
    if texts and not _ENDS.search(raw.markdown.rstrip()[-1:]) and not _ENDS.search(texts[-1].text):
        complete = False
        if sum(bool(_ENDS.search(it.text)) for it in texts) * 2 >= len(texts):
            texts.pop()
            problems.append("its last sentence was cut")
    kept, repeated = _without_repeats(texts)
    if len(kept) > _MOST_SENTENCES:
        problems.append(f"it has more than {_MOST_SENTENCES} sentences; the rest was not read")
        kept = kept[:_MOST_SENTENCES]
    return Answer(
        sentences=tuple(
            Sentence(id=f"{stage[0].upper()}{number}", **it._asdict()) for number, it in enumerate(kept, start=1)
        ),
        complete=complete,
        repeated=repeated,
        headings=headings,
        problems=tuple(problems),
    )


class _Found(NamedTuple):
    section: Section
    block: int
    role: Role
    text: str


class _Reader:
    """Where the reader is: the section, its heading's level, and the number of the current block."""

    def __init__(self, stage: Stage) -> None:
        self.stage: Stage = stage
        self.place = Place("summary" if stage == "report" else "performance", 1)
        self.block = 0
        self.parent_depth: int | None = None  # of a list item whose nested items belong to it

    def sentences(self, role: Role, text: str) -> Iterator[_Found]:
        for sentence in split_sentences(text):
            yield _Found(self.place.section, self.block, role, sentence)


def _sentences(stage: Stage, blocks: Iterable[Block]) -> Iterator[_Found | Place]:
    reader = _Reader(stage)
    for block in blocks:
        if block.kind == "row":
            yield from _row(reader, block)
            continue
        [text] = block.cells
        place = place_of(stage, text, reader.place, block.level, is_heading=block.kind == "heading")
        if place is not None:
            reader.place, reader.parent_depth = place, None
            yield place
        elif block.kind == "heading":
            if reader.place.section == "recommendations" and len(text.split()) > 2:
                reader.block += 1
                yield from reader.sentences("text", text)
        else:
            yield from _text(reader, block, text)


def _text(reader: _Reader, block: Block, text: str) -> Iterator[_Found | Place]:
    label = label_of(reader.stage, text)
    if label is not None:
        place, text = label
        reader.place = place
        yield place
    if reader.place.section == "risks":
        yield from _risk(reader, block, text)
        return
    nested = block.kind == "item" and reader.parent_depth is not None and block.level > reader.parent_depth
    if not nested:
        reader.block += 1
        is_parent = block.kind == "item" and text.rstrip().endswith(":")
        reader.parent_depth = block.level if is_parent else None
    yield from reader.sentences("text", text)


def _risk(reader: _Reader, block: Block, text: str) -> Iterator[_Found]:
    """A risk that is an item of a list or a paragraph, and its mitigation, which may be an item of its own."""
    parts = _MITIGATION.split(text, maxsplit=1)
    risk, mitigation = (parts[0], parts[1]) if len(parts) > 1 else (text, "")
    if risk.strip() or not reader.block:
        reader.block += 1
    role: Role = "risk" if block.kind == "item" or mitigation or _RISK_LABEL.match(risk) else "text"
    for sentence in split_sentences(_RISK_LABEL.sub("", risk)):
        if role == "risk" and _TO_MITIGATE.match(sentence):
            role = "mitigation"
        yield _Found("risks", reader.block, role, sentence)
    for sentence in split_sentences(mitigation):
        yield _Found("risks", reader.block, "mitigation", sentence)


def _row(reader: _Reader, block: Block) -> Iterator[_Found]:
    """A row of a risk table as a risk and its mitigation; one of another table as a sentence of its cells."""
    cells, header = block.cells, block.header
    named = [name for name in header if _RISK_COLUMN.search(name) or _MITIGATION_COLUMN.search(name)]
    if not any(cell.strip() for cell in cells):
        return
    reader.block += 1
    reader.parent_depth = None
    if len(cells) > 1 and (named or (not header and reader.place.section == "risks")):
        first, last = _columns(header, cells)
        reader.place = Place("risks", reader.place.level)
        yield from reader.sentences("risk", cells[first])
        yield from reader.sentences("mitigation", cells[last])
        return
    pairs = [f"{name} {cell}".strip() for name, cell in zip(header[1:], cells[1:], strict=False)] or list(cells[1:])
    yield from reader.sentences("text", f"{cells[0]}: {', '.join(pairs)}" if pairs else cells[0])


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
    """The sentences, each once; a mitigation may be that of several risks, and goes with a repeated one."""
    seen: set[str] = set()
    kept: list[_Found] = []
    gone: set[int] = set()
    for it in found:
        words = _BY_WORD.sub(" ", it.text).strip().casefold()
        if not words:
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
    worded = sum(bool(_BY_WORD.sub("", it.text)) for it in found)
    return kept, worded - len(kept)
