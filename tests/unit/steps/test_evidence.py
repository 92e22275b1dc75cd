"""One fault does not take the evidence of a folder away, and is not hidden either."""

import json
from pathlib import Path

import pytest

from chimera_dagster.evidence import findings
from chimera_dagster.records.documents import Summary
from chimera_dagster.records.store import Store
from chimera_dagster.schemas import DataSummary, Facts, Findings
from chimera_dagster.steps import evidence, ingest

RUNS = "ttft_ms,tokens_per_second\n210,45.1\n220,44.8\n205,45.6\n"


def computed(folder: Path, text: str = RUNS) -> tuple[Store, Summary]:
    (folder / "reports").mkdir()
    (folder / "reports" / "runs.csv").write_text(text)
    store = Store(folder / "data")
    ingest.ingest_folder(store, folder / "reports")
    return store, evidence.compute_evidence(store)


def test_a_folder_in_which_no_run_names_a_model_has_all_tables(tmp_path: Path) -> None:
    store, summary = computed(tmp_path)
    assert summary.problems == []
    statistics = DataSummary.validate(store.read_table("data_summary"))
    assert statistics["model"].isna().all()
    assert statistics[["metric", "n", "file"]].to_numpy().tolist() == [
        ["decode_tok_s", 3, "runs.csv"],
        ["ttft_ms", 3, "runs.csv"],
    ]
    facts = Facts.validate(store.read_table("facts"))
    [ttft] = facts[(facts["kind"] == "model_mean") & (facts["metric"] == "ttft_ms")].to_dict("records")
    assert ttft["text"] == "mean time to first token of a model that is not named (runs.csv) over all its runs"
    assert ttft["value"] == pytest.approx((210 + 220 + 205) / 3)
    Findings.validate(store.read_table("findings"))


def test_a_detector_that_fails_is_named_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(data: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(findings, "DETECTORS", (broken, *findings.DETECTORS))
    store, summary = computed(tmp_path, "model," + RUNS.replace("\n2", "\nm:1,2"))
    [problem] = summary.problems
    assert problem.startswith(
        "findings: the rule broken failed and is left out (ZeroDivisionError: by nothing, in test_"
    )
    assert len(store.read_table("facts")) > 2
    found = store.read_table("findings").set_index("detector")
    assert found.loc["evidence_incomplete", "severity"] == "warning"
    assert problem in found.loc["evidence_incomplete", "text"]
    assert json.loads(found.loc["evidence_incomplete", "sources"]) == [["runs.csv", "/"]]
    assert "missing_telemetry" in found.index


def test_a_table_that_fails_as_a_whole_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no statistics")

    monkeypatch.setattr(evidence, "summarise", broken)
    store, summary = computed(tmp_path)
    assert [text.partition(" (")[0] for text in summary.problems] == [
        "data_summary: the rule summarise failed and is left out"
    ]
    assert store.read_table("data_summary").empty
    assert "model_mean" in store.read_table("facts")["kind"].tolist()
