"""`chimera sql`: queries over all tables of the data folder."""

import re
import sys
from typing import Annotated

import typer

from chimera_dagster.cli.options import AsJson
from chimera_dagster.cli.tables import print_json, print_table
from chimera_dagster.cli.terminal import say, write_csv
from chimera_dagster.errors import InputError
from chimera_dagster.records.sql import Database, text_of
from chimera_dagster.records.store import Store
from chimera_dagster.settings import load_settings

_MAX_ROWS = 100  # of a table that is printed for people
_NUMBER = re.compile(r"[A-Z]*INT|U?INTEGER|DOUBLE|FLOAT|DECIMAL.*")


def sql(
    query: Annotated[
        str | None, typer.Argument(help="For example 'select stage, avg(ttft_ms) from calls group by 1'.")
    ] = None,
    as_json: AsJson = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV instead of a table; a text that could be a formula begins with '.")
    ] = False,
) -> None:
    """Query all tables with read-only SQL.

    Without a query, lists the tables and their columns.
    """
    if as_json and as_csv:
        raise InputError("--json and --csv can't be used together.")
    with Database(Store(load_settings().data_dir)) as database:
        for error in database.left_out:
            say(f"left out: {error}", err=True)
        _print(database, query, as_json, as_csv)


def _print(database: Database, query: str | None, as_json: bool, as_csv: bool) -> None:
    answer = database.ask(query) if query is not None else database.listing()
    types = answer.types
    if as_json:
        print_json(dict(zip(types, row, strict=True)) for row in answer.rows())
    elif as_csv:
        write_csv(types, ([*map(text_of, row)] for row in answer.rows()))
    else:
        rows, total = answer.head(_MAX_ROWS if query is not None else sys.maxsize)
        shown = [[*map(text_of, row)] for row in rows]
        # without a title: it is wrapped to the width of its table, which may be a single number
        print_table("", [*types], shown, numeric={name for name, kind in types.items() if _NUMBER.fullmatch(kind)})
        if total > len(shown):
            say(f"The first {len(shown)} of {total} rows; --csv and --json print all.", err=True)
    if query is None:
        for name, command in database.missing.items():
            say(f"No table yet: {name}; '{command}' writes it.", err=True)
