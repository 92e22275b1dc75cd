import json

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chimera_dagster.ingest.collector import FLUSH_ROWS, Collector
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.ingest.json_reader import read_json
from tests.unit.ingest.reading import read
from tests.unit.ingest.runs import NAMES, as_csv, as_lines, ollama, run

HEADER = "model,total_duration,load_duration,prompt_eval_count,prompt_eval_duration,eval_count,eval_duration"


def times(text, reader=read_csv, **options):
    """Milliseconds, the unit in the file and the doubt, by name of the first record."""
    rows = read(reader, text, **options).rows
    return {
        row["original_name"]: (row["value"], row["original_unit"], row["doubt"])
        for row in reversed(rows)
        if row["unit"] == "ms"
    }


def test_seconds_under_the_names_of_nanoseconds():
    assert times(f"{HEADER}\na:1b,8.0,0.25,80,0.5,420,7.0\na:1b,9.0,0.25,80,0.5,440,8.0\n") == {
        "total_duration": (8000, "s", None),
        "load_duration": (250, "s", None),
        "prompt_eval_duration": (500, "s", None),
        "eval_duration": (7000, "s", None),
    }


@pytest.mark.parametrize(("unit", "factor"), [("s", 1e9), ("ms", 1e6), ("us", 1e3)])
def test_a_stated_rate_decides(unit, factor):
    answer = {"eval_count": 400, "eval_duration": 5e9 / factor, "tokens_per_second": 80, "total_duration": 6e9 / factor}
    assert times(json.dumps(answer), read_json) == {
        "eval_duration": (5000, unit, None),
        "total_duration": (6000, unit, None),
    }


def test_one_column_in_another_unit_than_the_others():
    answer = {"total_duration": 6.25, "load_duration": 50_000_000, "eval_count": 400, "eval_duration": 5_600_000_000}
    assert times(json.dumps(answer), read_json) == {
        "total_duration": (6250, "s", None),
        "load_duration": (50, "ns", None),
        "eval_duration": (5600, "ns", None),
    }


def test_a_unit_that_is_stated_is_not_questioned():
    assert times("eval_count,eval_duration_ms,eval_duration (ns)\n400,5,6\n")["eval_duration_ms"][1] == "ms"
    assert times("eval_count,eval_duration (ns)\n400,6\n")["eval_duration (ns)"][1] == "ns"


def test_values_that_do_not_tell_their_unit_are_doubted():
    found = times(f"{HEADER}\na:1b,160,2,80,5,300,150\n")
    assert found["eval_duration"][1] == "ns"
    assert found["eval_duration"][2] == "150: eval_duration can't be in nanoseconds, and its values don't tell its unit"


def test_a_mistake_in_one_run_of_many_does_not_change_the_unit():
    good = {"total_duration": 5_000_000_000, "eval_count": 300, "eval_duration": 4_500_000_000}
    found = read(read_json, as_lines([good | {"total_duration": 5}, good, good, good]), lines=True)
    assert {row["original_unit"] for row in found.rows if row["unit"] == "ms"} == {"ns"}
    assert [(row["record"], row["metric"]) for row in found.rows if row["doubt"]] == [("line 1", "total_ms")]


def test_a_file_has_one_unit_in_all_of_its_tables():
    tables = []
    collector = Collector(tables.append)
    collector.start("file", Context())
    row = "{},8.0,0.25,80,0.5,420,7.0\n"
    read_csv(HEADER + "\n" + row.format("a:1b") * (FLUSH_ROWS // 4), collector)
    collector.start("other", Context())
    read_json(json.dumps(ollama(run(np.random.default_rng(1)))), collector)
    collector.flush()
    assert len(tables) == 2
    rows = [row for table in tables for row in table.select(["file", "unit", "original_unit"]).to_pylist()]
    assert {(row["file"], row["original_unit"]) for row in rows if row["unit"] == "ms"} == {
        ("file", "s"),
        ("other", "ns"),
    }
    assert collector.found_later["file"].notices == [
        "total_duration, load_duration, prompt_eval_duration, eval_duration are in seconds here, by their values"
    ]


def test_the_file_says_in_which_unit_it_was_read(tmp_path):
    (tmp_path / "a.csv").write_text(f"{HEADER}\na:1b,8.0,0.25,80,0.5,420,7.0\n")
    (tmp_path / "b.csv").write_text("model,eval_count,eval_ms\na:1b,420,7000\n")
    read_folder = read_in_memory(tmp_path)
    files = read_folder.files.set_index("path")
    assert files.loc["a.csv", "status"] == "partial"
    assert "are in seconds here, by their values" in files.loc["a.csv", "reason"]
    assert files["measurements"].tolist() == [8, 3]
    assert read_folder.measurements["file"].value_counts().to_dict() == {"a.csv": 8, "b.csv": 3}


@settings(deadline=None, max_examples=200, derandomize=True, database=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(1.0, "ms"), (1000.0, "s")]))
@example(256, (1000.0, "s"))
def test_no_time_is_ever_read_in_a_wrong_unit(seed, unit):
    """Simulated runs, some of them fast or slow enough to be in either unit: then the file says that it can't tell."""
    rng = np.random.default_rng(seed)
    runs = [run(rng) for _ in range(12)]
    rows = read(read_csv, as_csv([ollama(one, unit[0]) for one in runs])).rows
    metrics = {name: metric for metric, name in NAMES.items()}
    for row in rows:
        if row["unit"] == "ms" and not row["doubt"]:
            truth = runs[int(row["record"].removeprefix("row ")) - 1][metrics[row["original_name"]]]
            assert row["original_unit"] == unit[1]
            assert row["value"] == pytest.approx(truth)


@pytest.mark.parametrize(("total", "unit"), [("25.5", "s"), ("25500", "ms"), ("25500000000", "ns")])
def test_a_rate_and_a_count_tell_the_unit_of_the_whole(total, unit):
    rows = read(read_csv, f"model,tokens_per_second,output_tokens,total_duration\na:1b,36.5,890,{total}\n").rows
    assert [(row["value"], row["original_unit"], row["doubt"]) for row in rows if row["metric"] == "total_ms"] == [
        (25_500, unit, None)
    ]
