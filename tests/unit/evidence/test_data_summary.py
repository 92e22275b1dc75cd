from pathlib import Path

import pandas as pd
import pytest

from chimera_dagster.evidence.summary import summarise, summary_block
from chimera_dagster.ingest.folder import ingest_folder
from chimera_dagster.schemas import DataSummary

CORPUS = Path(__file__).parents[3] / "../shared/corpus"


def files(*rows):
    return pd.DataFrame(
        {
            "path": [path for path, _ in rows],
            "kind": [path.split(".")[-1].replace("md", "markdown") for path, _ in rows],
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
    lines = summary_block(ingest_folder(CORPUS).files).splitlines()
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
    table = DataSummary.validate(summarise(ingest_folder(tmp_path).measurements))
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
    assert len(DataSummary.validate(summarise(ingest_folder(tmp_path).measurements))) == 0
