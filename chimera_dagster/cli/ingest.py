"""`chimera ingest`: read a reports folder and materialize the tables that everything is based on."""

from chimera_dagster.cli.options import AsJson, Folder
from chimera_dagster.cli.reading import file_progress
from chimera_dagster.cli.tables import print_problems
from chimera_dagster.cli.terminal import say, write_json
from chimera_dagster.errors import ChimeraError
from chimera_dagster.ingest.discover import discover
from chimera_dagster.records.documents import Summary
from chimera_dagster.settings import load_settings


def ingest(
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Read a reports folder into tables, and list what could not be read."""
    # Dagster takes seconds to import.
    from chimera_dagster.definitions import defs
    from chimera_dagster.orchestration.home import open_instance
    from chimera_dagster.orchestration.runner import JobRunner
    from chimera_dagster.orchestration.workspace import Workspace

    settings = load_settings(reports_dir=folder)
    discover(settings.reports)  # a wrong folder is wrong usage, not a failed run
    with open_instance(settings) as instance, file_progress() as on_file:
        workspace = Workspace(settings, on_file=on_file)
        failure = JobRunner(defs, instance, workspace).ingest_reports()
    if failure is not None:
        raise ChimeraError(failure)
    summary = workspace.store.read_json("summary", Summary)
    if as_json:
        write_json(summary.model_dump_json(indent=2))
        return
    files = workspace.store.read_table("benchmark_files")
    for row in files[files["status"] != "ok"].itertuples(index=False):
        say(f"{row.status}: {row.path}: {row.reason}", err=True)
    print_problems(summary.problems)
    say(
        f"{_counted(summary.total_files, 'file')}, {_counted(summary.measurements, 'measurement')}, "
        f"{_counted(summary.problem_files, 'file')} not read in full.",
        summary.coverage,
        f"Tables: {workspace.store.tables}",
        f"Brief: {workspace.store.brief.with_suffix('.html')}",
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else noun + 's'}"
