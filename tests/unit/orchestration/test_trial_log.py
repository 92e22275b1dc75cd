"""What the page of a run shows of a trial: where it is and how long it will take, at least every ten seconds."""

from types import SimpleNamespace
from typing import Any

import pytest

from chimera_dagster.orchestration import trial_log
from chimera_dagster.orchestration.trial_log import TrialProgress
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan
from tests.waiting import wait_for


def planned(repeats: int = 3) -> TrialPlan:
    return SweepSpec(models=["gemma3:270m"], repeats=repeats, max_tokens=100).plans()[0]


def test_a_line_for_each_state_of_a_trial() -> None:
    progress = TrialProgress(planned(), 0.0)
    assert progress.advance("loading", 0, 1.0)
    assert progress.line(13.0) == "gemma3:270m: loading, 12 s so far, time left is not known yet"
    assert progress.advance("analysis", 0, 20.0)
    assert progress.line(25.0) == "gemma3:270m: analysis 1 of 3, 5 s so far, time left is not known yet"
    assert not progress.advance("analysis", 1, 30.0)  # ten seconds of prefill
    assert not progress.advance("analysis", 21, 40.0)
    # at 2 tok/s a call of 100 tokens takes 60 s; this one has run for 20 s, and five follow
    assert progress.line(40.0) == "gemma3:270m: analysis 1 of 3, 21 tokens, 2.0 tok/s, at most 5 min 40 s left"
    assert progress.advance("report", 0, 50.0)  # the first call has taken 30 s
    assert progress.line(60.0) == "gemma3:270m: report 1 of 3, 10 s so far, at most 2 min 20 s left"
    progress.advance("report", 1, 61.0)
    progress.advance("analysis", 0, 80.0)
    assert progress.line(80.0) == "gemma3:270m: analysis 2 of 3, 0 s so far, at most 2 min 0 s left"


def test_the_last_call_of_a_trial_ends_it() -> None:
    progress = TrialProgress(planned(1), 0.0)
    for at, stage in ((0.0, "analysis"), (10.0, "report")):
        progress.advance(stage, 0, at)
        progress.advance(stage, 1, at + 1)
    assert progress.line(18.0).endswith("at most 2 s left")
    progress.advance("revision", 0, 20.0)
    assert progress.line(21.0) == "gemma3:270m: revision, 1 s so far, at most 9 s left"


def test_a_model_that_is_loaded_again_begins_no_other_call() -> None:
    progress = TrialProgress(planned(), 0.0)
    for stage, chunks in (("analysis", 0), ("loading", 0), ("analysis", 1)):
        assert progress.advance(stage, chunks, 1.0) == (chunks == 0 or stage == "analysis")
    assert progress.line(2.0).startswith("gemma3:270m: analysis 1 of 3, 1 tokens")


def test_a_run_logs_each_stage_and_then_every_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert trial_log.EVERY_S < 10
    monkeypatch.setattr(trial_log, "EVERY_S", 0.01)
    logged: list[tuple[str, str]] = []
    told: list[Any] = []
    log = SimpleNamespace(
        info=lambda line: logged.append(("info", line)), warning=lambda line: logged.append(("warning", line))
    )
    engines = SimpleNamespace(on_notice=told.append)
    workspace: Any = SimpleNamespace(on_progress=lambda *what: told.append(what), engines=engines)
    before = workspace.on_progress, engines.on_notice
    context: Any = SimpleNamespace(log=log)
    with trial_log.trial_log(context, workspace, planned()):
        workspace.on_progress("analysis", 0)
        workspace.on_progress("analysis", 1)
        wait_for(lambda: len([line for _, line in logged if "analysis 1 of 3, 1 tokens" in line]) > 2, "lines")
        engines.on_notice("The server answers again.")
    assert ("warning", "The server answers again.") in logged
    assert told == [("analysis", 0), ("analysis", 1), "The server answers again."]  # the terminal hears the same
    assert (workspace.on_progress, engines.on_notice) == before
    count = len(logged)
    workspace.on_progress("report", 0)
    assert len(logged) == count
