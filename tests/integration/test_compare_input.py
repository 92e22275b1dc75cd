"""`chimera compare` on input that allows no comparison, or is damaged: a clear statement, no rank, no traceback."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chimera_dagster import cli
from chimera_dagster.records.store import Store, TrialFolder
from chimera_dagster.spec.sweep import SweepSpec
from tests.conftest import Project
from tests.desk import desk_in

Document = dict[str, Any]
SPEC: Document = {"engine": "ollama", "models": ["smollm2:135m"], "repeats": 3, "max_tokens": 1000}
WANTS = {"want": {"throughput_tok_s": 1}}


@pytest.fixture(scope="module")
def measured(shared_project: Project) -> Document:
    """The metrics.json of a valid trial of three repeats."""
    with desk_in(shared_project.data, shared_project.reports) as desk:
        metrics = desk.run(**SPEC, grid={"num_ctx": [4096]})
        assert metrics.is_valid
        return json.loads(metrics.model_copy(update={"documents": {}}).model_dump_json())  # it is copied alone


class Sweep(NamedTuple):
    """A folder with a sweep file, and trials of one model that differ in top_k."""

    path: Path
    measured: Document

    @property
    def store(self) -> Store:
        return Store(self.path / "data")

    def spec(self, **fields: Any) -> None:
        (self.path / "sweep.yaml").write_text(json.dumps(SPEC | {"grid": {"num_ctx": [4096]}} | fields))

    def trial(self, top_k: int, **changes: Any) -> TrialFolder:
        """A trial that ended well; `changes` replace parts of its metrics.json."""
        folder = self.registered(top_k)
        folder.metrics.write_text(json.dumps(self.measured | changes))
        return folder

    def registered(self, top_k: int) -> TrialFolder:
        [plan] = SweepSpec.model_validate(SPEC | {"grid": {"num_ctx": [4096], "top_k": [top_k]}}).plans()
        self.store.register(plan)
        return self.store.folder_of(plan.trial)

    def failed(self, top_k: int) -> None:
        failure = {"fingerprint": "f", "runs": 2, "error": "EngineError", "message": "no such model", "at": 0}
        self.registered(top_k).failures.write_text(json.dumps(failure))

    def calls(self, **changes: Any) -> list[Document]:
        return [call | changes for call in self.measured["calls"]]


@pytest.fixture
def sweep(tmp_path: Path, measured: Document, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    monkeypatch.chdir(tmp_path)
    for name in ("CHIMERA_DATA_DIR", "CHIMERA_SPEC"):
        monkeypatch.delenv(name, raising=False)
    found = Sweep(tmp_path, measured)
    found.spec(goals=WANTS)
    return found


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def chimera(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """`chimera compare` as a user runs it, errors and all."""

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["chimera", "compare", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        shown = capsys.readouterr()
        return Said(int(end.value.code or 0), " ".join(shown.out.split()), " ".join(shown.err.split()))

    return run


SPOILED = [{"name": "throttled", "evidence": "91 C", "spoils": True}]
CASES: dict[str, tuple[Callable[[Sweep], object], list[str]]] = {
    "no trial": (lambda _: None, ["Trials: none.", "No valid trial was measured."]),
    "one trial": (lambda of: of.trial(1), ["Trials: 1 valid.", "It is the only one to choose from."]),
    "all not valid": (
        lambda of: [of.trial(number, validity=SPOILED) for number in (1, 2)],
        ["Trials: 2 not valid.", "throttled: 91 C", "No valid trial was measured."],
    ),
    "all failed": (
        lambda of: [of.failed(number) for number in (1, 2)],
        ["Trials: 2 failed.", "failed: no such model", "No valid trial was measured."],
    ),
    "none has run": (
        lambda of: [of.registered(number) for number in (1, 2)],
        ["Trials: 2 missing.", "has not run", "No valid trial was measured."],
    ),
    "metrics.json cut": (
        lambda of: of.trial(1).metrics.write_text(json.dumps(of.measured)[:5000]),
        ["Trials: 1 missing.", "metrics.json is empty or damaged"],
    ),
    "metrics.json of an earlier version": (
        lambda of: of.trial(1, schema_version=3),
        ["Trials: 1 missing.", "of another version (schema_version:"],
    ),
    "metrics.json without what it needs": (
        lambda of: of.trial(1, calls=[{"ttft_ms": 1.0}]),
        ["Trials: 1 missing.", "(calls.0.tpot_ms: Field required)"],
    ),
    "metrics.json no text": (
        lambda of: of.registered(1).metrics.write_bytes(b"\xff\xfe\x00" * 99),
        ["Trials: 1 missing.", "metrics.json is empty or damaged"],
    ),
    "no repeat": (lambda of: of.trial(1, repeats=0), ["Trials: 1 missing.", "(repeats: "]),
    "no call": (
        lambda of: of.trial(1, calls=[], telemetry_by_call=[]),
        ["Trials: 1 valid.", "No valid trial has a value for throughput_tok_s, which the goals name."],
    ),
    "infinite values": (
        lambda of: [of.trial(number, calls=of.calls(eval_ms=float("inf"), ttft_ms=float("nan"))) for number in (1, 2)],
        ["Trials: 2 valid.", "No valid trial has a value for throughput_tok_s, which the goals name."],
    ),
    "values of zero": (
        lambda of: [of.trial(number, calls=of.calls(output_tokens=0)) for number in (1, 2)],
        ["Trials: 2 valid.", "No valid trial has a value for throughput_tok_s, which the goals name."],
    ),
    "failures.json cut": (
        lambda of: (of.failed(1), of.registered(1).failures.write_bytes(b'{"finger\xff')),
        ["Trials: 1 missing.", "has not run"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_can_t_be_compared_is_said_so(sweep: Sweep, chimera: Callable[..., Said], case: str) -> None:
    prepare, expected = CASES[case]
    prepare(sweep)
    shown = chimera()
    assert shown.code == 0, shown
    for words in expected:
        assert words in shown.out
    document = json.loads(chimera("--json").out)
    ranks = {of["rank"] for standing in document["standings"].values() for of in standing.values()}
    assert ranks <= {None, 1}
    best = document["recommendation"]["best"]
    assert (best is not None) == (case == "one trial")
    assert document["recommendation"]["why"] in shown.out
    # and it can be read again
    assert chimera("--baseline", str(sweep.store.comparison)).code == 0


def test_repeats_that_are_all_alike_rank_nothing(sweep: Sweep, chimera: Callable[..., Said]) -> None:
    for number in (1, 2):
        sweep.trial(number, calls=sweep.calls(ttft_ms=100.0 * number, tpot_ms=1.0, e2e_ms=200.0, eval_ms=100.0))
    document = json.loads(chimera("--json").out)
    assert {of["ttft_ms"]["rank"] for of in document["standings"].values()} == {None}
    assert "100 ± 0 (–)" in chimera().out


@pytest.mark.parametrize(
    ("goals", "said"),
    [
        ({"limits": ["ttft_ms <= 1", "ttft_ms >= 2"]}, "'ttft_ms >= 2' and 'ttft_ms <= 1' contradict each other"),
        ({"limits": ["ttft_ms <= quick"]}, "is not a limit"),
        ({"limits": ["speed >= 1"]}, "'speed' is not a metric of a trial"),
        ({"want": {"speed": 1}}, "goals.want.speed"),
        ({"want": {"ttft_ms": -1}}, "greater than 0"),
    ],
)
def test_goals_that_nothing_can_meet_are_refused(
    sweep: Sweep, chimera: Callable[..., Said], goals: Document, said: str
) -> None:
    sweep.trial(1)
    sweep.spec(goals=goals)
    for arguments in ((), ("--json",)):
        shown = chimera(*arguments)
        assert (shown.code, shown.out) == (2, "")
        assert shown.err.startswith("Error: ") and "sweep.yaml" in shown.err and said in shown.err


@pytest.mark.parametrize(
    "goals", [{"want": {"joules_per_token": 1}}, {"want": {"ttft_ms": 1}, "limits": ["joules_per_token <= 1"]}]
)
def test_goals_that_nobody_measured_recommend_nothing(
    sweep: Sweep, chimera: Callable[..., Said], goals: Document
) -> None:
    sweep.trial(1)
    sweep.spec(goals=goals)
    assert "No recommendation. No valid trial has a value for joules_per_token" in chimera().out
    assert json.loads(chimera("--json").out)["recommendation"]["best"] is None


def test_a_damaged_trial_json_is_named_and_the_others_are_compared(sweep: Sweep, chimera: Callable[..., Said]) -> None:
    sweep.trial(1).plan.write_text('{"model": "a:1b"')
    sweep.trial(2)
    shown = chimera()
    assert shown.code == 0
    assert "Trials: 1 valid." in shown.out
    assert "left out: " in shown.err and "trial.json is empty or damaged" in shown.err


def test_a_sweep_file_that_is_named_and_not_there_is_refused(sweep: Sweep, chimera: Callable[..., Said]) -> None:
    sweep.trial(1)
    shown = chimera("--spec", "other.yaml")
    assert shown.code == 2 and "other.yaml" in shown.err and "does not exist" in shown.err


BASELINES: dict[str, tuple[Callable[[str], str | bytes], str]] = {
    "of another version": (
        lambda text: text.replace('"schema_version": 2', '"schema_version": 1'),
        "schema version 1;",
    ),
    "something else": (lambda _: '{"models": []}', "is not a saved comparison: Field required."),
    "a list": (lambda _: "[1, 2]", "is not a saved comparison"),
    "no JSON": (lambda _: "model,ttft_ms\na,1\n", "is not a saved comparison: Invalid JSON"),
    "empty": (lambda _: "", "is not a saved comparison: Invalid JSON"),
    "cut": (lambda text: text[: len(text) // 2], "is not a saved comparison: Invalid JSON"),
    "no text": (lambda _: b"\xff\xfe\x00", "is not a saved comparison: Invalid JSON"),
    "NaN": (
        lambda text: text.replace('"throughput_tok_s": [', '"throughput_tok_s": [ NaN,', 1),
        "trials.0.values.throughput_tok_s.0: Input should be a finite number.",
    ),
    "no trials": (lambda text: text.replace('"trials"', '"tests"', 1), "trials: Field required."),
}


@pytest.mark.parametrize("case", BASELINES)
def test_a_baseline_that_is_none_is_refused(sweep: Sweep, chimera: Callable[..., Said], case: str) -> None:
    change, said = BASELINES[case]
    sweep.trial(1)
    assert chimera("--save", "base.json").code == 0
    path = sweep.path / "base.json"
    changed = change(path.read_text())
    path.write_bytes(changed if isinstance(changed, bytes) else changed.encode())
    for arguments in ((), ("--json",)):
        shown = chimera("--baseline", "base.json", *arguments)
        assert (shown.code, shown.out) == (2, "")
        assert "base.json" in shown.err and said in shown.err and "save" in shown.err.lower()


def test_a_baseline_from_git(sweep: Sweep, chimera: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that has one is read; one without, no commit, no repository and no git are each refused."""
    sweep.trial(1)
    refused = "is not a file, and git finds no comparison in it: "

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
        subprocess.run(["git", *who, *arguments], cwd=sweep.path, check=True, capture_output=True)

    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(sweep.path.parent))
    assert refused + "fatal: not a git repository" in chimera("--baseline", "HEAD").err
    git("init")
    git("commit", "--allow-empty", "--message", "empty")
    shown = chimera("--baseline", "HEAD")
    assert shown.code == 2 and refused + "fatal: path 'data/runs/comparison.json'" in shown.err
    assert refused + "fatal: invalid object name" in chimera("--baseline", "elsewhere").err
    assert refused + "no commit begins with '-'" in chimera("--baseline=-p").err
    assert "data can't be read: it is a folder, not a file" in chimera("--baseline", "data").err
    assert chimera().code == 0
    git("add", "--force", "data/runs/comparison.json")
    git("commit", "--message", "measured")
    shown = chimera("--baseline", "HEAD")
    assert shown.code == 0 and "Compared with HEAD:./data/runs/comparison.json: of 0 tests" in shown.out
    monkeypatch.setenv("PATH", str(sweep.path))
    assert refused + "git is not installed" in chimera("--baseline", "HEAD").err


def test_nothing_that_can_be_tested_fails_where_worse_would(sweep: Sweep, chimera: Callable[..., Said]) -> None:
    sweep.trial(1)
    assert chimera("--save-baseline").code == 0
    shutil.rmtree(sweep.store.runs / "smollm2@135m")
    sweep.trial(2)
    shown = chimera("--fail-on", "worse")
    assert shown.code == 2 and "Nothing could be tested against" in shown.err
    assert "not compared: smollm2:135m|c4k-k1" in shown.out and "only in the baseline" in shown.out


def test_a_long_list_says_how_much_of_it_is_shown(sweep: Sweep, chimera: Callable[..., Said]) -> None:
    for number in range(1, 6):
        sweep.trial(number)
    for number in range(6, 10):
        sweep.registered(number)
    shown = chimera("--top", "3").out
    assert "and 2 more: --top" in shown and "and 1 more: --top" in shown
    assert shown.count("has not run") == 3
    assert "more: --top" not in chimera().out
    assert chimera("--save", "base.json").code == 0
    shown = chimera("--top", "3", "--baseline", "base.json").out
    assert shown.count("not compared: ") == 3 and "and 1 more: --top" in shown
