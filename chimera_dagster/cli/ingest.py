"""`chimera ingest`: read a folder of results and materialize the tables that everything stands on."""

from pathlib import Path
from typing import Annotated

import typer

from chimera_dagster.cli.options import AsJson


def ingest(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="Folder of benchmark results.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read a folder of results into tables, and say what could not be read."""
    from chimera_dagster.cli.progress import FileProgress
    from chimera_dagster.definitions import defs
    from chimera_dagster.errors import ChimeraError
    from chimera_dagster.evidence.figures import printable
    from chimera_dagster.ingest.discover import discover
    from chimera_dagster.orchestration.home import open_instance
    from chimera_dagster.orchestration.runner import JobRunner
    from chimera_dagster.orchestration.workspace import Workspace
    from chimera_dagster.records.documents import Summary
    from chimera_dagster.settings import load_settings

    settings = load_settings(reports_dir=folder)
    discover(settings.reports)  # a wrong folder is wrong usage, and no run's failure
    with open_instance(settings) as instance, FileProgress() as progress:
        workspace = Workspace(settings, on_file=progress.on_file)
        failure = JobRunner(defs, instance, workspace).ingest_reports()
    if failure is not None:
        raise ChimeraError(failure)
    summary = workspace.store.read_json("summary", Summary)
    if as_json:
        typer.echo(summary.model_dump_json(indent=2))
        return
    files = workspace.store.read_table("benchmark_files")
    for row in files[files["status"] != "ok"].itertuples(index=False):
        typer.echo(f"{row.status}: {printable(str(row.path))}: {printable(str(row.reason))}", err=True)
    typer.echo(
        f"{summary.total_files} files, {summary.measurements} measurements, "
        f"{summary.problem_files} files not read in full.\n"
        f"{summary.coverage}\n"
        f"Tables: {workspace.store.tables}"
    )
