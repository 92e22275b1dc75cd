"""Renders the prompts: the notes that an answer of the length asked for can say, by weight, as many as fit."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from chimera_dagster.align.kept_note import KeptNote, Parts
from chimera_dagster.code_version import code_version
from chimera_dagster.errors import ContextTooSmallError
from chimera_dagster.write.answer import Stage
from chimera_dagster.write.data_lines import clean
from chimera_dagster.write.judge import JudgedAnswer, JudgedSentence
from chimera_dagster.write.raw_answer import END

CountTokens = Callable[[str], int]

_LETTERS_PER_TOKEN = 2.5
_TEMPLATE_TOKENS = 64  # what a chat template adds around the messages
_MOST_FALLEN = 8  # sentences that a revision is told about: a small model loses the notes behind a long list


class _Group(NamedTuple):
    """A section of the draft: at most so many notes of these sections, as the answer has no words for more.

    `bullet` is in front of each note; without one the notes are one paragraph.
    """

    head: str
    sections: tuple[str, ...]
    most: int
    bullet: str = ""

    def written(self, lines: Sequence[str]) -> str:
        """The section as a small model should write it: it keeps the form of a draft better than it follows orders."""
        body = " ".join(lines) if not self.bullet else "\n".join(f"{self.bullet}{line}" for line in lines)
        return f"{self.head}\n{body}"


_GROUPS: Mapping[Stage, tuple[_Group, ...]] = {
    "analysis": (
        _Group("## Performance analysis", ("answer", "performance"), 6),
        _Group("## Key findings", ("findings", "not_measured"), 4, "- "),
    ),
    "report": (
        _Group("## 1. Executive Summary", ("answer", "performance"), 4),
        _Group("## 2. Optimisation Recommendations", ("recommendations",), 3, "1. "),
        _Group("## 3. Risks and Mitigations\n| Risk | Mitigation |\n|---|---|", ("risks",), 3, "| "),
    ),
}


@dataclass(frozen=True)
class Prompt:
    """A rendered prompt. `notes` are the ids of those in it, in its order; `notes_left_out` counts the others."""

    system: str
    text: str
    notes: tuple[str, ...]
    notes_left_out: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(f"{self.system}\0{self.text}".encode()).hexdigest()


def prompt_version() -> str:
    """Digest of the templates and what fills them: equal if the same trial would get the same prompts."""
    return code_version("chimera_dagster.write", ".j2", "prompt.py", "data_lines.py")


def estimate_tokens(text: str) -> int:
    """Tokens of a text, estimated without a tokenizer: rather too many than too few.

    English has four to five characters per token, digits and punctuation often one, other scripts up to one per byte.
    """
    words = sum(char == " " or (char.isascii() and char.isalpha()) for char in text)
    return ceil(words / _LETTERS_PER_TOKEN + len(text.encode("utf-8", "replace")) - words)


def render_prompt(
    stage: Stage,
    notes: Sequence[KeptNote],
    *,
    chat: bool = True,
    num_ctx: int,
    max_tokens: int,
    persona: str = "",
    analysis: Sequence[JudgedSentence] = (),
    draft: JudgedAnswer | None = None,
    count_tokens: CountTokens = estimate_tokens,
) -> Prompt:
    """The prompt of a stage, with as many notes as fit `num_ctx` beside an answer of `max_tokens`, by weight.

    `analysis` are the sentences of the first call that stand: one takes the place of its note if it says all of it.
    With a `draft`, the report is asked for once more, and the prompt says which of its sentences did not stand and why.
    Raises ContextTooSmallError if not even one note fits.
    """
    system = templates()["system"].render()
    chosen = [(group, note) for group in _GROUPS[stage] for note in _heaviest(notes, group)]
    words = _by_note(analysis, notes)
    lines = {note.id: words.get(note.id) or _line(note) for _, note in chosen}

    end = END if stage == "report" else ""  # asked for it in the analysis, a model of 1.5B repeats the prompt

    def render(shown: set[str], fallen: Sequence[str]) -> str:
        headed = [
            (group, [lines[note.id] for other, note in chosen if other is group and note.id in shown])
            for group in _GROUPS[stage]
        ]
        sections = [group.written(listed) for group, listed in headed if listed]
        return templates()[stage].render(sections=sections, persona=persona, fallen=fallen, chat=chat, end=end).strip()

    told = _fallen(draft) if draft else []
    room = num_ctx - max_tokens - _TEMPLATE_TOKENS - count_tokens(system) - count_tokens(render(set(), told[:1]))
    room -= sum(count_tokens(f"{group.head}\n") for group in _GROUPS[stage])
    fallen = list(_fitting(told, room // 3, count_tokens))
    room -= sum(count_tokens(f"{line}\n") for line in fallen)
    by_weight = sorted((note for _, note in chosen), key=lambda note: -note.weight)
    fitting = len(list(_fitting([lines[note.id] for note in by_weight], room, count_tokens)))
    shown = {note.id for note in by_weight[:fitting]}
    if not shown:
        raise ContextTooSmallError(
            f"num_ctx={num_ctx} has no room for one note beside an answer of max_tokens={max_tokens}.",
            hint="Raise num_ctx or lower max_tokens in sweep.yaml.",
        )
    return Prompt(
        system=system,
        text=render(shown, fallen),
        notes=tuple(note.id for _, note in chosen if note.id in shown),
        notes_left_out=len(notes) - len(shown),
    )


def _heaviest(notes: Sequence[KeptNote], group: _Group) -> list[KeptNote]:
    """The heaviest notes of a group, in the order of all notes."""
    of_group = [note for note in notes if note.section in group.sections]
    least = sorted((-note.weight, place) for place, note in enumerate(of_group))[: group.most]
    return [of_group[place] for place in sorted(place for _, place in least)]


def _line(note: KeptNote) -> str:
    """The note as one line; of a risk, the rest of a row of the table of risks."""
    text, mitigation = clean(_plain(note.text)), clean(_plain(note.mitigation))
    if note.section != "risks":
        return text
    return "{} | {} |".format(*(cell.replace("|", "/") for cell in (text, mitigation)))


def _plain(parts: Parts) -> str:
    return "".join(part.text for part in parts)


def _by_note(analysis: Sequence[JudgedSentence], notes: Sequence[KeptNote]) -> dict[str, str]:
    """The words of the analysis for each note of which one sentence has every name and figure."""
    by_id = {note.id: note for note in notes}
    found: dict[str, str] = {}
    for sentence in analysis:
        [id_] = sentence.notes if len(sentence.notes) == 1 else [""]
        note = by_id.get(id_)
        if (
            note is not None
            and not note.mitigation
            and all(part.text in sentence.text for part in note.text if part.is_name or part.unit)
        ):
            found.setdefault(id_, clean(sentence.text))
    return found


def _fallen(draft: JudgedAnswer) -> list[str]:
    return [f"- {clean(each.text)} ({clean(each.reason)})" for each in draft.fallen[:_MOST_FALLEN]]


def _fitting(lines: Sequence[str], room: int, count_tokens: CountTokens) -> Iterator[str]:
    """The first lines that are at most `room` tokens together; none after one that does not fit."""
    for line in lines:
        room -= count_tokens(f"{line}\n")
        if room < 0:
            return
        yield line


@cache
def templates() -> Mapping[str, Template]:
    """The compiled templates by name: those of the stages and what they share."""
    # Prompts are plain text for a model: nothing to escape.
    environment = Environment(
        loader=PackageLoader("chimera_dagster.write", "prompts"),
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return {name.removesuffix(".j2"): environment.get_template(name) for name in environment.list_templates(["j2"])}
