"""The sensor of the reports folder, tick by tick."""

from collections.abc import Generator
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunRequest

from chimera_dagster.ingest.due import TRIES
from chimera_dagster.orchestration.sensors import reports_folder
from chimera_dagster.steps import evidence, ingest
from tests.unit.orchestration.daemon import Ticking, workspace_at, written

CSV = "model,ttft_ms\nm:1,5\nm:1,6\n"
INGEST = "ingest_reports"


class Folder(Ticking):
    """The sensor over a project in a folder of its own."""

    @property
    def reports(self) -> Path:
        return self.workspace.settings.reports

    def ingest(self) -> None:
        ingest.ingest_folder(self.workspace.store, self.reports)
        evidence.compute_evidence(self.workspace.store)

    def requested(self) -> RunRequest:
        """The one request of a tick."""
        asked = self.tick()
        assert not isinstance(asked, str), asked
        [request] = asked
        return request

    def is_settled(self) -> bool:
        """Whether nothing is requested because the present content has been ingested."""
        why = self.refused()
        return "up to date" in why or "has ingested this content" in why

    def refused(self) -> str:
        why = self.tick()
        assert isinstance(why, str)
        return why

    def ends(self, status: DagsterRunStatus = DagsterRunStatus.SUCCESS) -> str:
        """Ask for an ingest, and end it; one that ends well was done."""
        request = self.requested()
        if status == DagsterRunStatus.SUCCESS:
            self.ingest()
        return self.launched(request, INGEST, status)


@pytest.fixture
def folder(tmp_path: Path) -> Generator[Folder]:
    with DagsterInstance.ephemeral() as instance:
        folder = Folder(reports_folder, workspace_at(tmp_path), instance)
        written(folder.reports / "a.csv", CSV)
        yield folder


def test_a_new_folder_is_ingested_once(folder: Folder) -> None:
    request = folder.requested()
    assert request.run_key is None
    run = folder.launched(request, INGEST, DagsterRunStatus.NOT_STARTED)
    assert folder.refused() == f"Run {run[:8]} of an ingest is queued: the next one starts when it has ended."
    folder.instance.delete_run(run)
    folder.ingest()
    folder.launched(request, INGEST, DagsterRunStatus.SUCCESS)
    assert folder.refused() == "The tables are up to date: 1 file."


@pytest.mark.parametrize("status", [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED])
def test_nothing_is_asked_for_while_an_ingest_goes_on(folder: Folder, status: DagsterRunStatus) -> None:
    folder.launched(folder.requested(), INGEST, status)
    assert "starts when it has ended" in folder.refused()
    written(folder.reports / "b.csv", CSV)
    folder.refused()
    assert "starts when it has ended" in folder.refused()


def test_a_burst_of_changes_is_one_request_when_it_is_over(folder: Folder) -> None:
    folder.ends()
    for number in range(3):
        written(folder.reports / f"new{number}.csv", f"{CSV}m:2,{number}\n")
        assert f"new{number}.csv" in folder.refused()
    folder.ends()
    assert folder.refused() == "The tables are up to date: 4 files."


def test_a_file_that_is_written_is_waited_for(folder: Folder) -> None:
    folder.ends()
    path = written(folder.reports / "b.csv", CSV, age_s=0)
    for _ in range(3):
        assert "b.csv" in folder.refused()
    with path.open("a") as more:
        more.write("m:1,7\n")
    assert "b.csv" in folder.refused()
    written(path, f"{CSV}m:1,7\n", age_s=30)
    assert "b.csv" in folder.refused()
    assert folder.requested()


def test_a_clock_that_jumps_holds_nothing_up_and_hides_nothing(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.ends()
    for years in (-20, 20):
        monkeypatch.setattr("time.time_ns", lambda years=years: (2026 + years - 1970) * 31_557_600 * 10**9)
        assert folder.is_settled()
        written(folder.reports / f"{years}.csv", f"{CSV}m:3,{years}\n")
        assert f"{years}.csv" in folder.refused()
        folder.ends()


@pytest.mark.parametrize("age_s", [-3600, 3600])
def test_a_file_from_another_clock_is_ingested_once(folder: Folder, age_s: float) -> None:
    written(folder.reports / "b.csv", f"{CSV}m:1,9\n", age_s=age_s)
    if age_s < 0:
        assert "b.csv" in folder.refused()
    folder.ends()
    assert folder.refused().endswith(": 2 files.")


def test_deleted_and_moved_files_are_changes(folder: Folder) -> None:
    written(folder.reports / "sub" / "b.csv", f"{CSV}m:1,9\n")
    folder.ends()
    (folder.reports / "sub" / "b.csv").rename(folder.reports / "c.csv")
    assert "2 files changed just now, c.csv among them" in folder.refused()
    folder.ends()
    (folder.reports / "c.csv").unlink()
    assert "c.csv" in folder.refused()
    folder.ends()
    assert folder.refused() == "The tables are up to date: 1 file."


def test_a_folder_that_is_again_what_it_was_is_ingested_again(folder: Folder) -> None:
    folder.ends()
    first = folder.cursor
    written(folder.reports / "b.csv", CSV)
    folder.refused()
    folder.ends()
    (folder.reports / "b.csv").unlink()
    folder.refused()
    folder.ends()
    assert folder.cursor == first
    assert folder.workspace.store.read_table("benchmark_files")["path"].tolist() == ["a.csv"]


def test_a_failed_ingest_is_asked_for_again_but_not_for_ever(folder: Folder) -> None:
    for _ in range(TRIES):
        run = folder.ends(DagsterRunStatus.FAILURE)
    assert f"3 runs failed to ingest this content, 1 file: see run {run[:8]}" in folder.refused()
    written(folder.reports / "b.csv", CSV)
    folder.refused()
    folder.ends()


def test_one_that_was_canceled_is_not_asked_for_again(folder: Folder) -> None:
    run = folder.ends(DagsterRunStatus.CANCELED)
    assert folder.refused() == f"Run {run[:8]} was canceled: launch ingest_reports, or change a file."


def test_what_the_command_line_ingested_is_not_ingested_again(folder: Folder) -> None:
    folder.ingest()
    assert folder.refused() == "The tables are up to date: 1 file."


def test_a_touched_file_is_looked_at_again_and_then_settled(folder: Folder) -> None:
    folder.ends()
    digest = ingest.data_digest(folder.workspace.store, folder.reports)
    written(folder.reports / "a.csv", CSV, age_s=20)
    folder.refused()
    folder.ends()
    assert ingest.data_digest(folder.workspace.store, folder.reports) == digest
    assert folder.is_settled()


def test_links_out_of_the_folder_and_files_without_rights_ask_for_one_ingest(folder: Folder, tmp_path: Path) -> None:
    outside = written(tmp_path / "outside.csv", CSV)
    (folder.reports / "away.csv").symlink_to(outside)
    (folder.reports / "broken.csv").symlink_to(tmp_path / "nothing")
    folder.ends()
    assert folder.refused().endswith(": 3 files.")
    written(outside, f"{CSV}m:1,8\n")
    assert folder.refused().endswith(": 3 files.")


def test_a_folder_without_files_is_a_reason_and_no_run(folder: Folder) -> None:
    (folder.reports / "a.csv").unlink()
    assert folder.refused().startswith(f"There is no benchmark file in {folder.reports}.")
    folder.reports.rmdir()
    assert folder.refused().startswith(f"The reports folder {folder.reports} does not exist.")


def test_a_damaged_manifest_is_as_none(folder: Folder) -> None:
    folder.ends()
    (folder.workspace.store.tables / "snapshot.json").write_text("{")
    assert folder.refused() == "The tables are up to date: 1 file."


def test_tables_that_are_gone_are_made_again(folder: Folder) -> None:
    folder.ends()
    for path in folder.workspace.store.tables.glob("*.parquet"):
        path.unlink()
    assert folder.requested()


def test_another_folders_tables_are_left_alone(folder: Folder, tmp_path: Path) -> None:
    folder.ends()
    written(tmp_path / "other" / "x.csv", CSV)
    ingest.ingest_folder(folder.workspace.store, tmp_path / "other")
    evidence.compute_evidence(folder.workspace.store)
    assert "has ingested this content: 1 file" in folder.refused()
    written(folder.reports / "b.csv", CSV)
    folder.refused()
    assert folder.requested()
