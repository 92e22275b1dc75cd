"""`chimera check`: what a report claims, and whether the files bear it out."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from chimera_dagster.cli.options import AsJson, Reports

_DATE = re.compile(r"^\W*Date\W+(\d{4}-\d{2}-\d{2})", re.MULTILINE)


def check(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A report in Markdown.", show_default=False)
    ],
    reports: Reports = None,
    metrics: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="metrics.json of the trial that the report is about."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List every claim of a report with its verdict; exit 1 where one is contradicted or unsupported."""
    from chimera_dagster.cli.evidence import read_folder
    from chimera_dagster.cli.tables import print_json, print_table
    from chimera_dagster.evidence.summary import summarise
    from chimera_dagster.grounding import check as check_statements
    from chimera_dagster.grounding import index_evidence
    from chimera_dagster.grounding.document import statements

    text = file.read_text(encoding="utf-8")
    read = read_folder(reports)
    own_date = _DATE.search(text)
    index = index_evidence(
        read.files,
        read.measurements,
        summarise(read.measurements),
        metrics=json.loads(metrics.read_text(encoding="utf-8")) if metrics else None,
        today=date.fromisoformat(own_date[1]) if own_date else None,
    )
    found = statements(text)
    checked = check_statements([each.text for each in found], index, index.models)
    rows = [
        {"line": statement.line, "statement": each.rendered, "kept": each.kept, **claim.model_dump()}
        for statement, each in zip(found, checked, strict=True)
        for claim in each.claims
    ]
    if as_json:
        print_json(rows)
    else:
        shown = [
            [
                str(row["line"]),
                str(row["kind"]),
                str(row["verdict"]),
                str(row["text"]),
                str(row["reason"]),
                str(row["evidence"]),
            ]
            for row in rows
        ]
        dropped = sum(not each.kept for each in checked)
        title = f"{len(rows)} claims of {len(found)} statements, {dropped} of which are not borne out"
        print_table(title, ("line", "kind", "verdict", "claim", "reason", "evidence"), shown, numeric={"line"})
    if not all(each.kept for each in checked):
        raise typer.Exit(1)
