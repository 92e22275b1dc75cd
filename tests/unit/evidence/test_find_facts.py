import re
from pathlib import Path

import pytest

from chimera_dagster.evidence.facts import find_facts
from chimera_dagster.evidence.summary import summarise
from chimera_dagster.ingest.folder import ingest_folder
from chimera_dagster.schemas import Facts

REPORTS = Path(__file__).parents[3] / "data/reports"


def facts_of(root, **options):
    ingested = ingest_folder(root)
    return Facts.validate(
        find_facts(ingested.files, summarise(ingested.measurements), ingested.measurements, **options)
    )


@pytest.fixture
def folder(tmp_path):
    rows = [
        "slow:1,512,10,900,",
        "slow:1,512,12,900,",
        "slow:1,1024,14,300,",
        "slow:1,1024,16,300,",
        "slow:1,1024,18,300,",
        "slow:1,512,8,900,",
        "fast:1,512,100,50,",
        "fast:1,512,110,40,",
        "fast:1,512,120,60,",
        "fast:1,512,,,lost",
        "rare:1,512,500,1,",
    ]
    (tmp_path / "a.csv").write_text("model,num_ctx,tokens_s,ttft_ms,error\n" + "\n".join(rows) + "\n")
    return tmp_path


def test_hand_computed_facts_with_their_sources(folder):
    facts = facts_of(folder)
    found = {row.text: (row.value, row.unit, row.n, row.file, row.record) for row in facts.itertuples()}
    assert found == {
        "benchmark files found": (1, "", 1, "a.csv", "file"),
        "runs measured": (10, "", 10, "a.csv", "row 1"),
        "records that report a failure": (1, "", 1, "a.csv", "row 10"),
        "highest mean decode throughput of a model: fast:1": (110, "tok/s", 3, "a.csv", "row 7"),
        "lowest mean time to first token of a model: fast:1": (50, "ms", 3, "a.csv", "row 7"),
        "mean decode throughput of fast:1 over all its runs": (110, "tok/s", 3, "a.csv", "row 7"),
        "mean decode throughput of slow:1 over all its runs": (13, "tok/s", 6, "a.csv", "row 1"),
        "mean time to first token of fast:1 over all its runs": (50, "ms", 3, "a.csv", "row 7"),
        "mean time to first token of slow:1 over all its runs": (600, "ms", 6, "a.csv", "row 1"),
        "highest mean decode throughput of slow:1 by parameter set: num_ctx=1024": (16, "tok/s", 3, "a.csv", "row 3"),
        "lowest mean time to first token of slow:1 by parameter set: num_ctx=1024": (300, "ms", 3, "a.csv", "row 3"),
        "highest decode throughput of a single run of rare:1: num_ctx=512": (500, "tok/s", 1, "a.csv", "row 11"),
        "highest decode throughput of a single run of fast:1: num_ctx=512": (120, "tok/s", 1, "a.csv", "row 9"),
        "highest decode throughput of a single run of slow:1: num_ctx=1024": (18, "tok/s", 1, "a.csv", "row 5"),
        "lowest time to first token of a single run of rare:1: num_ctx=512": (1, "ms", 1, "a.csv", "row 11"),
        "lowest time to first token of a single run of fast:1: num_ctx=512": (40, "ms", 1, "a.csv", "row 8"),
        "lowest time to first token of a single run of slow:1: num_ctx=1024": (300, "ms", 1, "a.csv", "row 3"),
    }
    assert facts["id"].tolist() == [f"F{number}" for number in range(1, 18)]


def test_the_most_important_come_first_and_the_limit_holds(folder):
    texts = facts_of(folder, limit=4)["text"].tolist()
    assert texts == [
        "benchmark files found",
        "runs measured",
        "records that report a failure",
        "highest mean decode throughput of a model: fast:1",
    ]


def test_without_measurements_only_files_are_counted(tmp_path):
    (tmp_path / "a.md").write_text("words")
    (tmp_path / "b.json").write_text("{")
    facts = facts_of(tmp_path)
    assert facts[["text", "value", "file", "record"]].values.tolist() == [
        ["benchmark files found", 2, "a.md", "file"],
        ["benchmark files that could not be read", 1, "b.json", "file"],
    ]


def test_the_samples_texts_hold_no_measured_figure_and_every_source_exists():
    facts = facts_of(REPORTS)
    measured = set(zip(*(ingest_folder(REPORTS).measurements[name] for name in ("file", "record")), strict=True))
    assert len(facts) == 16
    for row in facts.itertuples():
        words = re.sub(r"\S+:\d+m|\w+=[\d.]+", "", row.text)
        assert not re.search(r"\d", words), row.text
        assert row.record == "file" or (row.file, row.record) in measured
    assert facts.loc[facts["text"] == "runs measured", "value"].tolist() == [270]
