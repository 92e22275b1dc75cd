"""A fact as the writer and the report see it: one row of the facts table, its figure rendered by code."""

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from chimera_dagster.evidence.figures import format_value


class Fact(NamedTuple):
    """`rendered` is the value with its unit, the only form in which a figure reaches a reader."""

    id: str
    text: str
    rendered: str
    n: int
    file: str
    record: str


def load_facts(table: pd.DataFrame) -> list[Fact]:
    """Facts of a `schemas.Facts` table, in its order."""
    return [
        Fact(row["id"], row["text"], format_value(row["value"], row["unit"]), row["n"], row["file"], row["record"])
        for row in table.to_dict("records")
    ]


def names_in(facts: Iterable[Fact]) -> frozenset[str]:
    """Words of the facts' texts, such as model tags: a text may repeat them, digits or not."""
    return frozenset(word.strip(".,:;()") for fact in facts for word in fact.text.split())
