"""Reads a reports folder for a verb, with a progress bar on a terminal."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from chimera_dagster.cli.terminal import Terminal
from chimera_dagster.ingest.folder import FolderTables, OnFile, read_in_memory
from chimera_dagster.settings import load_settings


@contextmanager
def file_progress() -> Generator[OnFile]:
    """A bar of files read, updated by `(done, total)`; hidden if stderr is not a terminal."""
    console = Terminal(stderr=True)
    bar = Progress(
        TextColumn("reading"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("files, left"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    task = bar.add_task("", total=None)
    with bar:
        yield lambda done, total: bar.update(task, completed=done, total=total)


def read_folder(reports: Path | None) -> FolderTables:
    """The tables of a reports folder, in memory: nothing is written. Raises NoReportsError."""
    with file_progress() as on_file:
        return read_in_memory(load_settings(reports_dir=reports).reports, on_file)
