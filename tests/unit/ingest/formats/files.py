"""What is read of a file of a known format, for tests."""

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

from chimera_dagster.ingest import parse
from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.discover import KINDS
from chimera_dagster.schemas import FAILED
from tests.unit.ingest import reread

DATA = Path(__file__).parents[3] / "data" / "formats"


class Found(NamedTuple):
    """The row of the files table, and the file's rows of the measurements table."""

    file: parse.FileRow
    rows: list[dict[str, Any]]

    def row(self, metric: str, aggregate: str | None = None, record: str | None = None) -> dict[str, Any]:
        """The one row with this metric, aggregate and, if it is given, record."""
        found = [row for row in self.rows if (row["metric"], row["aggregate"]) == (metric, aggregate)]
        (row,) = [row for row in found if record in (None, row["record"])]
        return row

    def value(self, metric: str, aggregate: str | None = None, record: str | None = None) -> float:
        return self.row(metric, aggregate, record)["value"]

    def n(self, metric: str, aggregate: str | None = None) -> float | None:
        n = self.row(metric, aggregate)["n"]
        return None if n is None or math.isnan(n) else n

    def metrics(self) -> set[str]:
        return {row["metric"] for row in self.rows}

    def only(self, column: str) -> Any:
        """The value that all rows have in a column; JSON is decoded."""
        (value,) = {row[column] for row in self.rows}
        return json.loads(value) if column in ("conditions", "params", "labels") else value

    def unread(self) -> dict[str, int]:
        return json.loads(self.file.unread)


def without_tool(conditions: str) -> str:
    """Every record of a tool has the tool as a condition; test_recognise.py sees to that, other tests leave it out."""
    others = {name: value for name, value in json.loads(conditions).items() if name != "tool"}
    return json.dumps(others, separators=(",", ":"))


def read_file(path: str, text: str | None = None) -> Found:
    """Read a file below tests/data/formats, or this text under its path; each number is looked up in it again."""
    raw = (DATA / path).read_bytes() if text is None else text.encode()
    tables: list[Any] = []
    collector = Collector(tables.append)
    file = parse._read(parse.FileRow(path, KINDS["." + path.rpartition(".")[2]], len(raw), 0), "-", raw, collector, "")
    collector.flush()
    rows = [row | {"conditions": without_tool(row["conditions"])} for table in tables for row in table.to_pylist()]
    again = [reread.Row(*(row[name] for name in reread.Row._fields)) for row in rows if row["metric"] != FAILED]
    assert reread.complaints(raw, path, file.encoding or "", again) == []
    assert file.covered + sum(json.loads(file.unread).values()) <= file.numbers
    return Found(file, rows)
