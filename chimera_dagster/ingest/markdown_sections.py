"""Where on a page a line stands: the headings above it, and what they, list items and commands say of its records.

A model, a graphics card or an engine in a heading holds for its section, and a condition in a list item too. A model, a
backend or a GPU in an item holds up to the next section that names a model.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.markdown_lines import bare, draft_of_command, model_of_command
from chimera_dagster.ingest.model_names import model_in_text
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.surroundings.named_hardware import with_named
from chimera_dagster.ingest.surroundings.named_settings import with_settings_in
from chimera_dagster.ingest.surroundings.run_titles import with_title

_MODEL_IS = re.compile(r"models?\s*[:=]\s*(?P<model>\S+)", re.IGNORECASE)
_ABOVE = 50  # lines above a block or a table that may say what it is about
_BELOW_HEADINGS = 7  # a level that no heading has


class _Section(NamedTuple):
    """A section, its heading's level and what holds in it; `names_model` if its heading does, or if it is the page."""

    level: int
    context: Context
    names_model: bool


class Sections:
    """The sections around the line that is read next; `lines` are all of the page, `context` is what its path says."""

    def __init__(self, lines: Sequence[str], context: Context) -> None:
        self.lines = lines
        self._start = 0  # place of the first line of this section
        self._headings: list[tuple[int, str]] = []  # level and text, the nearest one first
        self._open = [_Section(0, context, names_model=True)]
        self._command: str | None = None  # the model that the last command in a fence runs
        self._draft: str | None = None  # the model that drafts for it
        self._one_command = False

    @property
    def context(self) -> Context:
        """What holds here for records that say nothing else."""
        return self._open[-1].context

    @property
    def titles(self) -> list[str]:
        """The texts of the headings above, the nearest one first."""
        return [text for _, text in self._headings]

    def above(self, place: int, *, header: int = 0) -> Sequence[str]:
        """The nearest lines of this section above `place`, without the last `header` of them."""
        return self.lines[max(self._start, place - _ABOVE) : max(place - header, 0)]

    def begin(self, place: int, heading: str = "") -> None:
        """Begin a section, whose lines are those from `place` to the next heading."""
        self._start = place
        if heading:
            text = heading.lstrip("#")
            level = len(heading) - len(text)
            self._headings = [(level, text.strip("# ")), *(outer for outer in self._headings if outer[0] < level)]
            self._begin_context(level, text.strip("# "))
            if not self._one_command:
                self._command = None

    def begin_part(self, line: str) -> None:
        """Begin a part of a section, below headings of every level, if this line names a model."""
        if model_in_text(line):
            self._begin_context(_BELOW_HEADINGS, line)

    def begin_runs(self, title: str) -> None:
        """Begin the runs of a log below a title, up to the next one or the next heading."""
        while self._open[-1].level >= _BELOW_HEADINGS:
            self._open.pop()
        self._open.append(_Section(_BELOW_HEADINGS, with_title(self.context, title), names_model=True))

    def _begin_context(self, level: int, text: str) -> None:
        """End what the sections of this level and below have said; a model in the text holds from here on."""
        while self._open[-1].level >= level:
            self._open.pop()
        context, model = self.context, _model_said(text)
        if model:
            context = context._replace(model=model, model_source="heading")
        context = with_settings_in(with_named(context, text), text)
        self._open.append(_Section(level, context, names_model=model is not None))

    def say(self, said: Context) -> None:
        """What a pair says holds for its section; a model and so on, up to the next section that names a model."""
        for place in range(len(self._open) - 1, -1, -1):
            section = self._open[place]
            own = said.conditions if place == len(self._open) - 1 else section.context.conditions
            context = said._replace(prompt=None, parameters=(), conditions=own, labels=(), failed=False)
            self._open[place] = section._replace(context=context)
            if section.names_model:
                return

    def captioned(self, caption: str) -> Context:
        """The context of a table: the model, the hardware and the engine are those that its caption names."""
        model = model_in_text(caption)
        context = with_settings_in(with_named(self.context, caption), caption)
        return context._replace(model=model, model_source="heading") if model else context

    def note_commands(self, fences: Iterable[list[str]]) -> None:
        """Find out whether all commands of the page run one model; else each counts only up to the next heading."""
        self._one_command = len({model for block in fences if (model := model_of_command(block))}) == 1

    def note_command(self, block: list[str]) -> None:
        """Note the model that a command in a fence runs."""
        if model := model_of_command(block):
            self._command, self._draft = model, draft_of_command(block)

    def context_of_output(self) -> Context:
        """What holds for output: the command above names its model, if nothing else does, and its draft model."""
        context = self.context
        if self._command is None:
            return context
        if self._draft:
            conditions = {**dict(context.conditions), "speculative_decoding": self._draft}
            context = context._replace(conditions=tuple(sorted(conditions.items())))
        if context.model_source in (None, "path"):
            context = context._replace(model=self._command, model_source="text")
        return context


@remembered(maxsize=10_000)
def _model_said(heading: str) -> str | None:
    """The model that a heading is about."""
    said = _MODEL_IS.fullmatch(bare(heading))
    return bare(said["model"]) if said else model_in_text(heading)
