"""Whose CPU time is the engine's, whose is others', and of which cores it is a share."""

import os
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from chimera_dagster.measure import other_load
from chimera_dagster.measure.other_load import OtherLoad, OtherLoadReader

ENGINE, BUILD, IDLE = 10, 20, 30
CORES = 4


class Machine:
    """Four cores and three processes besides this one; `work` lets a second pass."""

    def __init__(self) -> None:
        self.now = 100.0
        self.used = dict.fromkeys((ENGINE, BUILD, IDLE, os.getpid()), 50.0)
        self.names = {ENGINE: "ollama", BUILD: "python3.12", IDLE: "sshd", os.getpid(): "chimera"}
        self.started = dict.fromkeys(self.used, 1.0)
        self.busy = [50.0] * CORES
        self.affinity = list(range(CORES))
        self.arguments = ["-u", "/home/me/train.py", "--key=secret"]  # of the build

    def work(self, seconds: float = 1.0, core: int = 0, **cpu_s: float) -> None:
        """Let these processes use CPU time, all of it on one core as far as the counters of cores say."""
        self.now += seconds
        for name, spent in cpu_s.items():
            pid = {"engine": ENGINE, "build": BUILD, "idle": IDLE, "this": os.getpid()}.get(name)
            if pid is not None:
                self.used[pid] += spent
            self.busy[core] += spent

    def times(self, percpu: bool = False) -> Any:
        found = [
            SimpleTimes(user=busy + 7.0, system=0.0, idle=1e6, iowait=3.0, guest=7.0, steal=0.0) for busy in self.busy
        ]
        return found if percpu else SimpleTimes(*[sum(each) for each in zip(*found, strict=True)])

    def process(self, pid: int) -> Any:
        if pid not in self.used:
            raise psutil.NoSuchProcess(pid)
        times = SimpleNamespace(user=self.used[pid], system=0.0)
        return SimpleNamespace(
            pid=pid,
            cpu_times=lambda: times,
            cpu_affinity=lambda: self.affinity,
            name=lambda: self.names[pid],
            create_time=lambda: self.started[pid],
            cmdline=lambda: ["python3.12", *self.arguments],
            oneshot=lambda: memoryview(b""),
        )


class SimpleTimes(tuple[float, ...]):
    """What psutil's named tuples of CPU times are."""

    fields = ("user", "system", "idle", "iowait", "guest", "steal")

    def __new__(cls, *values: float, **named: float) -> "SimpleTimes":
        return super().__new__(cls, values or [named[field] for field in cls.fields])

    def __getattr__(self, name: str) -> float:
        if name not in self.fields:
            raise AttributeError(name)
        return self[self.fields.index(name)]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Generator[Machine]:
    made = Machine()
    monkeypatch.setattr(psutil, "cpu_times", made.times)
    monkeypatch.setattr(psutil, "cpu_count", lambda: CORES)
    monkeypatch.setattr(psutil, "Process", made.process)
    monkeypatch.setattr(psutil, "process_iter", lambda: [made.process(pid) for pid in made.used])
    monkeypatch.setattr(other_load.time, "monotonic", lambda: made.now)
    yield made


def reader(own: set[int] | None = None) -> OtherLoadReader:
    return OtherLoadReader(lambda: {ENGINE} if own is None else own)


def test_what_the_engine_and_this_process_use_is_no_load_of_others(machine: Machine) -> None:
    found = reader()
    machine.work(engine=3.9, this=0.1)
    assert found.read() == OtherLoad(0.0, None)


def test_what_others_use_is_a_share_of_the_cores_with_their_names(machine: Machine) -> None:
    found = reader()
    machine.work(2.0, engine=4.0, build=2.0, idle=0.04)
    load = found.read()
    assert load is not None and load.by is not None
    assert load.pct == pytest.approx(25.5)  # 2.04 s of 2 s on each of 4 cores
    assert load.by == pytest.approx({"python3.12 train.py": 25.0})  # no argument but the program, and no 0.5 %


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["-X", "dev", "-m", "pytest", "tests"], "python3.12 pytest"),
        (["-c", "print('secret')"], "python3.12"),
        (["-W", "error", "run.py"], "python3.12 run.py"),
        ([], "python3.12"),
    ],
)
def test_an_interpreter_is_named_with_its_program(machine: Machine, arguments: list[str], named: str) -> None:
    machine.arguments = arguments
    found = reader()
    machine.work(2.0, build=2.0)
    load = found.read()
    assert load is not None and load.by is not None
    assert list(load.by) == [named]


def test_a_process_that_began_meanwhile_counts_with_all_it_used(machine: Machine) -> None:
    found = reader()
    machine.work(2.0, other=2.0)
    machine.used[77], machine.names[77], machine.started[77] = 2.0, "cc1", 101.0
    load = found.read()
    assert load is not None and load.by == pytest.approx({"cc1": 25.0})


def test_small_loads_are_not_searched_for(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    found = reader()
    monkeypatch.setattr(psutil, "process_iter", lambda: pytest.fail("it searched all processes"))
    machine.work(build=0.15)
    assert found.read() == OtherLoad(pytest.approx(3.75), None)


def test_processes_are_searched_for_no_more_than_once_a_second(machine: Machine) -> None:
    found = reader()
    for _ in range(3):
        machine.work(0.4, build=0.4)
        load = found.read()
    assert load is not None and load.by == pytest.approx({"python3.12 train.py": 25.0})
    machine.work(0.4, build=0.4)
    load = found.read()
    assert load is not None and (load.pct, load.by) == (pytest.approx(25.0), None)


def test_two_readings_at_once_say_nothing(machine: Machine) -> None:
    found = reader()
    machine.work(0.1, build=0.1)
    assert found.read() is None


def test_only_the_cores_that_the_engine_may_use_count(machine: Machine) -> None:
    machine.affinity = [0, 1]
    found = reader()
    machine.work(core=3, build=1.0)
    assert found.read() == OtherLoad(0.0, None)
    machine.work(core=1, build=1.0)
    load = found.read()
    assert load is not None and load.pct == pytest.approx(50.0)


def test_an_engine_that_ends_or_begins_is_not_taken_for_others(machine: Machine) -> None:
    own = {ENGINE}
    found = reader(own)
    machine.work(engine=1.0)
    machine.used[40], machine.names[40], machine.started[40] = 500.0, "runner", 1.0
    own.add(40)  # found late: what it used before is nobody's load now
    load = found.read()
    assert load is not None and load.pct == 0.0
    del machine.used[40]
    machine.work(engine=1.0)
    load = found.read()
    assert load is not None and load.pct == 0.0


def test_this_machine_can_be_read() -> None:
    found = OtherLoadReader(lambda: {os.getpid()})
    found._before = found._before._replace(at=found._before.at - 1.0)
    load = found.read()
    assert load is not None and 0.0 <= load.pct <= 100.0
