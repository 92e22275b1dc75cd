"""A fact as prompts and reports show it: one row of the facts table, its figures rendered by code."""

import json
from collections.abc import Hashable
from typing import Any, NamedTuple

import pandas as pd

from chimera_dagster.evidence.figures import format_value, render_statement


class Fact(NamedTuple):
    """`rendered` is the value with its unit, the only form in which a figure reaches a reader.

    `statement` is the text with that value and what else is known about it, such as its interval. `sources` are the
    files and records that it is computed from, at most 100 of `n`; `file` and `record` are the first of them.
    """

    id: str
    text: str
    rendered: str
    n: int
    file: str
    record: str
    statement: str
    sources: tuple[tuple[str, str], ...]

    @property
    def line(self) -> str:
        """The fact as a prompt lists it, under the id by which it is cited."""
        return f"{{{self.id}}} {self.statement}"


def load_facts(table: pd.DataFrame) -> list[Fact]:
    """Facts of a `schemas.Facts` table, in its order."""
    return [_fact(row) for row in table.to_dict("records")]


def _fact(row: dict[Hashable, Any]) -> Fact:
    unit, sources = row["unit"], tuple((file, record) for file, record in json.loads(row["sources"]))
    return Fact(
        row["id"],
        row["text"],
        format_value(row["value"], unit),
        row["n"],
        *sources[0],
        render_statement(row["template"], json.loads(row["values"]), unit),
        sources,
    )
