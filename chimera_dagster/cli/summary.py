"""`chimera summary`: what a reports folder holds, as every trial report prints it, and its statistics."""

import math
from collections.abc import Hashable, Iterator
from itertools import groupby
from typing import Any

from chimera_dagster.cli.options import AsJson, Reports
from chimera_dagster.cli.reading import read_folder
from chimera_dagster.cli.tables import print_problems
from chimera_dagster.cli.terminal import say, write_json
from chimera_dagster.evidence.figures import format_value, named_params
from chimera_dagster.evidence.setups import by_value, setup_of, setup_words
from chimera_dagster.evidence.summary import summary_block
from chimera_dagster.steps.evidence import Evidence

_ROW = "  {:<20} {:<6} {:>5} {:>6} {:>8} {:>18} {:>8}"


def summary(reports: Reports = None, as_json: AsJson = False) -> None:
    """Show what a reports folder holds, with statistics; nothing is written."""
    folder = read_folder(reports)
    evidence = Evidence(folder.files, folder.measurements)
    table = evidence.statistics
    print_problems(evidence.problems)
    if as_json:
        files = folder.files.to_json(orient="records", date_format="iso")
        write_json(f'{{"files": {files}, "statistics": {table.to_json(orient="records")}}}')
        return
    say(*summary_block(folder.files).split("\n"), "")
    known = table[table["unit"].notna()]
    say(
        f"{len(known)} statistics by model and conditions, with the 95 % interval of the mean.",
        f"--json shows all {len(table)}, and standard deviation, extremes and percentiles.",
    )
    say(_ROW.format("metric", "unit", "n", "failed", "mean", "interval", "median"))
    for what, rows in groupby(sorted(known.to_dict("records"), key=_order), key=_what):
        say(what, *_lines(rows))


def _order(row: dict[Hashable, Any]) -> tuple[object, ...]:
    """Measured before stated, by model and then by the values of the conditions, numbers as numbers."""
    named = isinstance(row["model"], str)
    setup = by_value(setup_of(row["backend"], row["gpu"], row["conditions"], row["params"]))
    return not named, row["model"] if named else row["file"], row["source"], setup, str(row["file"]), row["metric"]


def _what(row: dict[Hashable, Any]) -> str:
    """`alpha:7b at concurrency=8, num_ctx=1024`, and the file if it says more than the model does."""
    model = row["model"] if isinstance(row["model"], str) else "model not named"
    words = setup_words(setup_of(row["backend"], row["gpu"], row["conditions"]))
    named = ", ".join(filter(None, (words, named_params(row["params"]))))
    file = ""
    if row["source"] == "stated":
        file = f", as {row['file']} states it"
    elif isinstance(row["file"], str):
        file = f" ({row['file']})"
    return f"{model}{f' at {named}' if named else ''}{file}"


def _lines(rows: Iterator[dict[Hashable, Any]]) -> Iterator[str]:
    for row in rows:
        interval = " to ".join(filter(None, (_cell(row, "mean_low"), _cell(row, "mean_high"))))
        n = str(row["n"]) if row["n"] or row["source"] == "runs" else ""
        failed = str(row["failures"]) if row["failures"] else ""
        yield _ROW.format(
            row["metric"], row["unit"], n, failed, _cell(row, "mean"), interval, _cell(row, "median")
        ).rstrip()


def _cell(row: dict[Hashable, Any], name: str) -> str:
    return "" if math.isnan(row[name]) else format_value(row[name], "")
