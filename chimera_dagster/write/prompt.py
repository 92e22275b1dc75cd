"""Renders the prompts: as many facts as fit the context window, best first, and never half a fact."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

from chimera_dagster.code_version import code_version
from chimera_dagster.errors import ContextTooSmallError
from chimera_dagster.write.facts import Fact

Stage = Literal["analysis", "report"]

# English runs at four to five characters a token; figures and ids at two to three. Too low a guess costs facts,
# too high a one costs the trial.
_CHARS_PER_TOKEN = 2.5
_TEMPLATE_TOKENS = 64  # what a chat template adds around the messages
# A base model continues text, so its prompt ends with the beginning of the answer.
_PREFIXES: dict[Stage, str] = {"analysis": "-", "report": "1. **Executive summary**"}


@dataclass(frozen=True)
class Prompt:
    """A rendered prompt; `prefix` is the part of the answer that it already holds."""

    system: str
    text: str
    prefix: str
    facts: int
    facts_left_out: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(f"{self.system}\0{self.text}".encode()).hexdigest()


def prompt_version() -> str:
    """Digest of the templates: equal where the same trial would be asked the same words."""
    return code_version("chimera_dagster.write", ".j2")


def estimate_tokens(text: str) -> int:
    """Tokens of a text where no tokenizer is at hand: rather too many than too few."""
    return ceil(len(text) / _CHARS_PER_TOKEN)


def within_budget(
    facts: Sequence[Fact], budget: int, count_tokens: Callable[[str], int] = estimate_tokens
) -> Sequence[Fact]:
    """The first facts whose lines (`Fact.line`) are at most `budget` tokens together; none for a budget of 0.

    A fact that doesn't fit ends the list, so that no less important one takes its place.
    """
    left = budget
    for number, fact in enumerate(facts):
        left -= count_tokens(f"{fact.line}\n")
        if left < 0:
            return facts[:number]
    return facts


def render_prompt(
    stage: Stage,
    facts: Sequence[Fact],
    *,
    total_files: int,
    chat: bool,
    num_ctx: int,
    max_tokens: int,
    persona: str = "",
    analysis: str = "",
) -> Prompt:
    """The prompt of a stage, with the facts that fit `num_ctx` beside an answer of `max_tokens`, in their order.

    Raises ContextTooSmallError where not even one fact fits.
    """
    prefix = "" if chat else _PREFIXES[stage]
    system = _templates().get_template("system.j2").render()
    template = _templates().get_template(f"{stage}.j2")

    def render(shown: Sequence[Fact]) -> str:
        return template.render(
            facts=shown,
            left_out=len(facts) - len(shown),
            files=total_files,
            chat=chat,
            prefix=prefix,
            persona=persona,
            analysis=analysis,
        ).strip()

    room = num_ctx - max_tokens - _TEMPLATE_TOKENS - estimate_tokens(system) - estimate_tokens(render(()))
    shown = within_budget(facts, room)
    if not shown:
        raise ContextTooSmallError(
            f"num_ctx={num_ctx} has no room for one fact beside an answer of max_tokens={max_tokens}.",
            hint="Raise num_ctx or lower max_tokens in sweep.yaml.",
        )
    return Prompt(system, render(shown), prefix, len(shown), len(facts) - len(shown))


@cache
def _templates() -> Environment:
    # Prompts are plain text for a model: nothing to escape.
    return Environment(
        loader=PackageLoader("chimera_dagster.write", "prompts"),
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=False,
    )
