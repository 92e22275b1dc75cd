"""What verbs that only show something read: the folder itself, into memory, so that nothing is written."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chimera_dagster.ingest.folder import FolderTables


def read_folder(reports: Path | None) -> "FolderTables":
    """The tables of a reports folder, with a progress bar on a terminal. Raises NoReportsError."""
    from chimera_dagster.cli.progress import FileProgress
    from chimera_dagster.ingest.folder import read_in_memory
    from chimera_dagster.settings import load_settings

    with FileProgress() as progress:
        return read_in_memory(load_settings(reports_dir=reports).reports, progress.on_file)
