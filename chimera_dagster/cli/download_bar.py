"""How the download of a model goes on, on stderr."""

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from chimera_dagster.cli.live import Live, print_line
from chimera_dagster.cli.terminal import Terminal
from chimera_dagster.engines.model_sources.catalogue import CatalogueModel


def megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


class DownloadBar(Live):
    """A bar on a terminal, and a line for each step. It is the Watcher of `model_sources.download`."""

    def __init__(self) -> None:
        self._console = Terminal(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            DownloadColumn(),
            TransferSpeedColumn(),
            TextColumn("remaining"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._task: TaskID | None = None

    def waiting(self, model: CatalogueModel) -> None:
        self._say(f"{model.tag}: another process is downloading it; waiting.")

    def begins(self, model: CatalogueModel, source: str) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(model.tag, total=model.size)
        self._say(f"{model.tag}: {megabytes(model.size)} from {source}")

    def has(self, size: int) -> None:
        if self._task is not None:
            self._bar.update(self._task, completed=size)

    def failed(self, model: CatalogueModel, reason: str) -> None:
        self._say(f"{model.tag}: not {reason}")

    def _say(self, line: str) -> None:
        print_line(self._console, line)
