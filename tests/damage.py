"""Damage to files of a data folder, as disks, kills, people and other versions do it."""

import json
import os
import random
import shutil
import socket
import sqlite3
from collections.abc import Callable
from contextlib import chdir, closing
from pathlib import Path
from typing import Any, cast

import pyarrow.parquet as pq

Damage = Callable[[Path, random.Random], None]


def _cut(path: Path, chance: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(1, max(2, len(content) - 1))])


def _empty(path: Path, _: random.Random) -> None:
    path.write_bytes(b"")


def _folder(path: Path, chance: random.Random) -> None:
    path.unlink()
    path.mkdir()
    if chance.random() < 0.5:
        (path / "notes.txt").write_text("somebody's\n")


def _missing(path: Path, _: random.Random) -> None:
    path.unlink()


def _other_version(path: Path, step: int) -> None:
    """What an earlier (`step` -1) or a later version (1) would have written in this place."""
    match path.suffix:
        case ".json":
            _other_json(path, step)
        case ".parquet":
            table = pq.read_table(path)
            first = table.column_names[0]
            other = table.drop_columns(first) if step < 0 else table.append_column("new", table[first])
            pq.write_table(other, path)
        case ".db":
            _other_database(path)
        case _:  # a page has no version: it ends early
            path.write_bytes(path.read_bytes()[: -10 - step])


def _other_json(path: Path, step: int) -> None:
    document = cast("dict[str, Any]", json.loads(path.read_bytes()))
    if "schema_version" in document:
        document["schema_version"] += step * 10
    else:
        first = next(iter(document))
        document[f"{first}_of_another_version"] = document.pop(first)
    path.write_text(json.dumps(document, indent=2) + "\n")


def _other_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            if not name.startswith("sqlite_"):
                connection.execute(f'DROP TABLE "{name}"')
        connection.execute("CREATE TABLE of_another_version (id INTEGER)")
        connection.commit()


DAMAGES: dict[str, Damage] = {
    "cut": _cut,
    "emptied": _empty,
    "a folder": _folder,
    "missing": _missing,
    "older": lambda path, _: _other_version(path, -1),
    "newer": lambda path, _: _other_version(path, 1),
}


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening, chdir(path.parent):  # its address can't be long
        listening.bind(path.name)


# What can be in the place of a file, and is not a file.
NO_FILES: dict[str, Callable[[Path], None]] = {
    "a pipe": _pipe,
    "a socket": _socket,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nothing": lambda path: path.symlink_to("nothing"),
}


def files_of(data: Path) -> list[Path]:
    """Every file below a data folder that this project or Dagster wrote, sorted; not the benchmark results."""
    found = (path for name in ("runs", "tables", "dagster_home") for path in (data / name).rglob("*"))
    pages = data.glob("brief.*")
    return sorted(path for path in (*found, *pages) if path.is_file() and ".set-aside-" not in str(path))


def remove_set_aside(data: Path) -> None:
    for path in list(data.rglob("*.set-aside-*")):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
