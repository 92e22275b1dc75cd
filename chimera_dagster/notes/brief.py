"""A brief: everything that code says about a folder, ready to be written as a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import pandas as pd

from chimera_dagster.evidence.fact import load_facts
from chimera_dagster.evidence.problems import Problems
from chimera_dagster.evidence.unread import UnreadGroup, unread_groups
from chimera_dagster.notes.charted import NOTHING, Charted, charted
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.machine import machine_words
from chimera_dagster.notes.note import Note, Section
from chimera_dagster.notes.paragraphs import Numbered
from chimera_dagster.notes.performance import Row, by_configuration, by_model
from chimera_dagster.notes.phrase import Phrase
from chimera_dagster.schemas import UNREAD_STATUSES

FIRST_SCREEN = 100.0  # weight from which a note belongs there
_MOST_GROUPS = 20  # of unread numbers
_COMPARED = ("difference", "tie")


class Unread(NamedTuple):
    """A file that does not count in full, and why."""

    path: str
    status: str
    reason: str


class Coverage(NamedTuple):
    """How much of the folder the brief is about. `covered` numbers stand under a name that the vocabulary knows."""

    files: int
    not_in_full: int
    runs: int
    measurements: int
    numbers: int
    covered: int
    unread: list[Unread]
    unknown: list[UnreadGroup]

    @property
    def share(self) -> float:
        return self.covered / self.numbers if self.numbers else 1.0


class Proof(NamedTuple):
    """A finding or a fact that notes cite."""

    id: str
    text: str
    test: str | None


@dataclass(frozen=True, slots=True)
class Brief:
    """`notes` are ranked: N1 is the first. `problems` are rules that failed, whose part is missing.

    `machine` says in a sentence what all of it was measured on, as far as the files say so.
    """

    machine: Phrase
    notes: tuple[Numbered, ...]
    models: tuple[str, ...]
    coverage: Coverage
    by_model: tuple[Row, ...]
    by_configuration: tuple[Row, ...]
    charts: Charted
    proofs: tuple[Proof, ...]
    problems: tuple[str, ...]

    def of(self, section: Section) -> list[Numbered]:
        return [each for each in self.notes if each.note.section == section]

    @property
    def leading(self) -> list[Numbered]:
        """Notes on performance that belong on the first screen: those that the answer rests on come first.

        A cold start is left to the advice that it gives rise to.
        """
        advised = {name for each in self.of("recommendations") for name in each.note.findings}
        cited = {name for each in self.of("answer") for name in each.note.findings}
        every = self.of("performance")
        behind = [each for each in every if cited.intersection(each.note.findings)]
        told = {each.note.metric for each in behind}
        others = [
            each
            for each in every
            if each.note.weight >= FIRST_SCREEN
            and each not in behind
            and not (each.note.kind == "cold_start" and advised.intersection(each.note.findings))
        ]
        again = [each for each in others if each.note.kind in _COMPARED and each.note.metric in told]
        return [*_one_a_metric(behind), *(each for each in others if each not in again)]

    @property
    def warned(self) -> list[Numbered]:
        """Findings that belong on the first screen, as they are about a model of the answer or about no model."""
        compared = {model for each in self.of("answer") for model in each.note.scope.models}
        found = [each for each in self.of("findings") if each.note.weight >= FIRST_SCREEN]
        return [each for each in found if not each.note.scope.models or compared & set(each.note.scope.models)]


def _one_a_metric(notes: Sequence[Numbered]) -> list[Numbered]:
    """The weightiest of each metric."""
    found: dict[str | None, Numbered] = {}
    for each in notes:
        found.setdefault(each.note.metric, each)
    return list(found.values())


def make_brief(data: NoteContext, notes: Sequence[Note], files: pd.DataFrame, problems: Problems) -> Brief:
    """`notes` are ranked; `files` is schemas.BenchmarkFiles. A table or a chart that fails is noted in `problems`."""
    none: list[Row] = []
    models = problems.run("brief", "by_model", partial(by_model, data), none)
    configurations = problems.run("brief", "by_configuration", partial(by_configuration, data), none)
    charts = problems.run("brief", "charted", partial(charted, data), NOTHING)
    return Brief(
        machine_words(data),
        tuple(Numbered(f"N{number}", note) for number, note in enumerate(notes, start=1)),
        tuple(data.models),
        coverage_of(files, len(data.data.runs)),
        tuple(models),
        tuple(configurations),
        charts,
        tuple(_proofs(data, notes)),
        tuple(problems.texts),
    )


def bare_brief(files: pd.DataFrame, problems: Problems) -> Brief:
    """What is left to say if the measurements could not be prepared."""
    return Brief((), (), (), coverage_of(files, 0), (), (), NOTHING, (), tuple(problems.texts))


def coverage_of(files: pd.DataFrame, runs: int) -> Coverage:
    files = files[(files["status"] != "left_out").to_numpy()]
    unread = files[(files["status"] != "ok").to_numpy()]
    return Coverage(
        len(files),
        int(files["status"].isin(UNREAD_STATUSES).sum()),
        runs,
        int(files["measurements"].sum()),
        int(files["numbers"].sum()),
        int(files["covered"].sum()),
        [Unread(str(row.path), str(row.status), str(row.reason)) for row in unread.itertuples(index=False)],
        unread_groups(files)[:_MOST_GROUPS],
    )


def _proofs(data: NoteContext, notes: Sequence[Note]) -> list[Proof]:
    cited = {name for note in notes for name in (*note.findings, *note.facts)}
    findings = [Proof(f"D{number}", found.text, found.test) for number, found in enumerate(data.findings, start=1)]
    cites_facts = any(note.facts for note in notes)
    facts = [Proof(fact.id, fact.statement, None) for fact in load_facts(data.facts)] if cites_facts else []
    return [proof for proof in (*findings, *facts) if proof.id in cited]
