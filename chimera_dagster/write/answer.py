"""Parses what a model wrote, Markdown of any shape, into sentences, each in its section."""

import re
from collections.abc import Mapping
from typing import Literal, get_args

from pydantic import BaseModel

from chimera_dagster.write.markdown_answer import Block, Read, read_markdown
from chimera_dagster.write.raw_answer import read_raw
from chimera_dagster.write.sections import Role, Section
from chimera_dagster.write.sentences import split_sentences, visible

Stage = Literal["analysis", "report"]
SECTIONS: tuple[Section, ...] = get_args(Section)
FIRST: Mapping[Stage, Section] = {"analysis": "performance", "report": "summary"}  # section of what has no heading
MOST_SENTENCES = 200  # of an answer: five times those of the longest report that is asked for
_RESTART = 3  # sentences in the order of the first ones

_ENDINGS = tuple(".!?…|)]}\"”’'*`:。！？")
_WORD = re.compile(r"\w+(?:[.:/-]\w+)*")
_LAST_ITEM = re.compile(r"\s*(?:[-*•+]|\d{1,2}[.)])\s")


class Sentence(BaseModel, frozen=True):
    """A sentence on one line without Markdown marks, and its place.

    `id` is `A1`, `A2`, ... in an analysis and `R1`, `R2`, ... in a report. Sentences of one paragraph, list item or
    table row have the same `block`, as have a risk and its mitigation.
    """

    id: str
    section: Section
    block: int
    role: Role
    text: str


class Answer(BaseModel, frozen=True):
    """The sentences of an answer.

    `complete`: it was not cut. `repeated` counts the sentences that were dropped because the answer contained them
    before. `headings` are the sections that its headings name. `problems` say what else was left out of it, and why.
    """

    sentences: tuple[Sentence, ...]
    complete: bool
    repeated: int
    headings: tuple[Section, ...] = ()
    problems: tuple[str, ...] = ()


def parse_answer(stage: Stage, text: str) -> Answer:
    """Parse an answer of any form; never raises. JSON counts as sentences without a section."""
    raw = read_raw(text)
    if raw.strings:
        blocks = [Block("other", number, "text", visible(each)) for number, each in enumerate(raw.strings, start=1)]
        read = Read(blocks, ())
    else:
        read = read_markdown(raw.text, first=FIRST[stage], has_risks=stage == "report")
    found: list[Sentence] = []
    seen: set[tuple[Role, bool, str]] = set()
    gone: set[int] = set()  # blocks whose risk was there before
    repeated: list[str] = []
    again: list[str] = []  # those behind the last new sentence
    for block in read.blocks:
        for sentence in split_sentences(block.text):
            # a summary may say what is recommended further below, where it belongs
            key = block.role, block.section == "recommendations", normal(sentence)
            # what to do may be the same for several risks
            if block.number in gone if block.role == "mitigation" else key in seen:
                repeated.append(key[-1])
                again.append(key[-1])
                gone.update([block.number] if block.role == "risk" else [])
                continue
            seen.add(key)
            again.clear()
            id_ = f"{stage[0].upper()}{len(found) + 1}"
            found.append(Sentence(id=id_, section=block.section, block=block.number, role=block.role, text=sentence))
    is_whole = bool(found) and not raw.is_cut and _is_complete(raw.text or ".")
    problems = list(raw.problems)
    # a small model that misses the end of its answer writes all of it once more
    if len(again) >= _RESTART and again == [normal(each.text) for each in found[: len(again)]]:
        del repeated[-len(again) :]
        problems.append(f"it began again, and {len(again)} sentences of its second round are left out")
    if not is_whole and len(found) > 1 and not found[-1].text.endswith(_ENDINGS):
        found.pop()
        problems.append("its last sentence was cut")
    if len(found) > MOST_SENTENCES:
        problems.append(f"only its first {MOST_SENTENCES} of {len(found):,} sentences are read")
    return Answer(
        sentences=tuple(found[:MOST_SENTENCES]),
        complete=is_whole and len(found) <= MOST_SENTENCES,
        repeated=len(repeated),
        headings=read.headings,
        problems=tuple(problems),
    )


def normal(sentence: str) -> str:
    """The words of a sentence in lower case, to tell whether two are the same."""
    return " ".join(_WORD.findall(sentence.casefold()))


def _is_complete(text: str) -> bool:
    """Whether the last line has an end; items of a list may lack one if the item before does too."""
    lines = [line for line in text.splitlines() if line.strip(" `~")]
    if not lines:
        return True
    last = lines[-1].rstrip()
    before = lines[-2].rstrip() if len(lines) > 1 else ""
    is_list = _LAST_ITEM.match(last) is not None and _LAST_ITEM.match(before) is not None
    return last.endswith(_ENDINGS) or (is_list and not before.endswith(_ENDINGS))
