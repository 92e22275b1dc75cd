"""The instance folder when processes come upon it at the same time."""

import os
from pathlib import Path

import pytest
from dagster._core.storage.event_log.sqlite.consolidated_sqlite_event_log import ConsolidatedSqliteEventLogStorage

from chimera_dagster.orchestration.home import open_instance, prepare_home
from chimera_dagster.orchestration.queue import LoadOrderCoordinator
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


def test_a_folder_without_its_own_dagster_yaml_gets_the_projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    settings = Settings(data_dir=tmp_path / "data")
    with open_instance(settings) as instance:
        assert isinstance(instance.event_log_storage, ConsolidatedSqliteEventLogStorage)
        assert isinstance(instance.run_coordinator, LoadOrderCoordinator)


def test_what_dagster_home_names_stays_its_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    owners = tmp_path / "dagster.yaml"
    owners.write_text("telemetry: {enabled: false}\nnux: {enabled: false}\n")
    prepare_home(Settings(data_dir=tmp_path))
    assert owners.read_text() == "telemetry: {enabled: false}\nnux: {enabled: false}\n"
