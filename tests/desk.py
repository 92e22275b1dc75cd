"""A project whose facts are found, with a stub of Ollama for its trials: everything that runs a trial but Dagster."""

from typing import Any, NamedTuple

from chimera_dagster import trials
from chimera_dagster.engines.registry import Engines
from chimera_dagster.results import Metrics
from chimera_dagster.store import Store
from chimera_dagster.sweep import SweepSpec, TrialPlan
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
            return trials.run_trial(self.store, self.plan(**spec), self.engines).metrics
        finally:
            self.stub.answer_with(None)

    def plan(self, **spec: Any) -> TrialPlan:
        fields = {"engine": "ollama", "models": ["smollm2:135m"], "max_tokens": 32, "grid": {"num_ctx": [1024]}} | spec
        return SweepSpec.model_validate(fields).plans()[0]

    def files(self) -> dict[str, bytes]:
        paths = [path for path in self.store.runs.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.store.runs)): path.read_bytes() for path in paths}
