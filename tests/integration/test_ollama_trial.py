"""A trial on Ollama: the same assets, another engine."""

import json
from collections.abc import Generator
from pathlib import Path

import pytest

from chimera_dagster.records.documents import Failures
from chimera_dagster.spec.sweep import SweepSpec
from tests.conftest import Project
from tests.integration.bench import Bench, bench_in
from tests.stub_ollama import Answer, StubOllama


@pytest.fixture(scope="module")
def stub() -> Generator[StubOllama]:
    with StubOllama(size_vram=0) as server:
        yield server


@pytest.fixture(scope="module")
def bench(shared_project: Project, stub: StubOllama) -> Generator[Bench]:
    with bench_in(shared_project) as bench, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OLLAMA_HOST", stub.url)
        assert bench.runner.ingest_reports() is None
        yield bench


def run(bench: Bench, **spec: object) -> tuple[str | None, Path]:
    [plan] = bench.register(SweepSpec.model_validate({"models": ["gemma3:270m"], "max_tokens": 32} | spec))
    return bench.runner.write_report(plan), bench.store.folder_of(plan.trial).path


def test_auto_takes_ollama_and_says_why(bench: Bench, stub: StubOllama) -> None:
    failure, folder = run(bench, engine="auto", grid={"num_gpu": [80]})
    assert failure is None
    written = json.loads((folder / "metrics.json").read_text())
    assert written["engine"]["name"] == "ollama"
    assert written["engine"]["reason"] == f"Ollama at {stub.url} has gemma3:270m"
    assert "offloaded_to_cpu" in {verdict["name"] for verdict in written["validity"]}
    assert f"Ollama at {stub.url} has gemma3:270m" in (folder / "report.md").read_text().replace("`", "")


def test_repeats_have_their_own_seeds_and_an_interval(bench: Bench, stub: StubOllama) -> None:
    before = len(stub.generations())
    failure, folder = run(bench, engine="ollama", repeats=3, seed=11)
    assert failure is None
    requests = stub.generations()[before:]
    assert [request["options"]["seed"] for request in requests] == [11, 11, 11, 12, 12, 13, 13]  # the first warms up
    interval = json.loads((folder / "metrics.json").read_text())["headline"]["ttft_by_repeat"]
    assert interval["n"] == 3
    assert interval["low"] < interval["mean"] < interval["high"]
    assert "Over 3 repeats:\n\n- Throughput: " in (folder / "report.md").read_text()


def test_the_persona_is_really_sent_and_the_notes_with_it(bench: Bench, stub: StubOllama) -> None:
    before = len(stub.generations())
    failure, _ = run(bench, engine="ollama", agent={"name": "Agent C", "persona": "You are a careful clerk."})
    assert failure is None
    _, analysis, report = stub.generations()[before:]
    assert "You are a careful clerk." in report["prompt"]
    assert "You are a careful clerk." not in analysis["prompt"]
    for prompt in (analysis["prompt"], report["prompt"]):
        assert "Choose `smollm2:135m`" in prompt or "smollm2:135m" in prompt


def test_an_error_in_mid_stream_is_the_trials_failure_in_the_servers_words(bench: Bench, stub: StubOllama) -> None:
    failure, folder = run(bench, engine="ollama", grid={"top_k": [5]})
    assert failure is None
    before = _files_of(folder)
    stub.answer_with(Answer(lines=[{"error": "llama runner process has terminated"}]))
    try:
        failure, _ = run(bench, engine="ollama", grid={"top_k": [5]})
    finally:
        stub.answer_with(None)
    assert "llama runner process has terminated" in str(failure)
    after = _files_of(folder)
    failures = Failures.model_validate_json(after.pop("failures.json"))
    assert (failures.error, failures.runs) == ("StreamBrokenError", 1)
    assert "llama runner process has terminated" in failures.message
    assert after == before, "what the trial had before stands"


def _files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
