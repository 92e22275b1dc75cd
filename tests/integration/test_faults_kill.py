"""Processes and servers that die in the middle of `chimera sweep`: the next one does the rest, each trial once."""

from collections.abc import Generator
from typing import Literal

import pytest

from tests.conftest import Project
from tests.integration.aftermath import NOTHING
from tests.integration.sweeping import CALLS, Sweeping, sweeping_in
from tests.stub_ollama import StubOllama
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def sweeping(shared_project: Project) -> Generator[Sweeping]:
    with sweeping_in(shared_project) as made:
        yield made


@pytest.mark.parametrize(("victim", "top_k"), [("sweep", 10), ("holder", 20)])
def test_kill_9_of_a_sweep_in_the_midst_of_a_trial(
    sweeping: Sweeping, victim: Literal["sweep", "holder"], top_k: int
) -> None:
    plans = sweeping.trials(range(top_k, top_k + 3))
    calls = sweeping.stall_after(2 * CALLS - 1)  # in the report of the second trial
    sweep = sweeping.start()
    wait_for(lambda: len(sweeping.stub.generations()) == calls, "second report")
    sweeping.kill(sweep, victim, plans[1].trial.key)
    again = sweeping.sweep()
    assert again.returncode == 0, again.stderr
    assert "1 skipped" in again.stderr or victim == "holder"  # a sweep that lives on may have done the rest itself
    assert sweeping.aftermath(plans) == NOTHING


def test_a_server_that_is_killed_in_the_midst_of_its_answer(sweeping: Sweeping) -> None:
    plans = sweeping.trials(range(30, 32), server_wait_s=0.5)
    with StubOllama() as dying:
        first = Sweeping(sweeping.project, dying)
        calls = first.stall_after(CALLS - 1)
        sweep = first.start()
        wait_for(lambda: len(dying.generations()) == calls, "report")
        dying.kill()
        stdout, stderr = sweep.communicate(timeout=60)
    assert sweep.returncode == 1
    assert "was interrupted" in stderr
    assert "Traceback" not in stdout + stderr
    again = sweeping.sweep()
    assert again.returncode == 0, again.stderr
    assert sweeping.aftermath(plans) == NOTHING
