"""Dagster's instance folder: what it is configured with, and processes that open it at the same time."""

import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from dagster import DefaultRunLauncher, QueuedRunCoordinator

from chimera_dagster.errors import SettingError
from chimera_dagster.orchestration.home import open_instance, prepare_home
from chimera_dagster.orchestration.internals.sqlite import ConsolidatedSqliteEventLogStorage
from chimera_dagster.records.sqlite_files import damaged_databases
from chimera_dagster.settings import Settings
from tests.conftest import ROOT
from tests.damage import DAMAGES

STOCK = "telemetry: {enabled: false}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory; DAGSTER_HOME is not set, and what the test sets is taken away again."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv("DAGSTER_HOME")
    monkeypatch.chdir(tmp_path)
    return tmp_path


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


def exit_code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("config", [STOCK, (ROOT / "dagster.yaml").read_text()], ids=["stock", "project"])
def test_processes_that_create_it_at_the_same_time_do_not_spoil_it(folder: Path, config: str) -> None:
    (folder / "dagster.yaml").write_text(config)
    settings = Settings(data_dir=folder / "data")
    for _ in range(2):
        pids = [opens_well(settings) for _ in range(3)]
        assert [exit_code(pid) for pid in pids] == [0, 0, 0]


@pytest.mark.parametrize("damage", [name for name in DAMAGES if name != "missing"])
@pytest.mark.parametrize("name", ["history/runs.db", "history/event_log.db", "schedules/schedules.db"])
def test_a_damaged_database_is_set_aside_with_a_line(
    folder: Path, name: str, damage: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    settings = Settings(data_dir=folder / "data")
    home = settings.data_dir / "dagster_home"
    assert exit_code(opens_well(settings)) == 0
    path = home / name
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    DAMAGES[damage](path, random.Random(0))
    assert list(damaged_databases(home)) == [path]
    assert exit_code(opens_well(settings)) == 0
    said = capfd.readouterr().err
    assert f"Dagster's database {path} is damaged (" in said
    assert f"It was set aside as {path.name}.set-aside-1: " in said
    assert damaged_databases(home, thorough=True) == {}
    assert exit_code(opens_well(settings)) == 0
    assert "set aside" not in capfd.readouterr().err


def test_a_database_that_is_damaged_within_is_set_aside_once_it_fails(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(data_dir=folder / "data")
    assert exit_code(opens_well(settings)) == 0
    path = settings.data_dir / "dagster_home" / "history" / "runs.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'runs'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    assert list(damaged_databases(path.parents[1], thorough=True)) == [path]
    assert exit_code(opens_well(settings)) == 1
    assert "It was set aside as runs.db.set-aside-1: " in capfd.readouterr().err
    assert exit_code(opens_well(settings)) == 0


@pytest.mark.parametrize("damage", ["emptied", "a folder", "cut"])
def test_a_damaged_configuration_is_written_again(folder: Path, damage: str) -> None:
    settings = Settings(data_dir=folder / "data")
    config = prepare_home(settings) / "dagster.yaml"
    whole = config.read_text()
    if damage == "cut":
        config.write_text("storage: {custom: {module")
    else:
        DAMAGES[damage](config, random.Random(0))
    os.environ.pop("DAGSTER_HOME")
    prepare_home(settings)
    assert config.read_text() == whole


def test_it_is_configured_by_the_projects_dagster_yaml_as_that_is_now(folder: Path) -> None:
    (folder / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    with open_instance(Settings(data_dir=folder / "data")) as instance:
        assert isinstance(instance.event_log_storage, ConsolidatedSqliteEventLogStorage)
        assert instance.event_log_storage.get_db_path() == f"{folder}/data/dagster_home/history/event_log.db"
        assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
        assert isinstance(instance.run_launcher, DefaultRunLauncher)
        assert instance.get_settings("concurrency")["runs"]["max_concurrent_runs"] == 1
    os.environ.pop("DAGSTER_HOME")
    (folder / "dagster.yaml").write_text(STOCK)
    assert (prepare_home(Settings(data_dir=folder / "data")) / "dagster.yaml").read_text() == STOCK


@pytest.mark.parametrize("is_own", [True, False])
def test_without_a_dagster_yaml_it_still_runs_one_trial_at_a_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch, is_own: bool
) -> None:
    if not is_own:
        monkeypatch.setenv("DAGSTER_HOME", str(folder))
    with open_instance(Settings(data_dir=folder / "data")) as instance:
        assert isinstance(instance.event_log_storage, ConsolidatedSqliteEventLogStorage) == is_own
        assert instance.get_settings("concurrency")["runs"]["max_concurrent_runs"] == 1
        assert not instance.telemetry_enabled


def test_a_folder_that_dagster_home_names_stays_its_owners(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    home = folder / "home"
    home.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    (home / "dagster.yaml").write_text(STOCK)
    prepare_home(Settings(data_dir=folder / "data"))
    assert (home / "dagster.yaml").read_text() == STOCK


def test_a_dagster_home_that_is_gone_is_an_error_and_nothing_is_created(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = folder / "gone"
    monkeypatch.setenv("DAGSTER_HOME", str(gone))
    with pytest.raises(SettingError, match=f"DAGSTER_HOME names the folder {gone}, which does not exist") as caught:
        prepare_home(Settings(data_dir=folder / "data"))
    assert "unset DAGSTER_HOME" in caught.value.hint
    assert list(folder.iterdir()) == []


def test_an_old_env_file_is_an_error_that_says_how_to_write_it_again(folder: Path) -> None:
    (folder / ".env").write_text(f'DAGSTER_HOME="{folder}/gone"\n')
    with pytest.raises(SettingError, match=f".env sets DAGSTER_HOME to the folder {folder}/gone") as caught:
        prepare_home(Settings(data_dir=folder / "data"))
    assert "delete .env and run 'make setup'" in caught.value.hint
    assert [path.name for path in folder.iterdir()] == [".env"]
