"""SQLite databases below the data folder, which others write: damaged ones are found and set aside."""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from chimera_dagster.files.opening import check_file, open_file
from chimera_dagster.records.whole_files import set_aside

# A table that each of Dagster's databases has, by its path in the home; event_log.db is orchestration/storage.py's.
_DAGSTER: Mapping[str, str] = {
    "history/runs.db": "runs",
    "history/event_log.db": "event_logs",
    "history/runs/index.db": "event_logs",
    "schedules/schedules.db": "instigators",
}


class SqliteFile(NamedTuple):
    """A database by its name, and a table that it has."""

    name: str
    table: str


SEARCH = SqliteFile("search.db", "studies")  # Optuna's, in Dagster's home
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_HEADER = 100  # bytes; https://www.sqlite.org/fileformat.html#the_database_header
_PRIMARY = 0xFF  # of an extended result code
_COMPANIONS = ("-wal", "-shm", "-journal")


def damaged_databases(home: Path, *, thorough: bool = False) -> dict[Path, str]:
    """What is wrong with which of Dagster's databases; with `thorough` every page of them is read."""
    found = {home / name: problem_of(home / name, table, thorough=thorough) for name, table in _DAGSTER.items()}
    return {path: problem for path, problem in found.items() if problem}


def problem_of(path: Path, table: str, *, thorough: bool = False) -> str | None:
    """What is wrong with a database that must have `table`; None if it is whole, locked or does not exist.

    Without `thorough`, damage is found if the file is empty, cut off or not a database.
    """
    try:
        check_file(path)
    except (FileNotFoundError, PermissionError):
        return None
    except OSError as error:
        return error.strerror
    return "it is cut off" if _is_cut_off(path) else _content_problem(path, table, thorough=thorough)


def _content_problem(path: Path, table: str, *, thorough: bool) -> str | None:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=rw", uri=True)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if thorough else "ok"
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
        return str(error) if code in _DAMAGED else None
    if not tables:
        return "it is empty"
    if table not in tables:
        return f"it has no table {table}"
    return None if found == "ok" else found


def _is_cut_off(path: Path) -> bool:
    """Whether there are fewer pages than the header says; SQLite notices that only if it trusts that field.

    While there is a log that was not written back, another process may be doing so, and the header comes first.
    """
    wal = path.with_name(path.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        return False
    with open_file(path) as file:
        header = file.read(_HEADER)
    if len(header) < _HEADER or not header.startswith(b"SQLite format 3"):
        return False  # SQLite says so
    size, pages = (int.from_bytes(header[start:end], "big") for start, end in ((16, 18), (28, 32)))
    return path.stat().st_size < pages * (65_536 if size == 1 else size)


def set_aside_database(path: Path) -> Path:
    """Rename a database with the files that SQLite keeps beside it; returns its new path."""
    for companion in (path.with_name(path.name + suffix) for suffix in _COMPANIONS):
        if os.path.lexists(companion):
            set_aside(companion)
    return set_aside(path)
