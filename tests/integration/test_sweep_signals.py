"""SIGTERM and SIGHUP end a sweep as Ctrl-C does, however it was started, and what was finished is kept."""

import os
import pty
import signal
from collections.abc import Callable, Generator
from contextlib import suppress

import pytest
from dagster import RunsFilter

from tests.conftest import Project
from tests.forked import Forked, run_chimera
from tests.integration.aftermath import NOTHING
from tests.integration.bench import bench_in
from tests.integration.sweeping import CALLS, Sweeping, sweeping_in
from tests.waiting import is_gone, wait_for


@pytest.fixture(scope="module")
def sweeping(shared_project: Project) -> Generator[Sweeping]:
    with sweeping_in(shared_project) as made:
        yield made


def in_a_terminal(*arguments: str) -> None:
    """As a shell with job control starts it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    run_chimera(*arguments)


def in_the_background(*arguments: str) -> None:
    """As the `&` of a script starts it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run_chimera(*arguments)


def with_nohup(*arguments: str) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    in_the_background(*arguments)


def in_a_session(*arguments: str) -> None:
    """As `setsid` starts it."""
    os.setsid()
    in_the_background(*arguments)


STARTS: list[tuple[Callable[..., None], signal.Signals]] = [
    (in_a_terminal, signal.SIGINT),
    (in_a_terminal, signal.SIGHUP),
    (with_nohup, signal.SIGTERM),
    (in_a_session, signal.SIGTERM),
]


@pytest.mark.parametrize("number", range(len(STARTS)), ids=[f"{it.__name__}-{by.name}" for it, by in STARTS])
def test_a_signal_ends_a_sweep_as_ctrl_c_does(sweeping: Sweeping, number: int) -> None:
    start, by = STARTS[number]
    plans = sweeping.trials([10 * number + 1, 10 * number + 2])
    calls = sweeping.stall_after(2 * CALLS - 1)  # in the report of the second trial
    env = sweeping.project.environment(OLLAMA_HOST=sweeping.stub.url)
    sweep = Forked(start, "sweep", folder=sweeping.project.path, env=env)
    wait_for(lambda: len(sweeping.stub.generations()) == calls, "second report")
    holder = sweeping.holder()
    assert holder is not None and holder.folder == str(sweeping.project.data.resolve())
    for _ in range(1 if by == signal.SIGINT else 2):  # a terminal and its shell both send SIGHUP
        os.kill(sweep.pid, by)
    stdout, stderr = sweep.communicate(timeout=60)
    assert sweep.returncode == 130, stderr
    assert "Traceback" not in stdout + stderr
    second = f"2/2 {plans[1].model} {plans[1].params.key}"
    assert f"1 of 2 trials are finished and kept; the next sweep runs again: {second} (report)" in stderr
    assert "Interrupted. Finished work is kept; the next sweep continues from there." in stderr
    assert is_gone(holder.pid)
    assert sweeping.stub.is_left()
    with bench_in(sweeping.project) as bench:
        [run] = bench.instance.get_runs(RunsFilter(tags={"dagster/partition": plans[1].trial.key}))
        assert run.status.value == "CANCELED"
        said = "\n".join(str(entry.dagster_event) for entry in bench.instance.all_logs(run.run_id))
    assert "site-packages" not in said  # no page of stack frames
    sweeping.stub.answer_with(None)
    again = sweeping.sweep()
    assert again.returncode == 0, again.stderr
    assert "1 skipped" in again.stderr
    assert sweeping.aftermath(plans) == NOTHING


def test_nohup_keeps_a_sweep_when_its_terminal_is_closed(sweeping: Sweeping) -> None:
    plans = sweeping.trials([101])
    before = len(sweeping.stub.generations())
    sweeping.stub.seconds_between = 0.2
    env = sweeping.project.environment(OLLAMA_HOST=sweeping.stub.url)
    sweep = Forked(with_nohup, "sweep", folder=sweeping.project.path, env=env)
    wait_for(lambda: len(sweeping.stub.generations()) > before, "first call")
    sweeping.stub.seconds_between = 0.001
    for by in (signal.SIGHUP, signal.SIGINT):
        os.kill(sweep.pid, by)
    _, stderr = sweep.communicate(timeout=60)
    assert sweep.returncode == 0, stderr
    assert sweeping.aftermath(plans) == NOTHING


def on_a_terminal(name: str, *arguments: str) -> None:
    """In the foreground of the terminal `name`, which shows the bars of a sweep."""
    os.setsid()
    descriptor = os.open(name, os.O_RDWR)  # the first that a session opens is its terminal
    for number in (0, 1, 2):
        os.dup2(descriptor, number)
    os.environ["TERM"] = "xterm"
    in_a_terminal(*arguments)


def test_a_terminal_that_is_closed_ends_its_sweep(sweeping: Sweeping) -> None:
    plans = sweeping.trials([111])
    calls = sweeping.stall_after(CALLS - 1)
    ours, theirs = pty.openpty()
    env = sweeping.project.environment(OLLAMA_HOST=sweeping.stub.url)
    sweep = Forked(on_a_terminal, os.ttyname(theirs), "sweep", folder=sweeping.project.path, env=env)
    os.set_blocking(ours, False)

    def has_begun() -> bool:
        with suppress(BlockingIOError):
            os.read(ours, 2**20)  # a terminal that nobody reads blocks its writer
        return len(sweeping.stub.generations()) == calls

    wait_for(has_begun, "report")
    os.close(theirs)
    os.close(ours)
    sweep.communicate(timeout=60)
    assert sweep.returncode == 130
    assert sweeping.stub.is_left()
    sweeping.stub.answer_with(None)
    assert sweeping.sweep().returncode == 0
    assert sweeping.aftermath(plans) == NOTHING


def into_a_pipe(name: str, *arguments: str) -> None:
    """As `2>&1 | head` at its end reads its progress."""
    os.dup2(os.open(name, os.O_WRONLY), 2)
    in_a_terminal(*arguments)


def test_a_sweep_whose_reader_ends_leaves_no_run_unfinished(sweeping: Sweeping) -> None:
    plans = sweeping.trials([121])
    sweeping.stall_after(CALLS - 1)
    pipe = sweeping.project.path / "pipe"
    os.mkfifo(pipe)
    env = sweeping.project.environment(OLLAMA_HOST=sweeping.stub.url)
    sweep = Forked(into_a_pipe, str(pipe), "sweep", folder=sweeping.project.path, env=env)
    with pipe.open() as reader:
        assert "1 trials to run" in reader.readline()
    sweep.communicate(timeout=60)
    assert sweep.returncode == 141
    with bench_in(sweeping.project) as bench:
        runs = bench.instance.get_runs(RunsFilter(tags={"dagster/partition": plans[0].trial.key}))
        assert {run.status.value for run in runs} <= {"CANCELED"}
    sweeping.stub.answer_with(None)
    assert sweeping.sweep().returncode == 0
    assert sweeping.aftermath(plans) == NOTHING
