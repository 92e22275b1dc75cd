import csv
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import pytest

from chimera_dagster.evidence.runs import failed_runs, raw_runs
from chimera_dagster.evidence.statistics import describe
from chimera_dagster.evidence.summary import summarise, summary_block
from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.schemas import DataSummary
from tests.unit.evidence.tables import as_categories

CORPUS = Path(__file__).parents[3] / "../shared/corpus"


def files(*rows):
    return pd.DataFrame(
        {
            "path": [path for path, _ in rows],
            "kind": [path.split(".")[-1].replace("md", "markdown") for path, _ in rows],
            "status": "ok",
            "mtime": pd.to_datetime([time for _, time in rows], utc=True, format="ISO8601"),
        }
    )


def test_the_block_in_the_form_of_the_reports():
    rows = [(f"r/{letter}.csv", "2025-11-14 18:53:30.9") for letter in "gfedcba"]
    assert summary_block(files(*rows, ("r/x.md", "2025-11-14 18:54:07"))) == (
        "Total files analyzed: 8\n\n"
        "CSV Files (7)\n  - r/a.csv\n  - r/b.csv\n  - r/c.csv\n  - r/d.csv\n  - r/e.csv\n  ... and 2 more\n"
        "  Latest modified: 2025-11-14 18:53:30 UTC\n\n"
        "MARKDOWN Files (1)\n  - r/x.md\n  Latest modified: 2025-11-14 18:54:07 UTC"
    )


def test_five_names_need_no_line_of_more():
    assert "more" not in summary_block(files(*[(f"{letter}.csv", "2025-11-14") for letter in "abcde"]))


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
def test_the_block_of_the_corpus():
    lines = summary_block(read_in_memory(CORPUS).files).splitlines()
    assert lines[0] == "Total files analyzed: 101"
    assert [line for line in lines if "Files (" in line] == ["CSV Files (28)", "JSON Files (44)", "MARKDOWN Files (29)"]
    assert [line for line in lines if "more" in line] == [f"  ... and {n} more" for n in (23, 39, 24)]


def test_statistics_of_raw_runs_with_failures_beside_them(tmp_path):
    (tmp_path / "a.csv").write_text(
        "model,num_ctx,ttft_s,error\n"
        "m:1,512,1,\nm:1,512,2,\nm:1,512,6,\nm:1,512,0,timed out\n"
        "m:1,1024,,timed out\nm:2,512,4,\n"
    )
    (tmp_path / "a_summary.csv").write_text("model,num_ctx,mean_ttft_s\nm:1,512,99\n")
    table = DataSummary.validate(summarise(read_in_memory(tmp_path).measurements))
    assert table[["model", "params", "n", "failures"]].values.tolist() == [
        ["m:1", '{"num_ctx":1024}', 0, 1],
        ["m:1", '{"num_ctx":512}', 3, 1],
        ["m:2", '{"num_ctx":512}', 1, 0],
    ]
    row = table.iloc[1]
    assert (row["metric"], row["unit"]) == ("ttft_ms", "ms")
    assert (row["mean"], row["median"], row["min"], row["max"]) == (3000, 2000, 1000, 6000)
    assert row["std"] == pytest.approx(2645.7513, abs=1e-3)
    assert pd.isna(table.iloc[2]["std"])
    assert pd.isna(table.iloc[0]["mean"])


def test_no_measurements_give_a_valid_empty_table(tmp_path):
    (tmp_path / "a.md").write_text("words")
    assert len(DataSummary.validate(summarise(read_in_memory(tmp_path).measurements))) == 0


def test_a_run_that_stands_in_two_files_counts_once(tmp_path):
    header, rows = "model,ttft_ms,tokens_s,error\n", ["m:1,412.25,57.25,", "m:1,398.5,58.75,", "m:1,405.75,56.5,"]
    failed = "m:1,,,timed out"
    (tmp_path / "a.csv").write_text(header + "\n".join([*rows, failed]) + "\n")
    (tmp_path / "b.csv").write_text(header + "\n".join([failed, *rows[::-1]]) + "\n")
    measured = read_in_memory(tmp_path).measurements
    table = summarise(measured)
    assert table[["metric", "n", "failures", "mean"]].values.tolist() == [
        ["decode_tok_s", 3, 1, 57.5],
        ["ttft_ms", 3, 1, 405.5],
    ]
    assert raw_runs(measured)["file"].unique().tolist() == ["a.csv"]
    assert failed_runs(measured)[["file", "record"]].values.tolist() == [["a.csv", "row 4"]]


def test_rows_in_any_order_and_categories_give_the_same(tmp_path):
    rows = [f"m:{n % 3},{512 << n % 2},{100 * n + 7},{'lost' if n % 7 == 0 else ''}" for n in range(40)]
    (tmp_path / "a.csv").write_text("model,num_ctx,ttft_ms,error\n" + "\n".join(rows) + "\n")
    (tmp_path / "b.csv").write_text("odd metric,error\n3,\n4,\n,lost\n")  # no model, no unit
    measured = read_in_memory(tmp_path).measurements
    expected = DataSummary.validate(summarise(measured))
    assert expected["model"].isna().sum() == 1
    assert expected["failures"].sum() == 7
    pd.testing.assert_frame_equal(summarise(as_categories(measured)), expected, check_exact=True)
    for seed in range(5):
        mixed = measured.sample(frac=1, random_state=seed)
        pd.testing.assert_frame_equal(summarise(mixed), expected, check_exact=True)
        pd.testing.assert_frame_equal(summarise(as_categories(mixed)), expected, check_exact=True)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
def test_the_median_of_a_file_of_the_corpus():
    path = "reports/gemma3/gemma3_270m_param_tuning.csv"
    with (CORPUS / path).open(newline="") as lines:
        rates = [float(row["tokens_s"]) for row in csv.DictReader(lines) if not row["error"]]
    assert len(rates) == 34
    measured = read_in_memory(CORPUS).measurements
    rows = raw_runs(measured[(measured["file"] == path) & (measured["metric"] == "decode_tok_s")])
    one = describe(rows["value"].to_numpy(), np.zeros(len(rows), dtype="int64"), 1).iloc[0]
    assert (one["n"], one["median"]) == (34, pytest.approx(median(rates), rel=1e-12))
    of_tag = summarise(measured[measured["file"] == path])
    of_tag = of_tag[of_tag["metric"] == "decode_tok_s"]
    assert (set(of_tag["model"]), of_tag["n"].sum(), of_tag["failures"].sum()) == ({"gemma3:270m"}, 34, 2)
