"""What a trial makes of a server's faults: its error, its verdict, and what is on the disk afterwards."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from chimera_dagster import errors, pipeline, trials
from chimera_dagster.engines.registry import Engines
from chimera_dagster.results import Metrics
from chimera_dagster.store import Store
from chimera_dagster.sweep import SweepSpec, TrialPlan
from tests.conftest import Project
from tests.faults import FAULTS
from tests.stub_ollama import BUSY, FINAL, PIECES, Answer, StubOllama

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
            return trials.run_trial(self.store, self.plan(**spec), self.engines)
        finally:
            self.stub.answer_with(None)

    def plan(self, **spec: Any) -> TrialPlan:
        fields = {"engine": "ollama", "models": ["smollm2:135m"], "max_tokens": 32, "grid": {"num_ctx": [1024]}} | spec
        return SweepSpec.model_validate(fields).plans()[0]

    def files(self) -> dict[str, bytes]:
        paths = [path for path in self.store.runs.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.store.runs)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def desk(shared_project: Project) -> Generator[Desk]:
    with StubOllama(size_vram=None) as stub:
        desk = Desk(Store(shared_project.data), stub, Engines(stub.url))
        pipeline.ingest(desk.store, shared_project.reports)
        pipeline.sum_up(desk.store)
        yield desk
        desk.engines.close()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds slept between tries, which are not slept here."""
    slept: list[float] = []
    monkeypatch.setattr("chimera_dagster.measure.call._again.sleep", slept.append)
    return slept


def spoilers(metrics: Metrics) -> set[str]:
    return {verdict.name for verdict in metrics.validity if verdict.spoils}


@pytest.mark.parametrize("after", [ANALYSIS, REPORT], ids=["analysis", "report"])
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_fails_its_trial_in_the_servers_words_and_changes_no_file(desk: Desk, name: str, after: int) -> None:
    answer, kind, words = FAULTS[name]
    limits: dict[str, Any] = {}
    if kind is errors.EngineTimeoutError:
        answer = replace(answer, seconds_before=3.0 if answer.stall_before is None else 0.0)
        limits = {"timeouts": {"first_token_s": 1.0, "between_tokens_s": 1.0}}
        words = words.replace("0.1 s", "1 s")
    if not desk.files():
        desk.run()
    before = desk.files()
    with pytest.raises(errors.EngineError) as error:
        desk.run(answer, after=after, **limits)
    assert type(error.value) is kind
    assert words in error.value.message
    assert desk.files() == before
    assert not spoilers(desk.run()) & {"implausible", "reloaded"}  # the next trial is as good as any


def test_a_trial_that_never_succeeded_leaves_nothing(desk: Desk) -> None:
    spec = {"grid": {"num_ctx": [1024], "top_k": [3]}}
    with pytest.raises(errors.StreamBrokenError):
        desk.run(Answer(PIECES), after=REPORT, **spec)
    assert not desk.store.folder_of(desk.plan(**spec).trial).path.exists()


@pytest.mark.parametrize(
    ("lie", "verdict", "evidence"),
    [
        ({"eval_count": 1000}, "implausible", "1000 tokens reported"),
        ({"eval_count": 1}, "implausible", "1 tokens reported"),
        ({"eval_duration": 10**13, "total_duration": 10**13 + 10**6}, "implausible", "ms of work reported"),
        ({"load_duration": 900_000_000, "total_duration": 908_500_000}, "reloaded", "the model was loaded, 900 ms"),
        ({"context": list(range(2_000))}, "truncated", "400 of 1981 prompt tokens"),
        ({"prompt_eval_count": 9}, "truncated", "9 tokens evaluated"),
        ({"total_duration": 90_000_000}, "contended", "in no field of the engine"),
        ({"done_reason": "length"}, "incomplete", "done_reason length"),
    ],
)
def test_an_account_that_can_not_be_believed_is_a_verdict(
    desk: Desk, lie: dict[str, Any], verdict: str, evidence: str
) -> None:
    metrics = desk.run(Answer([*PIECES, WELL | lie]), after=ANALYSIS)
    assert verdict in spoilers(metrics)
    assert {each.evidence for each in metrics.validity if each.name == verdict and evidence in each.evidence}
    assert not metrics.is_valid


def test_an_honest_server_is_believed(desk: Desk) -> None:
    metrics = desk.run(Answer([*PIECES, WELL]), after=ANALYSIS)
    assert [verdict.name for verdict in metrics.validity] == ["warm", "valid"]


def test_a_window_that_is_another_one_is_clamped(desk: Desk) -> None:
    placed = {"name": "smollm2:135m", "model": "smollm2:135m", "size": 100, "size_vram": 40, "context_length": 512}
    desk.stub.fixed["/api/ps"] = Answer(body={"models": [placed]})
    try:
        metrics = desk.run(grid={"num_ctx": [1024], "num_gpu": [99]})
    finally:
        del desk.stub.fixed["/api/ps"]
    assert spoilers(metrics) >= {"clamped", "offloaded_to_cpu"}


def test_a_busy_server_costs_pauses_and_no_measured_time(desk: Desk, pauses: list[float]) -> None:
    metrics = desk.run(BUSY, times=2, after=ANALYSIS)
    outcome = trials.read_outcome(desk.store, desk.plan())
    assert [call.retries for call in outcome.calls] == [2, 0]
    assert len(pauses) == 2
    assert "implausible" not in spoilers(metrics)


def test_a_slow_first_token_is_measured(desk: Desk) -> None:
    metrics = desk.run(Answer([*PIECES, WELL], seconds_before=0.4), after=ANALYSIS)
    assert all(call.ttft_ms >= 400 for call in metrics.calls)


def test_no_prompt_begins_like_another(desk: Desk) -> None:
    before = len(desk.stub.generations())
    desk.run(repeats=2)
    sent = desk.stub.generations()[before + 1 :]
    beginnings = [(body.get("system") or body["prompt"])[:14] for body in sent]
    assert len(set(beginnings)) == len(beginnings) == 4


@pytest.mark.parametrize("api", ["generate", "chat"])
def test_either_endpoint_can_be_asked_for(desk: Desk, api: str) -> None:
    before = len(desk.stub.requests)
    desk.run(api=api)
    asked = [path for path, _ in desk.stub.requests[before:] if path in ("/api/generate", "/api/chat")]
    assert asked == [f"/api/{api}"] * 3


def test_cold_unloads_before_each_round(desk: Desk) -> None:
    before = len(desk.stub.generations())
    metrics = desk.run(cold=True, repeats=2)
    sent = desk.stub.generations()[before:]
    assert [body.get("keep_alive") == 0 for body in sent] == [True, False, False, True, False, False]
    assert [(call.load_ms or 0) > 500 for call in metrics.calls] == [True, False, True, False]
    assert metrics.validity[0].name == "cold"
    assert not spoilers(metrics) & {"reloaded", "warm"}


def test_the_end_of_the_last_call_is_told_before_anything_is_written(desk: Desk) -> None:
    plan, before = desk.plan(grid={"top_k": [77]}), len(desk.stub.generations())
    told: list[tuple[int, bool]] = []

    def on_measured() -> None:
        told.append((len(desk.stub.generations()) - before, desk.store.folder_of(plan.trial).path.exists()))

    trials.run_trial(desk.store, plan, desk.engines, on_measured=on_measured)
    assert told == [(REPORT + 1, False)]
