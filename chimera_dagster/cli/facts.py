"""`chimera facts`: the statements that prompts and reports stand on."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from chimera_dagster.cli.options import AsJson, Reports

if TYPE_CHECKING:
    from chimera_dagster.evidence.fact import Fact


def facts(
    reports: Reports = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the most important first.")] = 40,
    budget: Annotated[int | None, typer.Option(min=0, help="Only those that fit so many tokens of a prompt.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what code can prove about a folder of results, each statement with its sources."""
    from chimera_dagster.cli.evidence import read_folder
    from chimera_dagster.cli.tables import print_json, print_table
    from chimera_dagster.evidence.fact import load_facts
    from chimera_dagster.evidence.fact_table import find_facts
    from chimera_dagster.evidence.summary import summarise
    from chimera_dagster.write.prompt import estimate_tokens

    read = read_folder(reports)
    found = load_facts(find_facts(read.files, summarise(read.measurements), read.measurements, limit))
    shown = found if budget is None else within_budget(found, budget, estimate_tokens)
    if as_json:
        print_json([fact._asdict() for fact in shown])
        return
    rows = [[fact.id, fact.statement, str(fact.n), f"{fact.file}, {fact.record}"] for fact in shown]
    columns = ("id", "statement", "n", "first source")
    print_table(f"{len(shown)} of {len(found)} facts", columns, rows, numeric={"n"})


def within_budget(facts: "Sequence[Fact]", budget: int, count_tokens: Callable[[str], int]) -> "Sequence[Fact]":
    """The first facts whose lines (`Fact.line`) are at most `budget` tokens together; none for a budget of 0.

    A fact that doesn't fit ends the list, so that no less important one takes its place.
    """
    left = budget
    for number, fact in enumerate(facts):
        left -= count_tokens(f"{fact.line}\n")
        if left < 0:
            return facts[:number]
    return facts
