"""`chimera findings`: what is wrong, what differs and what does not."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from chimera_dagster.cli.options import AsJson, Reports


class Severity(StrEnum):
    """The least severity to show."""

    warning = "warning"
    notice = "notice"
    info = "info"


def findings(
    reports: Reports = None,
    severity: Annotated[Severity, typer.Option(help="Show findings of this severity or above.")] = Severity.info,
    as_json: AsJson = False,
) -> None:
    """List what the detectors found in a folder of results: failures, contradictions, rankings, effects or none."""
    from chimera_dagster.cli.evidence import read_folder
    from chimera_dagster.cli.tables import print_json, print_table
    from chimera_dagster.evidence.findings import find_findings
    from chimera_dagster.schemas import SEVERITIES

    read = read_folder(reports)
    table = find_findings(read.files, read.measurements)
    shown = table[table["severity"].isin(SEVERITIES[: SEVERITIES.index(severity) + 1])]
    rows = shown.to_dict("records")
    if as_json:
        print_json([row | {"values": json.loads(row["values"]), "sources": json.loads(row["sources"])} for row in rows])
        return
    print_table(
        f"{len(rows)} findings",
        ("id", "severity", "detector", "n", "finding"),
        [[row["id"], row["severity"], row["detector"], str(row["n"]), row["text"]] for row in rows],
        numeric={"n"},
    )
