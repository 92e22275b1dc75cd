"""What becomes of a file of a tool, for the contract tests of its format."""

import json
from pathlib import Path
from typing import NamedTuple

from chimera_dagster.ingest.discover import discover
from chimera_dagster.ingest.parse import FileRow, parse_files

DATA = Path(__file__).parents[3] / "data/formats"


class ReadFile(NamedTuple):
    """The file's row of `benchmark_files`, and its rows of `measurements`."""

    file: FileRow
    rows: list[dict]

    def values(self, *columns, **where):
        """One tuple for each row in which the columns named in `where` have these values."""
        chosen = [row for row in self.rows if all(row[name] == value for name, value in where.items())]
        return [tuple(row[name] for name in columns) for row in chosen]

    def metrics(self, record):
        """(metric, value, aggregate) of a record."""
        return self.values("metric", "value", "aggregate", record=record)

    def conditions(self, record):
        return json.loads(next(row["conditions"] for row in self.rows if row["record"] == record))

    def unread(self):
        return json.loads(self.file.unread)


def read_path(path):
    """Read one file of a folder in which there is no other one, or one of DATA."""
    found = next(file for file in discover(path.parent) if file.full == str(path))
    tables = []
    (row,) = parse_files([found], tables.append)
    return ReadFile(row, [measured for table in tables for measured in table.to_pylist()])


def read_text(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_path(path)
