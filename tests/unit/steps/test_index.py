"""The index over all trials: what it shows, and what it waits for."""

from pathlib import Path

from chimera_dagster.records.store import Store, write_text
from chimera_dagster.spec.goals import Goals
from chimera_dagster.steps.evidence import compute_evidence
from chimera_dagster.steps.index import Published, write_index
from chimera_dagster.steps.ingest import ingest_folder
from chimera_dagster.steps.report import render_trial
from chimera_dagster.steps.sweep_comparison import read_comparison
from tests.desk import Desk
from tests.unit.evidence.findings.tables import run, write_csv


def reported(desk: Desk, **spec: object) -> str:
    """Run and render a trial; returns the link to its report."""
    plan = desk.plan(**spec)
    desk.store.register(plan)
    desk.run(**spec)
    render_trial(desk.store, plan)
    return desk.store.folder_of(plan.trial).page.relative_to(desk.store.runs).as_posix()


def written(desk: Desk) -> Published:
    return write_index(desk.store, read_comparison(desk.store, Goals()))


def test_every_report_is_on_the_page_and_says_what_its_text_is_worth(desk: Desk) -> None:
    first, second = reported(desk), reported(desk, grid={"num_ctx": [1024], "top_k": [4]})
    desk.store.register(desk.plan(grid={"num_ctx": [1024], "top_k": [5]}))
    assert written(desk) == Published(published=2, waiting=1)
    for path in (desk.store.index, desk.store.index.with_suffix(".md")):
        text = path.read_text()
        assert first in text and second in text
        assert "2 reports; 1 trial has no report yet" in text
    assert (desk.store.runs / first).exists() and (desk.store.runs / second).exists()


def test_a_report_of_another_version_waits_to_be_made_again(desk: Desk) -> None:
    reported(desk)
    folder = desk.store.folder_of(desk.plan().trial)
    write_text(folder.metrics, '{"schema_version": 1}')
    assert written(desk).waiting == 2


def test_a_baseline_of_another_version_is_said_and_keeps_no_page_from_being_written(desk: Desk) -> None:
    reported(desk)
    write_text(desk.store.baseline, '{"schema_version": 1}')
    written(desk)
    for path in (desk.store.index, desk.store.index.with_suffix(".md")):
        assert "is of schema version 1; this version reads comparisons of version" in path.read_text().replace("\\", "")
    desk.store.baseline.unlink()


def test_the_brief_is_on_the_page_before_any_trial_unless_it_is_of_other_data(tmp_path: Path) -> None:
    store, reports = Store(tmp_path / "data"), tmp_path / "reports"

    def index() -> str:
        write_index(store, read_comparison(store, Goals()))
        return store.index.with_suffix(".md").read_text().split("## Which model")[0]

    assert "There is no brief yet" in index()
    for speed in (80.0, 90.0):
        write_csv(reports / "a.csv", [run("quick:1b", speed + place) for place in range(4)])
        ingest_folder(store, reports)
        assert "There is no brief yet" in index()  # none, or that of the earlier files
        compute_evidence(store)
        assert "quick:1b" in index() and "(../brief.html)" in index()
        assert (store.index.parent / "../brief.html").is_file()
    store.brief.unlink()
    assert "There is no brief yet" in index()
    write_text(store.tables / "ingest.json", "{}")
    assert "There is no brief yet" in index()
