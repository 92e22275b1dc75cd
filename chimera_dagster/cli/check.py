"""`chimera check`: which claims of a document the reports folder supports."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from chimera_dagster.cli.options import AsJson, Reports
from chimera_dagster.cli.reading import read_folder
from chimera_dagster.cli.tables import print_json, print_table
from chimera_dagster.evidence.summary import summarise
from chimera_dagster.grounding import check as check_statements
from chimera_dagster.grounding import index_evidence
from chimera_dagster.grounding.document import statements

_DATE = re.compile(r"^\W*Date\W+(\d{4}-\d{2}-\d{2})", re.MULTILINE)
_FIELDS = ("line", "kind", "verdict", "text", "reason", "evidence")


def check(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A document in Markdown.", show_default=False)
    ],
    reports: Reports = None,
    metrics: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="metrics.json of the trial that the document is about."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every claim of a Markdown document against a reports folder.

    Exits with 1 if a claim is contradicted or not supported.
    """
    text = file.read_text(encoding="utf-8")
    folder = read_folder(reports)
    own_date = _DATE.search(text)
    index = index_evidence(
        folder.files,
        folder.measurements,
        summarise(folder.measurements),
        metrics=json.loads(metrics.read_text(encoding="utf-8")) if metrics else None,
        today=date.fromisoformat(own_date[1]) if own_date else None,
    )
    found = statements(text)
    checked = check_statements([statement.text for statement in found], index, index.models)
    rows = [
        {"line": statement.line, "statement": result.rendered, "kept": result.kept, **claim.model_dump()}
        for statement, result in zip(found, checked, strict=True)
        for claim in result.claims
    ]
    unsupported = sum(not result.kept for result in checked)
    if as_json:
        print_json(rows)
    else:
        title = f"{len(rows)} claims in {len(found)} statements, {unsupported} of them not supported"
        cells = [[str(row[field]) for field in _FIELDS] for row in rows]
        print_table(title, ["claim" if field == "text" else field for field in _FIELDS], cells, numeric={"line"})
    if unsupported:
        raise typer.Exit(1)
