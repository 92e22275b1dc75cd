"""Dagster's SQLite storage, which `orchestration.storage` makes faster.

The definitions do not import this: SQLAlchemy and Alembic take most of a second.
"""

# All events in one file: Dagster's default makes a database for each run, which takes 0.2 s.
from dagster._core.storage.event_log.sqlite.consolidated_sqlite_event_log import ConsolidatedSqliteEventLogStorage

# Runs, in the same file as Dagster's default.
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage

# The class of storage that dagster.yaml may name, with schedules as they are.
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

__all__ = ["ConsolidatedSqliteEventLogStorage", "DagsterSqliteStorage", "SqliteRunStorage"]
