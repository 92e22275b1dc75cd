"""`chimera summary`: what a reports folder holds, as every trial report prints it, and its statistics."""

import math
from collections.abc import Hashable
from typing import Any

import typer

from chimera_dagster.cli.options import AsJson, Reports
from chimera_dagster.cli.reading import read_folder
from chimera_dagster.cli.tables import print_table
from chimera_dagster.evidence.figures import format_value, named_params
from chimera_dagster.evidence.summary import summarise, summary_block

_STATISTICS = ("mean", "median", "std", "min", "p05", "p95", "max")


def summary(reports: Reports = None, as_json: AsJson = False) -> None:
    """Show what a reports folder holds, with statistics; nothing is written."""
    folder = read_folder(reports)
    table = summarise(folder.measurements)
    if as_json:
        files = folder.files.to_json(orient="records", date_format="iso")
        typer.echo(f'{{"files": {files}, "statistics": {table.to_json(orient="records")}}}')
        return
    typer.echo(summary_block(folder.files) + "\n")
    known = table[table["model"].notna() & table["unit"].notna()]
    numeric = ("n", "failures", *_STATISTICS, "95 % interval of the mean")
    print_table(
        f"{len(known)} statistics of models' runs; --json shows all {len(table)}, with those of other records",
        ("model", "parameters", "metric", "unit", *numeric),
        [
            [
                row["model"],
                named_params(row["params"]),
                row["metric"],
                row["unit"],
                str(row["n"]),
                str(row["failures"]),
                *(_cell(row, name) for name in _STATISTICS),
                " to ".join(filter(None, (_cell(row, "mean_low"), _cell(row, "mean_high")))),
            ]
            for row in known.to_dict("records")
        ],
        numeric=set(numeric),
    )


def _cell(row: dict[Hashable, Any], name: str) -> str:
    return "" if math.isnan(row[name]) else format_value(row[name], "")
