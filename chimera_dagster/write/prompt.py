"""Renders the prompts: as many whole facts and findings as fit the context window, best first."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from chimera_dagster.code_version import code_version
from chimera_dagster.errors import ContextTooSmallError
from chimera_dagster.evidence.fact import Fact
from chimera_dagster.write.answer import Stage
from chimera_dagster.write.answer_schema import Schema, WordCount, analysis_schema, report_schema, statement_pattern
from chimera_dagster.write.data_lines import Line, Names, model_ids

_LETTERS_PER_TOKEN = 2.5
_TEMPLATE_TOKENS = 64  # what a chat template adds around the messages
_EXAMPLE_FACTS = 12  # the first facts, among which examples are looked for
_SCHEMAS: Mapping[Stage, Callable[[Collection[str]], Schema]] = {"analysis": analysis_schema, "report": report_schema}


@dataclass(frozen=True)
class Prompt:
    """A rendered prompt. `ids` are those in its data, which the answer may cite or name; `schema` allows no others."""

    system: str
    text: str
    facts: int
    facts_left_out: int
    findings: int
    findings_left_out: int
    ids: tuple[str, ...]
    schema: Schema

    @property
    def sha256(self) -> str:
        return hashlib.sha256(f"{self.system}\0{self.text}".encode()).hexdigest()


def prompt_version() -> str:
    """Digest of the templates and the schemas: equal if the same trial would get the same prompts."""
    return code_version("chimera_dagster.write", ".j2", "answer_schema.py", "prompt.py", "data_lines.py")


def estimate_tokens(text: str) -> int:
    """Tokens of a text, estimated without a tokenizer: rather too many than too few.

    English has four to five characters per token, digits and punctuation often one, other scripts up to one per byte.
    """
    words = sum(char == " " or (char.isascii() and char.isalpha()) for char in text)
    return ceil(words / _LETTERS_PER_TOKEN + len(text.encode("utf-8", "replace")) - words)


class _Data(NamedTuple):
    """The lines of data of one prompt."""

    facts: Sequence[Line] = ()
    findings: Sequence[Line] = ()
    analysis: Sequence[Line] = ()
    models: Sequence[Line] = ()


def render_prompt(
    stage: Stage,
    facts: Sequence[Fact],
    *,
    total_files: int,
    chat: bool,
    num_ctx: int,
    max_tokens: int,
    persona: str = "",
    analysis: Iterable[str] = (),
    findings: Sequence[tuple[str, str]] = (),
    models: Sequence[str] = (),
) -> Prompt:
    """The prompt of a stage, with as much of each list as fits `num_ctx` beside an answer of `max_tokens`.

    `findings` are (id, text), warnings first; `analysis` the statements that were kept of the first call; `models` all
    tags, named M1, M2, ... in this order. Raises ContextTooSmallError if not even one fact fits.
    """
    names = Names(model_ids(models))
    kept = list(filter(None, analysis))
    every = _Data(
        facts=[names.line(fact.id, fact.statement) for fact in facts],
        findings=[names.line(id_, text) for id_, text in findings],
        analysis=[names.list_item(text, ()) for text in kept],
        models=list(names.lines.values()),
    )
    system = templates()["system"].render()

    def render(shown: _Data, examples: Sequence[Line]) -> str:
        return (
            templates()[stage]
            .render(every=every, shown=shown, examples=examples, files=total_files, chat=chat, persona=persona)
            .strip()
        )

    examples = _examples(facts, names)
    fixed = estimate_tokens(system) + estimate_tokens(render(_Data(), examples))
    shown = _fitting(every, names, num_ctx - max_tokens - _TEMPLATE_TOKENS - fixed)
    if not shown.facts:
        raise ContextTooSmallError(
            f"num_ctx={num_ctx} has no room for one fact beside an answer of max_tokens={max_tokens}.",
            hint="Raise num_ctx or lower max_tokens in sweep.yaml.",
        )
    ids = tuple(line.id for lines in (shown.facts, shown.findings, shown.models) for line in lines)
    shown = shown._replace(analysis=[names.list_item(text, ids) for text in kept[: len(shown.analysis)]])
    return Prompt(
        system=system,
        text=render(shown, [example for example in examples if example.id in ids]),
        facts=len(shown.facts),
        facts_left_out=len(every.facts) - len(shown.facts),
        findings=len(shown.findings),
        findings_left_out=len(every.findings) - len(shown.findings),
        ids=ids,
        schema=_SCHEMAS[stage](ids),
    )


def _fitting(every: _Data, names: Names, room: int) -> _Data:
    """The first lines of each list that are at most `room` tokens together, and the models that they name.

    The analysis gets up to a third of the room, then the findings up to a third or what all facts leave over; the rest
    is for facts. Room for the first fact is reserved.
    """
    listed: dict[str, Line] = {}

    def cost(line: Line) -> int:
        unnamed = [names.lines[model] for model in line.models if model not in listed]
        return sum(estimate_tokens(f"{needed}\n") for needed in (line, *unnamed))

    def take(lines: Sequence[Line], budget: int) -> Sequence[Line]:
        nonlocal room
        for number, line in enumerate(lines):
            needed = cost(line)
            budget -= needed
            if budget < 0:
                return lines[:number]
            room -= needed
            listed.update((model, names.lines[model]) for model in line.models)
        return lines

    reserved = sum(map(cost, every.facts[:1]))
    analysis = take(every.analysis, min(room // 3, room - reserved))
    all_facts = sum(map(cost, every.facts))
    findings = take(every.findings, min(max(room // 3, room - all_facts), room - reserved))
    facts = take(every.facts, room)
    return _Data(facts, findings, analysis, [line for name, line in names.lines.items() if name in listed])


def _examples(facts: Sequence[Fact], names: Names) -> Sequence[Line]:
    """Up to five true statements in the required form, because small models copy what they are shown.

    Statements about models come first. The id of each is that of the fact that it cites.
    """
    found: list[Line] = []
    for fact in facts[:_EXAMPLE_FACTS]:
        line = names.line(fact.id, fact.text)
        words = f"{line.text[:1].upper()}{line.text[1:]}"
        stated = line._replace(text=f"The {line.text} is {{{fact.id}}}." if line.models else f"{words}: {{{fact.id}}}.")
        if re.fullmatch(statement_pattern([fact.id, *line.models], WordCount(3, 20)), stated.text):
            found.append(stated)
    return ([line for line in found if line.models] or found)[:5]


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
