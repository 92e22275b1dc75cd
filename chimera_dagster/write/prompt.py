"""Renders the prompts: as many facts as fit the context window, best first, and never half a fact."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

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


@cache
def prompt_version() -> str:
    """Digest of the templates: equal where the same trial would be asked the same words."""
    folder = files("chimera_dagster.write") / "prompts"
    sources = sorted((item.name, item.read_text()) for item in folder.iterdir() if item.name.endswith(".j2"))
    return hashlib.sha256(repr(sources).encode()).hexdigest()[:12]


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
    room = (num_ctx - max_tokens - _TEMPLATE_TOKENS) * _CHARS_PER_TOKEN

    def render(count: int) -> Prompt:
        text = template.render(
            facts=facts[:count],
            left_out=len(facts) - count,
            files=total_files,
            chat=chat,
            prefix=prefix,
            persona=persona,
            analysis=analysis,
        )
        return Prompt(system, text.strip(), prefix, count, len(facts) - count)

    for count in range(len(facts), 0, -1):
        prompt = render(count)
        if len(prompt.system) + len(prompt.text) <= room:
            return prompt
    raise ContextTooSmallError(
        f"num_ctx={num_ctx} has no room for one fact beside an answer of max_tokens={max_tokens}.",
        hint="Raise num_ctx or lower max_tokens in sweep.yaml.",
    )


@cache
def _templates() -> Environment:
    # Prompts are plain text for a model: nothing to escape.
    return Environment(
        loader=PackageLoader("chimera_dagster.write", "prompts"),
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=False,
    )
