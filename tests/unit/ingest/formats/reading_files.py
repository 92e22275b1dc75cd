"""What ingest makes of a tool's files, for tests."""

import json
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from chimera_dagster.ingest.folder import read_in_memory
from tests.unit.ingest.formats.files import without_tool

FORMATS = Path(__file__).parents[3] / "data" / "formats"


class Read(NamedTuple):
    file: pd.Series  # its row of benchmark_files
    rows: pd.DataFrame  # of measurements, without those that are computed of others

    def about(self, record):
        """What the rows of a record say they are about; a test fails if they differ."""
        rows = self.rows[self.rows["record"] == record].astype(object)
        columns = ["model", "model_source", "backend", "gpu", "conditions", "labels", "timestamp", "error"]
        (about,) = {tuple(row) for row in rows[columns].where(rows[columns].notna(), None).itertuples(index=False)}
        found = dict(zip(columns, about, strict=True))
        return found | {name: json.loads(found[name]) for name in ("conditions", "labels")}

    def figures(self, record):
        """(metric, aggregate) -> (value, n) of a record; runs have no n."""
        rows = self.rows[self.rows["record"] == record].astype(object)
        rows = rows.where(rows.notna(), None)
        assert not rows.duplicated(["metric", "aggregate"]).any()
        return {(row.metric, row.aggregate): (row.value, row.n) for row in rows.itertuples()}

    def values(self, *columns, **where):
        """One tuple for each row in which the columns named in `where` have these values."""
        rows = self.rows.astype(object).where(self.rows.notna(), None)
        for name, value in where.items():
            rows = rows[rows[name] == value]
        return [tuple(row) for row in rows[list(columns)].itertuples(index=False)]

    def metrics(self, record):
        """(metric, value, aggregate) of a record, in the order of its rows."""
        return self.values("metric", "value", "aggregate", record=record)

    def conditions(self, record):
        return json.loads(self.values("conditions", record=record)[0][0])

    @property
    def records(self):
        return list(dict.fromkeys(self.rows["record"]))

    @property
    def unread(self):
        return json.loads(self.file["unread"])


def read_file(path):
    """One file of tests/data/formats, or any other, beside whatever else stands in its folder."""
    path = FORMATS / path
    files, measurements = read_in_memory(path.parent)[:2]
    files = files.astype(object).where(files.notna(), None)
    rows = measurements[(measurements["file"] == path.name) & measurements["derived"].isna()]
    rows = rows.assign(conditions=[without_tool(conditions) for conditions in rows["conditions"]])
    return Read(files[files["path"] == path.name].iloc[0], rows)


def read_text(folder, name, text):
    (folder / name).write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    return read_file(folder / name)
