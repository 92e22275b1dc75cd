"""`chimera summary`: what a folder of results holds, as every report prints it, and its statistics."""

import math
from collections.abc import Hashable
from typing import Any

import typer

from chimera_dagster.cli.options import AsJson, Reports


def summary(reports: Reports = None, as_json: AsJson = False) -> None:
    """Say what a folder of results holds, and sum its runs up, without writing anything."""
    from chimera_dagster.cli.evidence import read_folder
    from chimera_dagster.cli.tables import print_table
    from chimera_dagster.evidence.figures import format_value, named_params
    from chimera_dagster.evidence.summary import summarise, summary_block

    read = read_folder(reports)
    table = summarise(read.measurements)
    if as_json:
        files = read.files.to_json(orient="records", date_format="iso")
        typer.echo(f'{{"files": {files}, "statistics": {table.to_json(orient="records")}}}')
        return
    typer.echo(summary_block(read.files) + "\n")

    def shown(row: dict[Hashable, Any], name: str) -> str:
        return "" if math.isnan(row[name]) else format_value(row[name], "")

    known = table[table["model"].notna() & table["unit"].notna()]
    names = ("mean", "median", "std", "min", "p05", "p95", "max")
    numeric = ("n", "failures", *names, "95 % interval of the mean")
    print_table(
        f"{len(known)} statistics of the runs of models, {len(table)} with those of other records (--json)",
        ("model", "parameters", "metric", "unit", *numeric),
        [
            [
                row["model"],
                named_params(row["params"]),
                row["metric"],
                row["unit"],
                str(row["n"]),
                str(row["failures"]),
                *(shown(row, name) for name in names),
                " to ".join(filter(None, (shown(row, "mean_low"), shown(row, "mean_high")))),
            ]
            for row in known.to_dict("records")
        ],
        numeric=set(numeric),
    )
