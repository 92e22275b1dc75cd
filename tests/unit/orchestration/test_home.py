"""The instance folder when processes come upon it at the same time."""

import os
from pathlib import Path

import pytest

from chimera_dagster.orchestration.home import open_instance
from chimera_dagster.settings import Settings


def opens_well(settings: Settings) -> int:
    """A process that opens the instance, and exits with 0 if that went well."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            with open_instance(settings) as instance:
                code = instance.get_runs_count()
        finally:
            os._exit(code)
    return pid


def test_processes_that_open_it_first_at_the_same_time_do_not_spoil_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    settings = Settings(data_dir=tmp_path)
    for _ in range(2):
        both = [opens_well(settings) for _ in range(3)]
        assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in both] == [0, 0, 0]
