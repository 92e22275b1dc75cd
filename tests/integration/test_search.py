"""`chimera search` on a stub of Ollama: its proposals become partitions and reports, and kill -9 loses none."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Generator

import pytest
from dagster import DagsterRunStatus, RunsFilter
from dagster._daemon.types import DaemonHeartbeat

from chimera_dagster.gpu.leases import claim
from chimera_dagster.orchestration.backfill import unfinished
from tests.conftest import Project
from tests.integration.aftermath import NOTHING
from tests.integration.bench import bench_in
from tests.integration.daemon import NO_SENSORS, running_daemon
from tests.integration.sweeping import CALLS, Sweeping, sweeping_in
from tests.waiting import is_gone, wait_for

SPACE = {"num_ctx": {"low": 2048, "high": 8192}, "top_k": [10, 20, 40], "temperature": {"low": 0.0, "high": 1.0}}
WHOLE = 1000  # tokens that no answer of the stub is cut at: a trial that was cut is not valid


@pytest.fixture(scope="module")
def searching(shared_project: Project) -> Generator[Sweeping]:
    with sweeping_in(shared_project) as made:
        yield made


def asked(searching: Sweeping, seed: int, **fields: object) -> None:
    goals = {"want": {"throughput_tok_s": 1}}
    searching.trials([40], **({"seed": seed, "search": SPACE, "goals": goals, "max_tokens": WHOLE} | fields))


def search(searching: Sweeping, *arguments: str, code: int = 0) -> dict[str, list[dict[str, object]]]:
    done = searching.start("--json", *arguments, verb="search").ended()
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_proposals_become_partitions_with_reports_as_those_of_a_sweep(searching: Sweeping) -> None:
    asked(searching, seed=1)
    found = search(searching, "--trials", "3")
    assert found["ended"] == "3 of 3 proposals are measured"
    keys = [(each["model"], each["params"]) for each in found["proposals"]]
    assert len(set(keys)) == 3
    assert found["recommended"] in [f"{model}|{params}" for model, params in keys]
    with bench_in(searching.project) as bench:
        for model, params in keys:
            assert bench.instance.has_dynamic_partition("model", str(model))
            assert bench.instance.has_dynamic_partition("params", str(params))
            folder = bench.store.folder(str(model), str(params))
            assert folder.report.exists() and folder.page.exists()
        runs = bench.instance.get_runs(RunsFilter(job_name="write_report"))
        assert Counter(run.status for run in runs) == {DagsterRunStatus.SUCCESS: 3}
    assert (searching.project.data / "dagster_home" / "search.db").exists()
    calls = len(searching.stub.generations())
    assert search(searching, "--trials", "3") == found
    assert len(searching.stub.generations()) == calls
    assert len(search(searching, "--trials", "4")["proposals"]) == 4


def test_kill_9_in_the_midst_of_a_proposal(searching: Sweeping) -> None:
    asked(searching, seed=2, models=["smollm2:135m"])
    calls = searching.stall_after(2 * CALLS - 1)  # in the report of the second proposal
    killed = searching.start("--trials", "4", verb="search")
    wait_for(lambda: len(searching.stub.generations()) == calls, "second report")
    holder = searching.holder()
    assert holder is not None
    os.kill(killed.pid, signal.SIGKILL)
    wait_for(lambda: is_gone(holder.pid), "end of the process that measures")
    killed.communicate(timeout=60)
    searching.stub.answer_with(None)
    before = len(searching.stub.generations())
    found = search(searching, "--trials", "4")["proposals"]
    assert len({each["params"] for each in found}) == 4
    assert holder.trial == f"{found[1]['model']}|{found[1]['params']}"
    assert len(searching.stub.generations()) - before == 3 * CALLS
    with bench_in(searching.project) as bench:
        plans = [bench.store.plan(str(each["model"]), str(each["params"])) for each in found]
    assert searching.aftermath(plans) == NOTHING


def test_the_daemon_runs_proposals_as_a_backfill(searching: Sweeping) -> None:
    asked(searching, seed=5, search={"top_k": [70, 71]})
    with bench_in(searching.project) as bench, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OLLAMA_HOST", searching.stub.url)
        # A daemon looks for backfills when it starts, and then every half minute.
        bench.instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), "BACKFILL", None))
        home = os.environ["DAGSTER_HOME"]
        asking = searching.start("--trials", "1", "--daemon", "--json", verb="search", DAGSTER_HOME=home)
        backfill = wait_for(lambda: unfinished(bench.instance), "backfill")
        with running_daemon(bench, NO_SENSORS, OLLAMA_HOST=searching.stub.url):
            stdout, stderr = asking.communicate(timeout=300)
        assert asking.returncode == 0, stderr
        [found] = json.loads(stdout)["proposals"]
        [run] = bench.instance.get_runs(RunsFilter(tags={"dagster/backfill": backfill}))
        assert run.tags["dagster/partition"] == f"{found['model']}|{found['params']}"
        assert bench.store.folder(found["model"], found["params"]).report.exists()


def test_a_second_search_at_once_is_refused(searching: Sweeping) -> None:
    asked(searching, seed=3)
    study = searching.project.path.absolute() / "data" / "dagster_home" / "search.db"
    with claim(f"search|{study}", searching.leases):
        done = searching.start("--trials", "1", verb="search").ended()
    assert done.returncode == 1
    assert "Another search is running in this data folder." in done.stderr


def test_a_proposal_that_fails_is_said_and_the_others_go_on(searching: Sweeping) -> None:
    asked(searching, seed=4, models=["gemma3:270m", "no-such-model:1b"], search={"top_k": [10, 20, 30]})
    found = search(searching, "--trials", "6", code=1)
    assert found["ended"] == "3 of 6 proposals are measured, and 3 failed"
    assert {str(key).split("|")[0] for key in found["failed"]} == {"no-such-model:1b"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"search": {"top_k": {"low": 5, "high": 1}}}, "sweep.yaml, line"),
        ({"search": {}, "grid": {}}, "There is nothing to search"),
        ({"goals": {"want": {"joules_per_token": 1}}}, "The goals name joules_per_token, but gemma3:270m|"),
    ],
)
def test_what_can_not_be_searched_is_said_in_a_sentence(
    searching: Sweeping, fields: dict[str, object], said: str
) -> None:
    document = {
        "engine": "ollama",
        "models": ["gemma3:270m"],
        "max_tokens": WHOLE,
        "search": {"top_k": [1, 2]},
    } | fields
    searching.project.spec.write_text(json.dumps(document))
    done = searching.start("--trials", "2", verb="search").ended()
    assert done.returncode == 2, done.stderr
    assert said in done.stderr and "Traceback" not in done.stderr
