"""`chimera findings`: what failed, what contradicts itself, what differs and what does not."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from chimera_dagster.cli.options import AsJson, Reports
from chimera_dagster.cli.reading import read_folder
from chimera_dagster.cli.tables import print_entries, print_json, print_problems
from chimera_dagster.schemas import SEVERITIES
from chimera_dagster.steps.evidence import Evidence


class Severity(StrEnum):
    """The lowest severity to show."""

    warning = "warning"
    notice = "notice"
    info = "info"


def findings(
    reports: Reports = None,
    severity: Annotated[Severity, typer.Option(help="List findings of this severity or higher.")] = Severity.info,
    as_json: AsJson = False,
) -> None:
    """List failures, contradictions, rankings and effects that were found in a reports folder."""
    folder = read_folder(reports)
    evidence = Evidence(folder.files, folder.measurements)
    table = evidence.findings
    print_problems(evidence.problems)
    rows = table[table["severity"].isin(SEVERITIES[: SEVERITIES.index(severity) + 1])].to_dict("records")
    if as_json:
        print_json([row | {"values": json.loads(row["values"]), "sources": json.loads(row["sources"])} for row in rows])
        return
    entries = [(str(row["id"]), f"{row['severity']}, {row['detector']}, n={row['n']}: {row['text']}") for row in rows]
    print_entries(f"{len(rows)} findings", entries)
