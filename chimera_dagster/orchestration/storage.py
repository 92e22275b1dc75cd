"""Dagster's SQLite storage with kept connections and all events in one file; `dagster.yaml` opts in.

Dagster's own makes an SQLAlchemy engine and a connection for every statement, and a database file for every run. In a
sweep whose trials run in one process that is almost half of a trial's overhead outside model calls. Runs and schedules
lie where Dagster's own storage has them; events do not, so a switch between the two hides the events of earlier runs.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster import Field, StringSource
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import Pool

from chimera_dagster.orchestration.internals.sqlite import (
    ConsolidatedSqliteEventLogStorage,
    DagsterSqliteStorage,
    SqliteRunStorage,
)
from chimera_dagster.settings import load_settings

_BUSY_TIMEOUT_S = 30


class KeptConnectionsStorage(DagsterSqliteStorage):
    """Runs, events and schedules below one folder: the project's Dagster home unless `base_dir` names another."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        super().__init__(base_dir, inst_data)
        history = str(Path(base_dir, "history"))
        self._run_storage = _Runs.from_local(history)
        self._event_log_storage = _Events(history)

    @classmethod
    def config_type(cls) -> Any:
        return {"base_dir": Field(StringSource, is_required=False)}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "KeptConnectionsStorage":
        return cls.from_local(config_value.get("base_dir") or str(load_settings().dagster_home), inst_data)


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


_engines: dict[str, Engine] = {}
_inherited: list[Pool] = []


def _engine(address: str) -> Engine:
    """The engine of a database, with its pool of connections."""
    if address not in _engines:
        _engines[address] = create_engine(address, connect_args={"timeout": _BUSY_TIMEOUT_S})
    return _engines[address]


def _leave_connections_to_parent() -> None:
    """A forked process must neither use nor close SQLite's connections of its parent."""
    _inherited.extend(engine.pool for engine in _engines.values())
    _engines.clear()


os.register_at_fork(after_in_child=_leave_connections_to_parent)
