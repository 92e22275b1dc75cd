"""Leases between processes: one holder a lane, freed by death, in order, and nothing believed that is not so."""

import fcntl
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import pytest
from psutil import _pslinux

from chimera_dagster.errors import LeaseError
from chimera_dagster.gpu import leases
from chimera_dagster.gpu.holder import holder
from chimera_dagster.gpu.lanes import Lane
from chimera_dagster.gpu.leases import acquire, any_held, claim, lane_states, leases_folder
from chimera_dagster.gpu.tickets import waiting

A, B = Lane("a.0", None, None), Lane("b.0", None, None)


class Process:
    """A process that takes a lease and keeps it. It says `waits` once if it has to, then the lane that it has.

    Asked for `cpu` it says the seconds of CPU time that it has used, asked to `release` it does.
    """

    def __init__(self, folder: Path, *lanes: Lane) -> None:
        said, self._says = os.pipe()
        self._asks, asked = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(asked)  # the end of what is asked is the end of this process
            try:
                hold(folder, lanes, os.fdopen(self._asks), self._says)
            finally:
                os._exit(0)
        os.close(self._says)
        os.close(self._asks)
        self._said, self._asked = os.fdopen(said), os.fdopen(asked, "w", buffering=1)

    def says(self) -> str:
        return self._said.readline().strip()

    def ask(self, word: str) -> str:
        self._asked.write(f"{word}\n")
        return self.says()

    def kill(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._said.close()
            self._asked.close()
            self.pid = 0


def hold(folder: Path, lanes: Sequence[Lane], asked: TextIO, says: int) -> None:
    def say(word: object) -> None:
        os.write(says, f"{word}\n".encode())

    def answer() -> None:
        for line in asked:
            if line == "cpu\n":
                say(time.process_time())
            else:
                lease.release()
                say("released")
        os._exit(0)

    threading.Thread(target=answer, daemon=True).start()
    lease = acquire(lanes, holder("run", "model|params"), folder, on_wait=lambda _: say("waits"))
    say(lease.lane.name)
    threading.Event().wait()


@pytest.fixture
def start(tmp_path: Path) -> Generator[Callable[..., Process]]:
    with ExitStack() as stack:

        def started(*lanes: Lane) -> Process:
            process = Process(tmp_path, *lanes)
            stack.callback(process.kill)
            return process

        yield started


def taken(folder: Path) -> str:
    with acquire([A, B], holder(), folder, timeout_s=0) as lease:
        return lease.lane.name


def test_two_processes_hold_two_lanes_and_a_third_waits(tmp_path: Path, start: Callable[..., Process]) -> None:
    first, second = start(A, B), start(A, B)
    assert {first.says(), second.says()} == {"a.0", "b.0"}
    third = start(A, B)
    assert third.says() == "waits"
    held = {each.lane.name: each.holder for each in lane_states([A, B], tmp_path)}
    assert {who.pid for who in held.values() if who} == {first.pid, second.pid}
    assert {who.trial for who in held.values() if who} == {"model|params"}
    assert [who.pid for who in waiting(tmp_path)] == [third.pid]
    with pytest.raises(LeaseError, match="No lane was free within 0 s"):
        taken(tmp_path)


def test_kill_9_frees_the_lane_for_who_waits(tmp_path: Path, start: Callable[..., Process]) -> None:
    first = start(A)
    assert first.says() == "a.0"
    second = start(A)
    assert second.says() == "waits"
    first.kill()
    assert second.says() == "a.0"
    second.kill()
    assert [each[1:] for each in lane_states([A], tmp_path)] == [(False, None)]


def test_lanes_are_had_in_the_order_of_asking(tmp_path: Path, start: Callable[..., Process]) -> None:
    first = start(A)
    assert first.says() == "a.0"
    queue: list[Process] = []
    for _ in range(3):
        queue.append(start(A))
        assert queue[-1].says() == "waits"
    assert [who.pid for who in waiting(tmp_path)] == [each.pid for each in queue]
    queue[0].kill()  # who dies waiting holds up nobody
    assert first.ask("release") == "released"
    assert queue[1].says() == "a.0"
    assert [who.pid for who in waiting(tmp_path)] == [queue[2].pid]


def test_waiting_for_one_lane_keeps_nobody_from_another(tmp_path: Path, start: Callable[..., Process]) -> None:
    assert start(A).says() == "a.0"
    assert start(A).says() == "waits"
    assert taken(tmp_path) == "b.0"


def test_waiting_takes_next_to_no_cpu_time(start: Callable[..., Process]) -> None:
    assert start(A).says() == "a.0"
    waiter = start(A)
    assert waiter.says() == "waits"
    before = float(waiter.ask("cpu"))
    time.sleep(2.0)
    assert float(waiter.ask("cpu")) - before < 0.1


def test_what_a_dead_holder_wrote_is_not_believed(tmp_path: Path, start: Callable[..., Process]) -> None:
    first = start(A)
    assert first.says() == "a.0"
    pid = first.pid
    first.kill()
    assert json.loads((tmp_path / "a.0.lease").read_text())["pid"] == pid
    [free] = lane_states([A], tmp_path)
    assert free == (A, False, None)
    with acquire([A], holder("run", "trial"), tmp_path) as lease:
        [held] = lane_states([A], tmp_path)
        assert held.holder is not None and (held.holder.pid, held.holder.trial) == (os.getpid(), "trial")
        lease.describe(held.holder._replace(started=held.holder.started - 60))  # an earlier process of that id
        assert lane_states([A], tmp_path) == [(A, True, None)]
        (tmp_path / "a.0.lease").write_text("{")
        assert lane_states([A], tmp_path) == [(A, True, None)]
    assert lane_states([A], tmp_path) == [(A, False, None)]


@pytest.mark.parametrize("jump", [-86_400, 86_400])
def test_a_clock_that_is_set_changes_no_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: int) -> None:
    with acquire([A], holder("run", "trial"), tmp_path):
        before = lane_states([A], tmp_path)
        boot_time = _pslinux.boot_time
        monkeypatch.setattr(_pslinux, "boot_time", lambda: boot_time() + jump)  # what the kernel says after it was set
        assert lane_states([A], tmp_path) == before
        assert before[0].holder is not None


def test_any_held_tells_of_lanes_that_this_process_does_not_know(tmp_path: Path) -> None:
    assert not any_held(tmp_path / "none")
    with acquire([B], holder(), tmp_path):
        assert any_held(tmp_path)
    assert not any_held(tmp_path)


def test_a_fork_and_a_program_do_not_keep_the_lane(tmp_path: Path) -> None:
    lease = acquire([A, B], holder(), tmp_path)
    program = subprocess.Popen(["sleep", "60"])
    fork = os.fork()
    if fork == 0:
        lease.release()  # of no effect: it is the parent's
        time.sleep(60)
        os._exit(0)
    try:
        assert lane_states([A], tmp_path)[0].held
        lease.release()
        assert taken(tmp_path) == "a.0"
    finally:
        program.kill()
        os.kill(fork, signal.SIGKILL)
        program.wait()
        os.waitpid(fork, 0)


def test_a_lane_whose_file_was_cleaned_away_has_one_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, flock = tmp_path / "a.0.lease", fcntl.flock

    def cleaned(handle: int, how: int) -> None:
        flock(handle, how)
        monkeypatch.undo()
        path.unlink()

    (tmp_path / "waiting").mkdir()
    monkeypatch.setattr(leases, "Ticket", Unqueued)
    monkeypatch.setattr(fcntl, "flock", cleaned)
    with acquire([A], holder(), tmp_path) as lease:
        assert lease.lane == A
        assert path.exists()
        assert lane_states([A], tmp_path)[0].held


class Unqueued:
    """A ticket that waits for nobody, and locks nothing."""

    def __init__(self, *_: object) -> None: ...

    def __enter__(self) -> "Unqueued":
        return self

    def __exit__(self, *_: object) -> None: ...

    def taken(self) -> set[str]:
        return set()


def test_release_may_be_called_from_another_thread_and_again(tmp_path: Path) -> None:
    lease = acquire([A], holder(), tmp_path)
    thread = threading.Thread(target=lease.release)
    thread.start()
    thread.join()
    lease.release()
    assert taken(tmp_path) == "a.0"


def test_a_folder_that_can_not_be_used_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LeaseError, match="can't be used"):
        acquire([A], holder(), tmp_path / "file")
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    if (tmp_path).stat().st_uid != 0:
        with pytest.raises(LeaseError, match="belongs to another user"):
            acquire([A], holder(), tmp_path)
    assert leases_folder(None) == Path("/tmp/chimera-leases-12345")
    assert leases_folder(Path("x")) == Path("x").absolute()


def test_a_claim_is_one_process_s_until_its_block_ends(tmp_path: Path) -> None:
    with claim("a trial", tmp_path) as mine:
        assert mine
        said, says = os.pipe()
        if (pid := os.fork()) == 0:
            with claim("a trial", tmp_path, wait=False) as taken, claim("another", tmp_path, wait=False) as free:
                os.write(says, f"{taken} {free}".encode())
            os._exit(0)
        os.waitpid(pid, 0)
        assert os.read(said, 20) == b"False True"
    with claim("a trial", tmp_path, wait=False) as again:
        assert again
    assert list((tmp_path / "claims").iterdir()) == []
    for handle in (said, says):
        os.close(handle)


def test_a_pipe_as_lease_is_named_and_one_among_the_tickets_ignored(tmp_path: Path) -> None:
    (tmp_path / "waiting").mkdir()
    os.mkfifo(tmp_path / "waiting" / "00000000000000000001-1")
    assert waiting(tmp_path) == []
    os.mkfifo(tmp_path / f"{A.name}.lease")
    with pytest.raises(LeaseError, match="can't be used: it is a pipe"):
        lane_states([A], tmp_path)
    with pytest.raises(LeaseError, match="can't be used: it is a pipe"):
        acquire([A], holder(), tmp_path)
