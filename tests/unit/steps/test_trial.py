"""What a trial makes of a server's faults: its error, its verdict, and what is on the disk afterwards."""

import json
import shutil
from collections.abc import Generator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from chimera_dagster import errors
from chimera_dagster.align import Aligned, Aligner, Passage
from chimera_dagster.engines.registry import Engines
from chimera_dagster.records import trial_files
from chimera_dagster.records.documents import Metrics, Summary
from chimera_dagster.records.store import INGESTED, Store
from chimera_dagster.steps import done, recompute, sweep_comparison, trial
from chimera_dagster.steps.evidence import EVIDENCE_TABLES
from chimera_dagster.steps.trial_evidence import read_evidence
from chimera_dagster.write.answer import parse_answer
from chimera_dagster.write.judge import judge_answer
from tests.desk import ANALYSIS, REPORT, WELL, Desk, faithful, saying
from tests.faults import FAULTS
from tests.stub_ollama import BUSY, PIECES, Answer, StubOllama


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds slept between tries, which are not slept here."""
    slept: list[float] = []
    monkeypatch.setattr("chimera_dagster.engines.patience._sleep", slept.append)
    return slept


def spoilers(metrics: Metrics) -> set[str]:
    return {verdict.name for verdict in metrics.validity if verdict.spoils}


@pytest.mark.slow
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


def test_a_trial_that_never_succeeded_leaves_the_note_of_it_alone(desk: Desk) -> None:
    spec = {"grid": {"num_ctx": [1024], "top_k": [3]}}
    with pytest.raises(errors.StreamBrokenError):
        desk.run(Answer(PIECES), after=REPORT, **spec)
    left = desk.store.folder_of(desk.plan(**spec).trial).path
    assert [path.name for path in left.iterdir()] == ["failures.json"]


@pytest.mark.parametrize(
    ("lie", "verdict", "evidence"),
    [
        ({"eval_count": 1000}, "implausible", "1000 tokens reported"),
        ({"eval_count": 1}, "implausible", "1 tokens reported"),
        ({"eval_duration": 10**13, "total_duration": 10**13 + 10**6}, "implausible", "ms of work reported"),
        ({"load_duration": 900_000_000, "total_duration": 908_500_000}, "reloaded", "the model was loaded, 900 ms"),
        ({"context": list(range(2_000))}, "truncated", "400 of 1981 prompt tokens"),
        ({"prompt_eval_count": 9}, "truncated", "9 tokens evaluated"),
        ({"total_duration": 90_000_000}, "contended", "not accounted for by the engine"),
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
    outcome = trial_files.read_recorded(desk.store, desk.plan()).outcome
    assert [call.retries for call in outcome.calls] == [2, 0]
    assert len(pauses) == 2
    assert "implausible" not in spoilers(metrics)


def test_a_call_that_was_refused_before_says_so(desk: Desk) -> None:
    metrics = desk.run(BUSY, times=2, after=ANALYSIS)
    [retried] = [verdict for verdict in metrics.validity if verdict.name == "retried"]
    assert (retried.evidence, retried.spoils) == ("analysis 1: refused 2 times before; no time includes that", False)


class Restarting:
    """Ends a desk's server; once it was waited for twice, another one listens at its port."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.waits, self.again = desk, 0, list[StubOllama]()

    def kill(self) -> None:
        self.waits = 0
        self.desk.stub.kill()

    def sleep(self, seconds: float) -> None:
        self.waits += 1
        if self.waits == 2:
            port = int(self.desk.stub.url.rsplit(":", 1)[1])
            self.again.append(StubOllama(size_vram=None, port=port).__enter__())


@pytest.fixture
def restarting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, desk: Desk) -> Generator[Restarting]:
    """A desk of its own, whose server may be ended."""
    with StubOllama(size_vram=None) as stub:
        engines = Engines(stub.url)
        found = Restarting(Desk(Store(tmp_path), stub, engines))
        shutil.copytree(desk.store.tables, found.desk.store.tables)
        monkeypatch.setattr("chimera_dagster.engines.patience._sleep", found.sleep)
        yield found
        engines.close()
        for server in found.again:
            server.__exit__()


def test_a_server_that_restarts_between_two_trials_costs_no_trial(restarting: Restarting) -> None:
    told: list[str] = []
    restarting.desk.engines.on_notice = told.append
    restarting.desk.run()
    restarting.kill()
    metrics = restarting.desk.run()
    assert "reloaded" not in spoilers(metrics)
    assert told == [
        f"Nothing answers at {restarting.desk.stub.url} (connection refused). Start Ollama ('ollama serve'), or set "
        "OLLAMA_HOST to where it runs. Waiting up to 60 s for it.",
        "The server answers again.",
    ]


def test_a_server_that_restarts_between_two_calls_loads_the_model_outside_them(
    restarting: Restarting, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = trial.judge_exchange

    def end_server(*arguments: Any) -> Any:
        restarting.kill()
        return judge(*arguments)

    monkeypatch.setattr(trial, "judge_exchange", end_server)  # between the analysis and the report
    metrics = restarting.desk.run()
    [server] = restarting.again
    asked = [body["options"]["num_predict"] for body in server.generations()]
    assert asked == [1, 32]  # the load, which is not measured, and the report
    assert "reloaded" not in spoilers(metrics)
    assert [verdict.name for verdict in metrics.validity[:2]] == ["warm", "retried"]


def test_a_server_that_is_gone_for_good_fails_the_trial_in_its_own_words(restarting: Restarting) -> None:
    restarting.kill()
    with pytest.raises(errors.NothingListensError, match="connection refused"):
        restarting.desk.run(server_wait_s=0)


def test_a_slow_first_token_is_measured(desk: Desk) -> None:
    metrics = desk.run(Answer([*PIECES, WELL], seconds_before=0.4), after=ANALYSIS)
    assert all(call.ttft_ms >= 400 for call in metrics.calls)


def test_a_trial_of_an_earlier_version_is_not_done(desk: Desk) -> None:
    folder = desk.store.folder_of(desk.plan().trial)
    digest = desk.run().data_digest
    desk.render()
    assert done.is_done(desk.store, desk.plan(), digest)
    folder.metrics.write_text('{"schema_version": 2, "text_quality": {}}')
    assert trial_files.read_metrics(desk.store, desk.plan().trial) is None
    assert not done.is_done(desk.store, desk.plan(), digest)
    with pytest.raises(errors.OtherVersionError, match=r"metrics\.json is of another version"):
        recompute.recompute(desk.store, desk.plan())


def test_a_trial_of_an_earlier_version_is_refused_in_one_line_and_its_report_stays(desk: Desk) -> None:
    desk.run()
    folder = desk.render()
    before, report, metrics = (
        folder.outcome.read_text(),
        folder.report.read_text(),
        json.loads(folder.metrics.read_text()),
    )
    assert '"schema_version": 6' in before
    try:
        other = before.replace('"schema_version": 6', '"schema_version": 5').encode()
        folder.outcome.write_bytes(other)
        metrics["documents"][folder.outcome.name] = sha256(other).hexdigest()
        folder.metrics.write_text(json.dumps(metrics))
        for again in (desk.render, lambda: recompute.recompute(desk.store, desk.plan())):
            with pytest.raises(errors.OtherVersionError, match=r"outcome\.json is of another version") as error:
                again()
            assert "\n" not in str(error.value)
            assert "Run 'chimera sweep', which runs the trial again" in str(error.value)
        assert folder.report.read_text() == report
    finally:
        folder.outcome.write_text(before)


def test_what_an_earlier_version_measured_is_compared_but_not_its_score(desk: Desk) -> None:
    desk.store.register(desk.plan())
    desk.run()
    folder = desk.store.folder_of(desk.plan().trial)
    written = json.loads(folder.metrics.read_text())
    old = written | {"schema_version": 4, "grounding": {"policy": "strict", "claims": {}}}
    try:
        folder.metrics.write_text(json.dumps(old))
        found = sweep_comparison.observe(desk.store, desk.plan().trial)
    finally:
        folder.metrics.write_text(json.dumps(written))
    assert (found.state, found.text, "quality" in found.values) == ("measured", None, False)
    assert found.values["ttft_ms"] == [written["headline"]["ttft_ms"]]


def test_a_trial_that_another_aligner_judged_is_not_done(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = desk.run().data_digest
    desk.render()
    assert done.is_done(desk.store, desk.plan(), digest)
    monkeypatch.setattr(done, "code_version", lambda *_: "other")
    assert not done.is_done(desk.store, desk.plan(), digest)


def test_the_trials_of_a_folder_share_its_evidence(desk: Desk) -> None:
    summary = desk.store.read_json("summary", Summary)
    assert read_evidence(Store(desk.store.data_dir), summary) is read_evidence(Store(desk.store.data_dir), summary)


def test_what_a_trial_needs_is_ready_before_its_lane(desk: Desk, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trial.get_ready(store)  # nothing is ingested: the trial says so
    shutil.copytree(desk.store.tables, store.tables)
    summary = desk.store.read_json("summary", Summary).model_copy(update={"digest": "of this test"})
    store.write_json("summary", summary)
    for name in EVIDENCE_TABLES:
        table = store.read_table(name)
        store.write_table(name, table, INGESTED[name], {"digest": summary.digest, "code": summary.code})
    trial.get_ready(store)
    for table in store.tables.glob("*.parquet"):
        table.unlink()
    assert read_evidence(store, summary).notes


def test_the_lane_is_free_before_the_report_is_judged(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    align = Aligner.align
    trial.get_ready(desk.store)

    def aligned(aligner: Aligner, passages: list[Passage]) -> list[Aligned]:
        order.append("align")
        return align(aligner, passages)

    monkeypatch.setattr(Aligner, "align", aligned)
    trial.run_trial(desk.store, desk.plan(), desk.engines, on_measured=lambda: order.append("measured"))
    assert order == ["align", "measured", "align"]


def test_a_report_with_fallen_sentences_is_revised_once_and_the_better_one_is_kept(desk: Desk) -> None:
    spec: dict[str, Any] = {"revise": 1, "grid": {"num_ctx": [4096]}, "max_tokens": 900, "repeats": 2}
    good, bad = faithful(desk.notes()), "The first model is 99 times faster than the second.\n"
    for first, second, is_better in ((bad, good, True), (good + bad, bad, False)):
        texts = iter([good, first, good, first, second])  # two rounds, and the revision of the first
        metrics = desk.run_texts(texts, **spec)
        outcome = trial_files.read_recorded(desk.store, desk.plan(**spec)).outcome
        assert outcome.revision is not None and metrics.revision is not None
        assert outcome.revision.is_better is metrics.revision.is_better is is_better
        assert outcome.published.text == (second if is_better else first)
        assert (metrics.revision.after.score > metrics.revision.before.score) is is_better
        assert metrics.text_quality == metrics.revision.published
        assert metrics.seconds.revision > 0
        assert [call.stage for call in outcome.calls] == ["analysis", "report"] * 2
        assert len(metrics.calls) == 4  # what counts for throughput and TTFT
        assert outcome.revision.call.stage == "revision"


def test_nothing_is_revised_that_stands_or_that_nobody_wants_revised(desk: Desk) -> None:
    spec: dict[str, Any] = {"grid": {"num_ctx": [4096]}, "max_tokens": 900}
    answer = judge_answer(parse_answer("report", faithful(desk.notes())), Aligner(desk.notes()))
    true = " ".join(each.text for each in answer.standing if each.section == "summary")
    for revise, text in ((1, true), (0, "The first model is 99 times faster.")):
        before = len(desk.stub.generations())
        metrics = desk.run(saying(text), after=1, revise=revise, **spec)
        assert len(desk.stub.generations()) - before == 3
        assert (metrics.revision, metrics.seconds.revision) == (None, 0.0)


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

    trial.run_trial(desk.store, plan, desk.engines, on_measured=on_measured)
    assert told == [(REPORT + 1, False)]


def test_a_trial_whose_model_another_client_used_is_not_valid(desk: Desk) -> None:
    def intrude(stage: str, chunks: int) -> None:
        if (stage, chunks) == ("report", 1):
            asked = {"model": "smollm2:135m", "prompt": "Hi", "options": {"num_ctx": 1024, "num_predict": 1}}
            httpx.post(f"{desk.stub.url}/api/generate", json=asked, trust_env=False).raise_for_status()

    desk.run()  # the server is known to keep models for the time that is asked for
    desk.stub.seconds_between = 0.02
    try:
        metrics = trial.run_trial(desk.store, desk.plan(), desk.engines, intrude).metrics
    finally:
        desk.stub.seconds_between = 0.001
    [found] = [verdict for verdict in metrics.validity if verdict.name == "contended"]
    assert found.spoils
    assert found.evidence.startswith("report 1: another client used the model: the server keeps it loaded for ")
