"""`chimera facts`: the statements that prompts and trial reports are based on."""

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from chimera_dagster.cli.options import AsJson, Reports
from chimera_dagster.cli.reading import read_folder
from chimera_dagster.cli.tables import print_entries, print_json, print_problems
from chimera_dagster.evidence.fact import Fact, load_facts
from chimera_dagster.steps.evidence import Evidence
from chimera_dagster.write.prompt import estimate_tokens


def facts(
    reports: Reports = None,
    limit: Annotated[int, typer.Option(min=1, help="List at most this many, the most important first.")] = 40,
    budget: Annotated[
        int | None, typer.Option(min=0, help="List only the facts that fit into this many prompt tokens.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what code can prove about a reports folder, each statement with its sources."""
    folder = read_folder(reports)
    evidence = Evidence(folder.files, folder.measurements, limit)
    found = load_facts(evidence.facts)
    print_problems(evidence.problems)
    shown = found if budget is None else within_budget(found, budget, estimate_tokens)
    if as_json:
        print_json([fact._asdict() for fact in shown])
        return
    entries = [(fact.id, f"{fact.statement} [{fact.file}, {fact.record}]") for fact in shown]
    print_entries(f"{len(shown)} of {len(found)} facts, each with its first source", entries)


def within_budget(facts: Sequence[Fact], budget: int, count_tokens: Callable[[str], int]) -> Sequence[Fact]:
    """The first facts whose lines (`Fact.line`) are at most `budget` tokens together; none for a budget of 0.

    A fact that does not fit ends the list, so that no less important fact takes its place.
    """
    left = budget
    for number, fact in enumerate(facts):
        left -= count_tokens(f"{fact.line}\n")
        if left < 0:
            return facts[:number]
    return facts
