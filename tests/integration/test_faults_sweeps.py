"""What happens around a sweep while it runs: another one, a run of the UI's, another spec, a locked database."""

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Generator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chimera_dagster.orchestration.partitions import register
from chimera_dagster.records.trial_files import read_metrics
from tests.conftest import Project
from tests.forked import Forked, run_job
from tests.integration.aftermath import NOTHING
from tests.integration.bench import bench_in
from tests.integration.sweeping import CALLS, QUICK_S, SLOW_S, Sweeping, sweeping_in
from tests.waiting import PATIENCE_S, wait_for

CLOCK = Path(__file__).with_name("clock.c")


@pytest.fixture(scope="module")
def sweeping(shared_project: Project) -> Generator[Sweeping]:
    with sweeping_in(shared_project) as made:
        yield made


@pytest.fixture
def slowly(sweeping: Sweeping) -> Generator[None]:
    sweeping.stub.seconds_between = SLOW_S
    yield
    sweeping.stub.seconds_between = QUICK_S


@pytest.mark.usefixtures("slowly")
def test_a_sweep_does_not_measure_a_trial_that_a_run_of_dagsters_is_at_work_on(sweeping: Sweeping) -> None:
    plans = sweeping.trials([20])
    with bench_in(sweeping.project) as bench:
        register(bench.instance, bench.store, plans)
    before = len(sweeping.stub.generations())
    environment = sweeping.project.environment(
        DAGSTER_HOME=str(sweeping.project.data / "dagster_home"), OLLAMA_HOST=sweeping.stub.url
    )
    run = Forked(run_job, "write_report", plans[0].trial.key, folder=sweeping.project.path, env=environment)
    wait_for(lambda: len(sweeping.stub.generations()) > before, "trial of the run")
    done = sweeping.sweep()
    assert run.ended().returncode == 0
    assert done.returncode == 0, done.stderr
    assert len(sweeping.stub.generations()) - before == CALLS
    # that run frees the trial once it is measured, so both may have written its report
    assert sweeping.aftermath(plans)._replace(twice=[]) == NOTHING


def test_a_spec_that_changes_midway_changes_the_next_sweep_and_not_this_one(sweeping: Sweeping) -> None:
    plans = sweeping.trials(range(30, 32))
    before = len(sweeping.stub.generations())
    sweep = sweeping.start_slowly("--json")
    changed = sweeping.trials(range(31, 33), max_tokens=24)
    stdout, stderr = sweep.communicate(timeout=120)
    assert sweep.returncode == 0, stderr
    assert [row["params"] for row in json.loads(stdout)] == [plan.params.key for plan in plans]
    asked = sweeping.stub.generations()[before:]
    assert {body["options"]["num_predict"] for body in asked} == {1, 16}  # 1 to load the model
    assert len(asked) == CALLS * len(plans)
    assert sweeping.aftermath(plans) == NOTHING
    assert sweeping.aftermath(changed).lost == [plan.trial.key for plan in changed]  # one has a report, of another spec
    again = sweeping.sweep()
    assert again.returncode == 0, again.stderr
    assert sweeping.aftermath(changed)._replace(twice=[]) == NOTHING


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler for the library that sets the clock")
@pytest.mark.parametrize(("jump", "top_k"), [("-7200", 50), ("+7200", 60)])
def test_a_clock_that_is_set_midway_costs_no_trial_and_no_figure(sweeping: Sweeping, jump: str, top_k: int) -> None:
    plans = sweeping.trials(range(top_k, top_k + 2))
    clock, library = sweeping.project.path / "clock", sweeping.project.path / "clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, CLOCK, "-ldl"], check=True)
    clock.write_text("0")
    sweep = sweeping.start_slowly(LD_PRELOAD=str(library), CLOCK_SHIFT=str(clock))
    clock.write_text(jump)
    _, stderr = sweep.communicate(timeout=120)
    assert sweep.returncode == 0, stderr
    first, second = (read_metrics(sweeping.store, plan.trial) for plan in plans)
    assert first is not None and second is not None
    begun = datetime.fromtimestamp(clock.stat().st_mtime, UTC)
    assert abs(second.created_at - begun - timedelta(seconds=int(jump))) < timedelta(minutes=10)  # it was really set
    assert all(0 < call.e2e_ms < PATIENCE_S * 1000 for call in first.calls)
    assert sweeping.sweep().returncode == 0
    assert sweeping.aftermath(plans) == NOTHING


def test_a_database_that_stays_locked_ends_the_sweep_with_a_sentence(sweeping: Sweeping) -> None:
    plans = sweeping.trials(range(40, 42))
    sweep = sweeping.start_slowly()
    with closing(sqlite3.connect(sweeping.project.data / "dagster_home" / "history" / "runs.db")) as database:
        database.isolation_level = None
        database.execute("BEGIN EXCLUSIVE")
        _, stderr = sweep.communicate(timeout=120)
    assert sweep.returncode == 1
    assert "can't be used: database is locked." in stderr
    assert "Traceback" not in stderr
    again = sweeping.sweep()
    assert again.returncode == 0, again.stderr
    assert sweeping.aftermath(plans) == NOTHING
