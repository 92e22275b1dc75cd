"""`chimera compare` on trials that ran: its table, its baseline, and its exit code."""

import json
import re
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from chimera_dagster.cli import app
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.report import render_trial
from tests.conftest import Project
from tests.desk import Desk, desk_in

SETS = [{"grid": {"num_ctx": [4096], "top_k": [number]}, "rounds": 4, "max_tokens": 1000} for number in range(1, 4)]


@pytest.fixture(scope="module")
def compared(shared_project: Project) -> Generator[Desk]:
    with desk_in(shared_project.data, shared_project.reports) as desk, pytest.MonkeyPatch.context() as patch:
        for fields in SETS:
            desk.store.register(desk.plan(**fields))
            desk.run_rounds(**fields)
            render_trial(desk.store, desk.plan(**fields))
            scattered(desk, desk.plan(**fields))
        patch.setenv("CHIMERA_DATA_DIR", str(desk.store.data_dir))
        patch.setenv("CHIMERA_SPEC", str(desk.store.data_dir / "none.yaml"))
        yield desk


def scattered(desk: Desk, plan: TrialPlan) -> None:
    """Give each call its own speed, by 1 %: all tokens of the stub take the same time."""
    path = desk.store.folder_of(plan.trial).metrics
    rng, document = np.random.default_rng(plan.params.top_k), json.loads(path.read_text())
    for call in document["calls"]:
        call["eval_ms"] *= float(np.exp(rng.normal(0, 0.01)))
    path.write_text(json.dumps(document))


def chimera(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["compare", *arguments])


def baseline(desk: Desk, path: Path, factor: float) -> str:
    """The comparison of now, with all throughputs multiplied."""
    assert chimera("--save", str(path)).exit_code == 0
    document = json.loads(path.read_text())
    for trial in document["trials"]:
        trial["values"]["throughput_tok_s"] = [factor * each for each in trial["values"]["throughput_tok_s"]]
    path.write_text(json.dumps(document))
    return str(path)


@pytest.mark.usefixtures("compared")
def test_it_names_the_trials_the_effects_and_a_recommendation_by_the_default_goals() -> None:
    shown = chimera()
    assert shown.exit_code == 0, shown.output
    assert "Trials: 3 valid." in shown.output
    assert "trials of equal rank are not distinguishable" in shown.output
    told = " ".join(shown.output.split())
    assert re.search(r"top_k (has no detectable effect on|changes) ", told), told  # what the host's noise made of it
    assert "Recommended: " in told
    assert "by the default goals: throughput_tok_s (weight 1); ttft_ms (weight 1); quality (weight 2)" in told


@pytest.mark.parametrize(
    ("factor", "verdict", "code"), [(1.0, "no difference", 0), (2.0, "worse", 1), (0.5, "better", 0)]
)
def test_a_regression_is_said_and_fails_where_that_is_asked_for(
    compared: Desk, tmp_path: Path, factor: float, verdict: str, code: int
) -> None:
    path = baseline(compared, tmp_path / "base.json", factor)
    shown = chimera("--baseline", path, "--fail-on", "worse")
    assert shown.exit_code == code, shown.output
    found = json.loads(chimera("--baseline", path, "--json").output)
    told = {each["verdict"] for each in found["changes"] if each["metric"] == "throughput_tok_s"}
    assert told and all(each.startswith(verdict) for each in told), told
    assert chimera("--baseline", path).exit_code == 0


def test_a_saved_baseline_is_what_later_ones_are_held_against(compared: Desk) -> None:
    before = chimera("--fail-on", "worse")
    assert "There is no baseline" in str(before.exception)
    assert chimera("--save-baseline").exit_code == 0
    later = chimera("--fail-on", "worse")
    assert later.exit_code == 0, later.output
    assert f"Against {compared.store.baseline}" in later.output
    compared.store.baseline.unlink()
