"""What a reader makes of a text, for tests."""

import json
from typing import NamedTuple

from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.sheet import Sheet


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
    sheet = Sheet(tables.append)
    sheet.start("file", Context())
    reader(text, sheet, **options)
    sheet.flush()
    rows = [row for table in tables for row in table.to_pylist()]
    assert len(rows) == sheet.rows
    return Read(rows, sheet.problems, sheet.records, sheet.numbers, sheet.covered)
