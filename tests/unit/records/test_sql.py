"""SQL over a data folder: every table is a view, values are exact, and nothing else can be read or written."""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from chimera_dagster.errors import InputError, NotIngestedError
from chimera_dagster.records import sql
from chimera_dagster.records.sql import VIEWS, Database, text_of
from chimera_dagster.records.store import Store
from chimera_dagster.records.trial_files import read_metrics
from chimera_dagster.spec.goals import Goals
from chimera_dagster.steps.sweep_comparison import read_comparison, write_comparison
from tests.desk import Desk

SETS = [{"grid": {"num_ctx": [4096], "top_k": [number]}, "max_tokens": 1000, "rounds": 4} for number in (1, 2)]


@pytest.fixture(scope="module")
def compared(desk: Desk) -> Desk:
    for fields in SETS:
        desk.store.register(desk.plan(**fields))
        desk.run_rounds(**fields)
    write_comparison(desk.store, read_comparison(desk.store, Goals()))
    return desk


@pytest.fixture
def database(compared: Desk) -> Database:
    return Database(compared.store)


@pytest.fixture
def bare(compared: Desk, tmp_path: Path) -> Generator[Database]:
    """Of a folder that was ingested, and in which nothing ran."""
    shutil.copytree(compared.store.tables, tmp_path / "tables")
    for name in ("trials", "standings", "effects"):
        (tmp_path / "tables" / f"{name}.parquet").unlink()
    yield Database(Store(tmp_path))


def asked(database: Database, query: str) -> list[tuple[Any, ...]]:
    return [*database.ask(query).rows()]


def test_every_table_is_a_view_with_its_columns_and_rows(compared: Desk, database: Database) -> None:
    assert database.views == [*VIEWS]
    for name in (
        "benchmark_files",
        "measurements",
        "data_summary",
        "facts",
        "findings",
        "notes",
        "trials",
        "standings",
    ):
        frame = compared.store.read_table(name)
        found = database.ask(f"select * from {name}")
        assert [*found.types] == [*frame.columns]
        assert len([*found.rows()]) == len(frame)


def test_effects_are_one_row_a_level(compared: Desk, database: Database) -> None:
    expected = {
        (effect.metric, effect.parameter, level.value, level.effect, effect.p)
        for effect in read_comparison(compared.store, Goals()).effects
        for level in effect.levels
    }
    assert set(asked(database, "select metric, parameter, level, effect, p from effects")) == expected
    assert {"1", "2"} == {level for (level,) in asked(database, "select level from effects")}


def test_calls_say_whose_they_are_by_the_model_s_tag_and_the_key(compared: Desk, database: Database) -> None:
    found = asked(database, "select model, params, count(*), avg(ttft_ms) from calls group by all order by params")
    trials = [compared.plan(**fields).trial for fields in SETS]
    for row, trial in zip(found, sorted(trials, key=lambda each: each.params.key), strict=True):
        metrics = read_metrics(compared.store, trial)
        assert metrics is not None
        mean = sum(call.ttft_ms for call in metrics.calls) / 8
        assert row == ("smollm2:135m", trial.params.key, 8, pytest.approx(mean, rel=1e-12))
    assert asked(database, "select count(*) from calls join trials using (model, params)") == [(16,)]
    assert asked(database, "select distinct model, stage from calls where stage = 'report'") == [
        ("smollm2:135m", "report")
    ]


def test_telemetry_has_every_sample(compared: Desk, database: Database) -> None:
    expected = sum(len(pd.read_parquet(path)) for path in compared.store.runs.glob("*/*/telemetry.parquet"))
    assert asked(database, "select count(*) from telemetry") == [(expected,)]
    # a view is read as often as a query names it
    assert asked(database, "select count(*) from telemetry a join telemetry b using (model, params, sample, gpu)")


def test_columns_that_hold_json_are_lists_and_objects(compared: Desk, database: Database) -> None:
    fact = compared.store.read_table("facts").iloc[0]
    query = "select sources, \"values\", sources->0->>1 from facts where id = 'F1'"
    [(sources, values, first)] = asked(database, query)
    assert isinstance(sources, list) and isinstance(values, dict)
    assert (values["value"], sources[0][1]) == (fact["value"], first)


@pytest.mark.parametrize(
    ("expression", "value", "text"),
    [
        ("0.1::double", 0.1, "0.1"),
        ("1e-9::double / 3", 1e-9 / 3, repr(1e-9 / 3)),
        ("'nan'::double", None, ""),
        ("'inf'::double", None, ""),
        ("null", None, ""),
        ("0.5", 0.5, "0.5"),
        ("sum(9007199254740993)", 9007199254740993, "9007199254740993"),
        ("true", True, "true"),
        ("'é, \"x\"'", 'é, "x"', 'é, "x"'),
        ("[1, null, 'nan'::double]", [1.0, None, None], "[1.0, null, null]"),
        ("{'a': [1]}", {"a": [1]}, '{"a": [1]}'),
        ("map {'k': 2}", {"k": 2}, '{"k": 2}'),
        ("date '2026-01-02'", "2026-01-02", "2026-01-02"),
        (
            "timestamptz '2026-01-02 03:04:05.678+01'",
            "2026-01-02T02:04:05.678000+00:00",
            "2026-01-02T02:04:05.678000+00:00",
        ),
    ],
)
def test_values_are_exact(database: Database, expression: str, value: object, text: str) -> None:
    [(found,)] = asked(database, f"select {expression}")
    assert (found, type(found)) == (value, type(value))
    assert text_of(found) == text


def test_times_of_a_table_are_in_utc(compared: Desk, database: Database) -> None:
    expected = compared.store.read_table("benchmark_files")["mtime"].max().isoformat()
    assert asked(database, "select max(mtime) from benchmark_files") == [(expected,)]


def test_two_columns_of_one_name_are_both_there(database: Database) -> None:
    found = database.ask("select 1 as a, 2 as a")
    assert ([*found.types], [*found.rows()]) == (["a", "a_1"], [(1, 2)])


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from read_text('/etc/passwd')",
        "from glob('/etc/*')",
        "select * from read_parquet('{data}/tables/facts.parquet')",
        "select * from read_parquet('https://example.org/x.parquet')",
        "copy (select 1) to '{data}/tables/facts.parquet' (format parquet)",
        "copy facts to '{data}/facts.csv'",
        "explain analyze copy facts to '{data}/facts.csv'",
        "select * from query('copy facts to ''{data}/facts.csv''')",
        "attach '{data}/other.db'",
        "export database '{data}/all'",
        "create table x as select 1",
        "insert into facts select * from facts",
        "delete from facts",
        "drop view facts",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set temp_directory = '{data}'",
        "select 1; select 2",
        "",
        "select * from frame",  # a variable of the process that asks
    ],
)
def test_it_reads_no_other_file_and_writes_none(compared: Desk, database: Database, query: str) -> None:
    frame = pd.DataFrame({"x": [1]})
    before = {path: path.read_bytes() for path in compared.store.data_dir.rglob("*") if path.is_file()}
    with pytest.raises(InputError):
        asked(database, query.format(data=compared.store.data_dir))
    assert {path: path.read_bytes() for path in compared.store.data_dir.rglob("*") if path.is_file()} == before
    assert len(frame) == 1


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("selec 1", 'Parser Error: syntax error at or near "selec".'),
        ("select nope from facts", 'Binder Error: Referenced column "nope" not found in FROM clause.'),
        ("from nowhere", "Catalog Error: Table with name nowhere does not exist."),
        ("select cast(kind as int) from facts", "Conversion Error: Could not convert string 'files' to INT32"),
        ("delete from facts", "Expected one query that only reads"),
        ("select getenv('HOME')", "Catalog Error: Scalar Function with name getenv does not exist."),
        ("select error('first\nsecond')", "Invalid Input Error: first."),
        ("select map([1, 1], [1, 2])", "Invalid Input Error: Map keys must be unique."),
    ],
)
def test_what_is_wrong_with_a_query_is_one_sentence(database: Database, query: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        asked(database, query)
    assert error.value.message.startswith(said)
    assert "\n" not in error.value.message
    assert error.value.hint == "'chimera sql' lists the views and their columns."


@pytest.mark.parametrize(
    "value", ["date '20000-01-01'", "date 'infinity'", "timestamp '290000-01-01'", "[{'a': date '20000-01-01'}]"]
)
def test_a_value_that_json_does_not_have_is_named(database: Database, value: str) -> None:
    assert asked(database, f"select ({value})::varchar as day")
    with pytest.raises(InputError, match="A value of the column day can't be shown: ") as error:
        asked(database, f"select {value} as day")
    assert error.value.hint == "Cast it to a text: day::varchar."


SORT = "select md5(i::varchar) as k, i from range(400_000) t(i) order by k desc, i limit 399_999 offset 7"


def test_a_large_sort_is_continued_on_the_disk(compared: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setitem(sql._LOCKED, "memory_limit", "24MB")
    with Database(compared.store) as database:
        answer = database.ask(f"select count(*), any_value(used) from ({SORT}), (select 1 as used)")
        assert [*answer.rows()] == [(399_993, 1)]
        [scratch] = tmp_path.iterdir()
        with pytest.raises(InputError, match="Permission Error"):
            asked(database, f"select * from read_text('{scratch}/../../x')")
    assert [*tmp_path.iterdir()] == []


def test_the_temporary_folder_goes_with_a_query_that_fails(
    compared: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(InputError), Database(compared.store) as database:
        asked(database, "selec 1")
    assert [*tmp_path.iterdir()] == []


def test_ctrl_c_ends_a_query_that_would_take_days(database: Database) -> None:
    """The main thread notices a signal while DuckDB is at work, and the next query is answered."""
    ticker = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    ticker.start()
    with pytest.raises(KeyboardInterrupt):
        asked(database, "select count(*) from range(100_000_000_000_000) t(i) where i % 7 = 3")
    assert asked(database, "select 1") == [(1,)]


def test_of_a_large_answer_the_first_rows_are_shown_and_all_counted(database: Database) -> None:
    assert database.ask("from range(25_000)").head(3) == ([(0,), (1,), (2,)], 25_000)
    assert database.ask("select 1 where false").head(3) == ([], 0)
    with pytest.raises(InputError, match="Could not convert string 'x15000'"):
        database.ask("select if(i = 15000, cast('x' || i as int), i) from range(25000) t(i)").head(3)


@pytest.mark.parametrize(("view", "command"), [("calls", "chimera sweep"), ("effects", "chimera compare")])
def test_a_view_that_is_not_there_yet_says_which_command_writes_it(bare: Database, view: str, command: str) -> None:
    assert view in bare.missing and view not in bare.views
    with pytest.raises(NotIngestedError) as error:
        asked(bare, f"select * from facts, {view.upper()}")
    assert error.value.message == f"There is no view {view} yet: '{command}' writes its table."


def test_the_listing_describes_every_column(database: Database, bare: Database) -> None:
    rows = [*database.listing().rows()]
    assert {row[0] for row in rows} == set(VIEWS)
    assert ("facts", None, None, " ".join((VIEWS["facts"].schema.__doc__ or "").split())) in rows
    assert ("calls", "model", "VARCHAR", "model tag of the trial") in rows
    assert {row[0] for row in bare.listing().rows()} == {
        "benchmark_files",
        "measurements",
        "data_summary",
        "facts",
        "findings",
        "notes",
    }


def test_a_damaged_table_is_named_and_the_others_are_there(compared: Desk, tmp_path: Path) -> None:
    shutil.copytree(compared.store.tables, tmp_path / "tables")
    (tmp_path / "tables" / "facts.parquet").write_bytes(b"PAR1")
    database = Database(Store(tmp_path))
    assert [str(error).partition("tables/")[2] for error in database.left_out] == [
        "facts.parquet is empty or damaged. Run 'chimera ingest', which writes it again."
    ]
    assert next(database.ask("select count(*) from measurements").rows())[0] > 0
    with pytest.raises(NotIngestedError, match="no view facts"):
        database.ask("select * from facts")
