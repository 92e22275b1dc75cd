"""A trial's files are those of one run, whenever the process that replaces them is killed, or the disk is full."""

import errno
import os
import shutil
import signal
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chimera_dagster.errors import InputError, StorageError
from chimera_dagster.records.store import TrialFolder
from chimera_dagster.records.trial_files import Recorded, read_recorded
from chimera_dagster.steps import trial
from chimera_dagster.steps.done import is_done, is_measured
from chimera_dagster.steps.recompute import recompute
from chimera_dagster.steps.recording import record_trial
from chimera_dagster.steps.report import render_trial
from chimera_dagster.steps.sweep_comparison import observe
from tests.desk import Desk

OTHER_DATA = "0" * 64


class Case(NamedTuple):
    """A finished trial, and what a second run of it is about to write."""

    desk: Desk
    kept: Path
    old: Recorded
    arguments: tuple[Any, ...]

    @property
    def folder(self) -> TrialFolder:
        return self.desk.store.folder_of(self.desk.plan().trial)

    @property
    def digest(self) -> str:
        return self.old.metrics.data_digest

    def restore(self) -> None:
        shutil.rmtree(self.folder.path)
        shutil.copytree(self.kept, self.folder.path)

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.path.iterdir()}

    def write(self) -> None:
        record_trial(*self.arguments)


@pytest.fixture
def case(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Case]:
    desk.run()
    folder = desk.render()
    monkeypatch.setattr("chimera_dagster.records.trial_files.time.sleep", lambda _: None)
    desk.store.register(desk.plan())
    shutil.copytree(folder.path, tmp_path / "kept")
    old, arguments = read_recorded(desk.store, desk.plan()), list[tuple[Any, ...]]()
    with monkeypatch.context() as patch:
        patch.setattr(trial, "record_trial", lambda *each: arguments.append(each) or record_trial(*each))
        desk.run()
    found = Case(desk, tmp_path / "kept", old, arguments[0])
    yield found
    shutil.rmtree(folder.path)


def in_a_process(act: Callable[[], None], interrupt: Callable[[str], None]) -> int:
    """Run `act` in a fork in which `interrupt` is called before each change of a file, with what is about to be done;
    its exit code, negative if a signal has ended it.
    """
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            sys.addaudithook(lambda event, arguments: interrupt(event) if _changes_a_file(event, arguments) else None)
            act()
            code = 0
        except StorageError:
            code = 3
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _changes_a_file(event: str, arguments: tuple[Any, ...]) -> bool:
    if event == "open":
        flags = arguments[2] if isinstance(arguments[2], int) else 0
        return bool(flags & (os.O_WRONLY | os.O_RDWR))
    return event in ("os.rename", "os.remove")


def killed_before(change: int) -> Callable[[str], None]:
    seen = 0

    def interrupt(_: str) -> None:
        nonlocal seen
        seen += 1
        if seen == change:
            os.kill(os.getpid(), signal.SIGKILL)

    return interrupt


def full_from(change: int) -> Callable[[str], None]:
    """Nothing can be written from the change of this number on; what takes no room is still possible."""
    seen = 0

    def interrupt(event: str) -> None:
        nonlocal seen
        seen += 1
        if seen >= change and event == "open":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return interrupt


@pytest.mark.parametrize("data", ["the same data", "other data, then these again"])
def test_a_kill_between_any_two_changes_leaves_files_of_one_run_or_files_that_are_refused(
    case: Case, data: str
) -> None:
    desk, plan = case.desk, case.desk.plan()
    if data != "the same data":
        store, its_plan, outcome, *rest = case.arguments
        summary = outcome.summary.model_copy(update={"digest": OTHER_DATA})
        case = case._replace(arguments=(store, its_plan, outcome.model_copy(update={"summary": summary}), *rest))
    wholes = [_figures(case.old), _figures(Recorded(case.old.metrics, case.arguments[2], case.arguments[3]))]
    change = refused = 0
    code = -signal.SIGKILL
    while code == -signal.SIGKILL:
        change += 1
        case.restore()
        code = in_a_process(case.write, killed_before(change))
        try:
            found = read_recorded(desk.store, plan)
        except InputError as error:
            refused += 1
            assert "\n" not in str(error)
            assert not is_measured(desk.store, plan, case.digest)
            assert observe(desk.store, plan.trial).state != "measured"
            with pytest.raises(InputError):
                recompute(desk.store, plan)
            with pytest.raises(InputError):
                render_trial(desk.store, plan)
            trial.run_trial_once(desk.store, plan, desk.engines, reuse=True)  # the next sweep
            assert is_measured(desk.store, plan, case.digest)
            assert recompute(desk.store, plan)[1] == []
            assert not [name for name in case.files() if name.startswith(".")]
        else:
            assert _figures(found) in wholes
            assert recompute(desk.store, plan)[1] == []
            if is_done(desk.store, plan, case.digest):
                assert case.files()["report.md"] == (case.kept / "report.md").read_bytes()
    assert code == 0
    assert change > 10
    assert refused


def _figures(recorded: Recorded) -> tuple[Any, ...]:
    """What tells the runs apart: the ledgers of the calls and the samples."""
    return ([call.ledger for call in recorded.outcome.calls], recorded.outcome.summary.digest, len(recorded.samples))


def test_a_disk_that_is_full_from_any_change_on_changes_no_file(case: Case) -> None:
    change, code = 0, 3
    while code == 3:
        change += 1
        case.restore()
        before = case.files()
        code = in_a_process(case.write, full_from(change))
        if code == 3:
            assert case.files() == before
            assert is_done(case.desk.store, case.desk.plan(), case.digest)
    assert code == 0
    assert change > 4


def test_a_kill_between_the_files_of_a_report_has_it_written_again(case: Case) -> None:
    desk, plan = case.desk, case.desk.plan()
    change, unfinished, code = 0, 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        change += 1
        case.restore()
        case.folder.metrics.write_text(case.folder.metrics.read_text() + "\n")  # not the file that the report shows
        assert not is_done(desk.store, plan, case.digest)
        code = in_a_process(lambda: render_trial(desk.store, plan) and None, killed_before(change))
        unfinished += not is_done(desk.store, plan, case.digest)
        render_trial(desk.store, plan)
        assert is_done(desk.store, plan, case.digest)
    assert code == 0
    assert unfinished > 6


def test_files_of_two_runs_that_an_earlier_version_left_are_refused(case: Case) -> None:
    """An earlier version wrote no digests."""
    desk, plan = case.desk, case.desk.plan()
    case.restore()
    old = case.old.metrics.model_copy(update={"documents": {}}).model_dump_json(indent=2)
    case.folder.metrics.write_text(old)
    assert is_measured(desk.store, plan, case.digest)
    case.folder.outcome.write_text(case.arguments[2].model_dump_json(indent=1))
    assert not is_measured(desk.store, plan, case.digest)
    with pytest.raises(InputError, match="of another run"):
        recompute(desk.store, plan)


def test_a_trial_that_is_being_written_is_read_again(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    case.restore()
    whole, wanted = case.folder.outcome.read_bytes(), read_recorded(case.desk.store, case.desk.plan())
    case.folder.outcome.write_bytes(b"another run's")
    monkeypatch.setattr(
        "chimera_dagster.records.trial_files.time.sleep", lambda _: case.folder.outcome.write_bytes(whole)
    )
    assert read_recorded(case.desk.store, case.desk.plan()) == wanted
