"""Where Dagster's history is kept: SQLite, as Dagster's own, but events in one file, and what costs time kept.

Dagster's own storage makes a database file for each run, writes what concerns assets into a second one as well, and
makes SQLAlchemy's engine, which compiles each statement anew, for every single statement. In a sweep whose trials run
in one process that is most of what a trial costs beside its model.

The classes that are derived from here are private but for their names: every test with an instance goes through them.
"""

import atexit
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster import Field, StringSource
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log.sqlite.consolidated_sqlite_event_log import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import Pool


class OneFileStorage(DagsterSqliteStorage):
    """Runs, events and schedules below one folder; `dagster.yaml` names it."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.base_dir = base_dir
        history = str(Path(base_dir, "history"))
        self._run_storage = _Runs.from_local(history)
        self._event_log_storage = _Events(history)
        self._schedule_storage = SqliteScheduleStorage.from_local(str(Path(base_dir, "schedules")))
        self._inst_data = inst_data
        DagsterStorage.__init__(self)  # its own class would make Dagster's storage of events too

    @classmethod
    def config_type(cls) -> Any:
        return {"base_dir": Field(StringSource, is_required=False)}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Any) -> "OneFileStorage":
        return cls.from_local(config_value.get("base_dir") or _home(), inst_data)


class _Runs(SqliteRunStorage):
    @contextmanager
    def connect(self) -> Generator[Connection]:
        with _engine(self._conn_string).begin() as connection:
            yield connection


class _Events(ConsolidatedSqliteEventLogStorage):
    @contextmanager
    def _connect(self) -> Generator[Connection]:
        with _engine(self._conn_string).begin() as connection:
            yield connection


def _home() -> str:
    """DAGSTER_HOME; a temporary one, as Dagster has it, where none is set, which its processes then have in common."""
    if "DAGSTER_HOME" not in os.environ:
        folder = tempfile.mkdtemp(prefix="dagster-home-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["DAGSTER_HOME"] = folder
    return os.environ["DAGSTER_HOME"]


_engines: dict[str, Engine] = {}
_of_the_parent: list[Pool] = []


def _engine(address: str) -> Engine:
    """One for each database, which keeps its connections: SQLite cleans up whenever the last one is closed."""
    if address not in _engines:
        _engines[address] = create_engine(address, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
        event.listen(_engines[address], "connect", _sync_less)
    return _engines[address]


def _sync_less(connection: sqlite3.Connection, _record: object) -> None:
    """Wait for the disk at checkpoints only; the last events may be lost with the machine's power, no trial is."""
    connection.execute("PRAGMA synchronous=NORMAL")


def _leave_to_parent() -> None:
    """A forked process must neither use nor close SQLite's connections of its parent."""
    _of_the_parent.extend(engine.pool for engine in _engines.values())
    _engines.clear()


os.register_at_fork(after_in_child=_leave_to_parent)
