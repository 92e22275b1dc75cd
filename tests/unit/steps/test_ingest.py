from pathlib import Path

import pytest

from chimera_dagster.records.store import Store
from chimera_dagster.steps import evidence, ingest


@pytest.fixture
def store(tmp_path: Path) -> Store:
    reports, store = tmp_path / "reports", Store(tmp_path / "data")
    reports.mkdir()
    (reports / "a.csv").write_text("model,ttft_ms\nm:1,5\nm:1,6\nm:1,x\n")
    ingest.ingest_folder(store, reports)
    return store


def test_evidence_is_current_for_these_data_and_this_code(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = ingest.data_digest(store, store.tables.parents[1] / "reports")
    assert not evidence.is_evidence_current(store, digest)
    summary = evidence.compute_evidence(store)
    assert (summary.digest, summary.numbers, summary.covered, summary.known) == (digest, 2, 2, 2)
    assert summary.coverage.startswith("Coverage: 100.0 % of 2 numeric cells and JSON values")
    assert evidence.is_evidence_current(store, digest)
    assert not evidence.is_evidence_current(store, "another")
    monkeypatch.setattr(evidence, "evidence_version", lambda: "newer")
    assert not evidence.is_evidence_current(store, digest)


def test_a_summary_of_an_earlier_version_answers_for_nothing(store: Store) -> None:
    summary = evidence.compute_evidence(store)
    (store.tables / "summary.json").write_text("{}")
    assert not evidence.is_evidence_current(store, summary.digest)
