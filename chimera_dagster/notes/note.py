"""What a note is: a statement that code has proved, with its wording, its figures and where they come from."""

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.setups import Setup
from chimera_dagster.notes.phrase import Number, Phrase, capital, joined, numbers_of, tidy

Section = Literal["answer", "performance", "findings", "recommendations", "risks", "not_measured", "files"]
Runs = Literal["all", "warm", "cold"]
Source = tuple[str, str]  # file, record


@dataclass(frozen=True, slots=True)
class Scope:
    """What a note is about: its models, their common setup, which runs, and how many runs and files."""

    models: tuple[str, ...] = ()
    setup: Setup = field(default_factory=dict[str, "int | float | str"])
    runs: Runs = "all"
    n: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """`wordings` say the same in two or more ways. `order` has models, or levels of a condition, from best to worst.

    `certainty` is None for what was only counted. `opening` says under which conditions, in front of any wording, and
    `sure` how sure it is, in a sentence behind it: a paragraph says both once if the next note has the same. `weight`
    orders the notes of a section, the largest first; from 100 on a note belongs on the first screen. A recommendation
    has an `action` and a `reason`, a risk a `mitigation`, each a phrase of its own.
    """

    kind: str
    section: Section
    weight: float
    wordings: tuple[Phrase, ...]
    scope: Scope = field(default_factory=Scope)
    metric: str | None = None
    order: tuple[str, ...] = ()
    certainty: Certainty | None = None
    action: Phrase = ()
    reason: Phrase = ()
    mitigation: Phrase = ()
    sources: tuple[Source, ...] = ()
    findings: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    opening: Phrase = ()
    sure: Phrase = ()

    def __post_init__(self) -> None:
        if not self.wordings or not all(self.wordings):
            raise ValueError(f"A note of kind {self.kind!r} has no wording.")

    @property
    def text(self) -> Phrase:
        """The whole of it, in one of its wordings."""
        return self.whole(self.wording)

    def whole(self, wording: Phrase) -> Phrase:
        return joined([self.sentence(wording), self.sure])

    def sentence(self, wording: Phrase) -> Phrase:
        return capital(tidy((*self.opening, *wording)))

    @property
    def wording(self) -> Phrase:
        """One of its wordings, the same one each time."""
        about = "\x1f".join((self.kind, self.metric or "", *self.scope.models))
        digest = hashlib.sha256(about.encode("utf-8", "surrogatepass")).digest()
        return self.wordings[digest[0] % len(self.wordings)]

    @property
    def figures(self) -> list[Number]:
        """Every figure that it says, each once."""
        parts = (*self.text, *self.action, *self.reason, *self.mitigation)
        return list(dict.fromkeys(numbers_of(parts)))
