"""The store: whole files or none."""

from pathlib import Path

import pandas as pd
import pytest
from pandera.errors import SchemaErrors

from chimera_dagster.errors import NotIngestedError, UnknownTrialError
from chimera_dagster.records.store import Store, write_text
from chimera_dagster.schemas import Facts
from chimera_dagster.spec.sweep import SweepSpec


def facts(**changes: object) -> pd.DataFrame:
    row = {
        "id": "F1",
        "kind": "files",
        "text": "files",
        "template": "files: {value}",
        "value": 3.0,
        "values": '{"value": 3}',
        "unit": "",
        "n": 1,
        "model": "m:1",
        "metric": "decode_tok_s",
        "aggregate": "mean",
        "params": "{}",
        "conditions": "{}",
        "runs": "all",
        "sources": '[["a.csv", "file"]]',
    }
    return pd.DataFrame([row | changes])


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write_table("facts", facts(), Facts)
    pd.testing.assert_frame_equal(store.read_table("facts"), facts())


def test_a_table_that_breaks_its_schema_is_not_written(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write_table("facts", facts(), Facts)
    with pytest.raises(SchemaErrors):
        store.write_table("facts", facts(id="X1"), Facts)
    assert store.read_table("facts")["id"].tolist() == ["F1"]
    assert [path.name for path in store.tables.iterdir()] == ["facts.parquet"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = write_text(tmp_path / "report.md", "whole")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "half \ud800")
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_missing_says_what_to_do(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(NotIngestedError, match="chimera ingest"):
        store.read_table("facts")
    plan = SweepSpec(models=["hf.co/org/model:Q4_K_M"]).plans()[0]
    store.register(plan)
    with pytest.raises(UnknownTrialError, match=r"Known: hf\.co/org/model:Q4_K_M\|default-4413"):
        store.plan("gemma3:270m", "default-4413")
    assert store.plan(plan.model, plan.params.key) == plan
