"""`chimera summary`: what a folder of results holds, as every report prints it."""

import typer

from chimera_dagster.cli.options import AsJson, Reports


def summary(reports: Reports = None, as_json: AsJson = False) -> None:
    """Say what a folder of results holds, without writing anything."""
    from chimera_dagster.evidence.summary import summary_block
    from chimera_dagster.ingest.folder import ingest_folder
    from chimera_dagster.settings import load_settings

    files = ingest_folder(load_settings(reports_dir=reports).reports).files
    typer.echo(files.to_json(orient="records", date_format="iso", indent=2) if as_json else summary_block(files))
