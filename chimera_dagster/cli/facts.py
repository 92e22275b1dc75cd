"""`chimera facts`: the statements that prompts and reports stand on."""

from typing import Annotated

import typer

from chimera_dagster.cli.options import AsJson, Reports


def facts(
    reports: Reports = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the most important first.")] = 40,
    budget: Annotated[int | None, typer.Option(min=0, help="Only those that fit so many tokens of a prompt.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what code can prove about a folder of results, each statement with its sources."""
    from chimera_dagster.cli.evidence import read_folder
    from chimera_dagster.cli.tables import print_json, print_table
    from chimera_dagster.evidence.facts import find_facts
    from chimera_dagster.evidence.summary import summarise
    from chimera_dagster.write.facts import load_facts
    from chimera_dagster.write.prompt import within_budget

    read = read_folder(reports)
    found = load_facts(find_facts(read.files, summarise(read.measurements), read.measurements, limit))
    shown = found if budget is None else within_budget(found, budget)
    if as_json:
        print_json([fact._asdict() for fact in shown])
        return
    rows = [[fact.id, fact.statement, str(fact.n), f"{fact.file}, {fact.record}"] for fact in shown]
    columns = ("id", "statement", "n", "first source")
    print_table(f"{len(shown)} of {len(found)} facts", columns, rows, numeric={"n"})
