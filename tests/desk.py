"""A project whose facts are found, and a stub of Ollama that its trials run on."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from chimera_dagster.align.kept_note import KeptNote, Parts, load_notes
from chimera_dagster.engines.registry import Engines
from chimera_dagster.records.documents import Metrics
from chimera_dagster.records.store import Store, TrialFolder
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan
from chimera_dagster.steps import evidence, ingest, report, trial
from tests.stub_ollama import FINAL, PIECES, Answer, StubOllama

ANALYSIS, REPORT = 1, 2  # generations before the stage: the warm-up, and the analysis
WELL = FINAL | {
    "prompt_eval_count": 400,
    "prompt_eval_duration": 2_000_000,
    "eval_count": len(PIECES),
    "eval_duration": 6_000_000,
    "total_duration": 8_500_000,
    "load_duration": 500_000,
}


class Desk(NamedTuple):
    """A project whose facts are found, and a server for its trials."""

    store: Store
    stub: StubOllama
    engines: Engines

    def run(self, answer: Answer | None = None, times: int | None = None, after: int = 0, **spec: Any) -> Metrics:
        """Run a trial, with the generations after the next `after` answered so."""
        self.stub.answer_with(answer, times, after)
        try:
            return trial.run_trial(self.store, self.plan(**spec), self.engines).metrics
        finally:
            self.stub.answer_with(None)

    def run_rounds(self, **spec: Any) -> Metrics:
        """Run a trial in all rounds of its spec."""
        plan = self.plan(**spec)
        visits = [
            trial.run_trial_once(self.store, plan.in_round(number), self.engines, reuse=True)
            for number in range(1, plan.spec.rounds + 1)
        ]
        return visits[-1].metrics

    def run_texts(self, texts: Iterator[str], **spec: Any) -> Metrics:
        """Run a trial; each generation after the warm-up is answered with the next text."""
        self.stub.answer_from(saying(text) for text in texts)
        try:
            return trial.run_trial(self.store, self.plan(**spec), self.engines).metrics
        finally:
            self.stub.answer_with(None)

    def plan(self, **spec: Any) -> TrialPlan:
        fields = {"engine": "ollama", "models": ["smollm2:135m"], "max_tokens": 32, "grid": {"num_ctx": [1024]}} | spec
        return SweepSpec.model_validate(fields).plans()[0]

    def files(self) -> dict[str, bytes]:
        """What trials left, but for the note of those that failed."""
        paths = [path for path in self.store.runs.rglob("*") if path.is_file() and path.name != "failures.json"]
        return {str(path.relative_to(self.store.runs)): path.read_bytes() for path in paths}

    def notes(self) -> list[KeptNote]:
        return load_notes(self.store.read_table("notes"))

    def render(self, **spec: Any) -> TrialFolder:
        """The folder of a trial that has run, its report in it."""
        plan = self.plan(**spec)
        report.render_trial(self.store, plan)
        return self.store.folder_of(plan.trial)


def plain(parts: Parts) -> str:
    """On one line, as a prompt has it."""
    return " ".join("".join(part.text for part in parts).split())


def faithful(notes: Sequence[KeptNote]) -> str:
    """An answer to either call, in the notes' own words: a paragraph, a list and a table of the sections asked for."""
    by = {section: [note for note in notes if note.section == section] for section in {note.section for note in notes}}
    speed, found, advice, risks = (
        [note for name in names for note in by.get(name, ())]
        for names in (("answer", "performance"), ("findings",), ("recommendations",), ("risks",))
    )
    rows = [f"| {plain(note.text)} | {plain(note.mitigation)} |" for note in risks[:3]]
    return "\n".join(
        [
            "## Executive Summary",
            "",
            " ".join(plain(note.text) for note in speed[:3]),
            "",
            "## Performance Analysis",
            "",
            " ".join(plain(note.text) for note in speed[3:6]),
            "",
            "## Key Findings",
            "",
            *(f"- {plain(note.text)}" for note in found[:3]),
            "",
            "## Optimisation Recommendations",
            "",
            *(f"{number}. {plain(note.text)}" for number, note in enumerate(advice[:3], start=1)),
            "",
            "## Risks and Mitigations",
            "",
            "| Risk | Mitigation |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def saying(text: str, seconds_between: float = 0.001) -> Answer:
    """An answer of these words, whatever was asked for, in some forty chunks."""
    size = len(text) // 40 + 1
    pieces = [{"response": text[at : at + size], "done": False} for at in range(0, len(text), size)]
    return Answer([*pieces, WELL | {"eval_count": len(pieces)}], seconds_between=seconds_between)


@contextmanager
def desk_in(data: Path, reports: Path) -> Generator[Desk]:
    with StubOllama(size_vram=None) as stub:
        desk = Desk(Store(data), stub, Engines(stub.url))
        ingest.ingest_folder(desk.store, reports)
        evidence.compute_evidence(desk.store)
        yield desk
        desk.engines.close()
