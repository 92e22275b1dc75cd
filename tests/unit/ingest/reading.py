"""What a reader makes of a text, for tests."""

import json
from typing import NamedTuple

from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.context import Context


class Read(NamedTuple):
    rows: list[dict]
    problems: list[str]
    records: int
    numbers: int
    covered: int

    def values(self, *columns):
        return [tuple(row[name] for name in columns) for row in self.rows]

    def parameters(self):
        return [json.loads(row["params"]) for row in self.rows]


def read(reader, text, **options):
    tables = []
    collector = Collector(tables.append)
    collector.start("file", Context())
    reader(text, collector, **options)
    collector.flush()
    rows = [row for table in tables for row in table.to_pylist()]
    assert sum(row["derived"] is None for row in rows) == collector.rows
    return Read(rows, collector.problems, collector.records, collector.numbers, collector.covered)
