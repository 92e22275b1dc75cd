"""Memory and power that files have are in the tables, and nothing says that they were not measured."""

from pathlib import Path

import pytest

from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.notes.brief import Brief
from chimera_dagster.notes.performance import columns_of
from chimera_dagster.render.brief.page import brief_page
from chimera_dagster.render.markdown_writer import to_markdown
from chimera_dagster.steps.evidence import Evidence
from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, wordings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        run(name, rate + place, 90 + place) | {"concurrency": load, "gpu_memory_mib": 3000 + load, "power_w": watts}
        for name, rate in (("a:1b", 50), ("b:2b", 30))
        for load, watts in ((1, 130), (8, 250))
        for place in range(4)
    ]
    write_csv(tmp_path / "a_runs.csv", [*rows, {"gpu_memory_mib": 9000, "power_w": 400}])
    return tmp_path


def brief_of(folder: Path) -> Brief:
    read = read_in_memory(folder)
    return Evidence(read.files, read.measurements).brief


def test_a_model_has_the_highest_and_a_configuration_the_mean(folder: Path) -> None:
    brief = brief_of(folder)
    assert [column.measure.metric for column in columns_of(brief.by_model)][-2:] == ["gpu_mem_used_mib", "power_w"]
    for row in brief.by_model:
        highest = {column.measure.metric: value for column, value in row.values.items() if value.kind == "highest"}
        assert (highest["gpu_mem_used_mib"].value, highest["power_w"].value) == (3008, 250)
        assert highest["power_w"].n == 8
    for row in brief.by_configuration:
        [power] = [value for column, value in row.values.items() if column.measure.metric == "power_w"]
        assert (power.value, power.kind) == ({1: 130, 8: 250}[int(row.setup["concurrency"])], "mean")
        assert {file for file, _ in power.sources} == {"a_runs.csv"}


def test_the_page_shows_them_and_asks_for_none_of_them(folder: Path) -> None:
    text = to_markdown(brief_page(brief_of(folder)))
    assert "| GPU memory | power |" in text
    assert "GPU memory and power: the highest of all its runs" in text
    [missing] = notes_of(folder, "not_measured").notes
    assert "memory" not in wordings(missing)[0]
    assert "power" not in wordings(missing)[0]
    assert all("power" not in text for note in notes_of(folder, "record_missing").notes for text in wordings(note))


def test_without_them_there_is_no_column(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 90), run("b:2b", 40, 120)])
    assert "power |" not in to_markdown(brief_page(brief_of(tmp_path)))
