"""`chimera metrics`: what trials measured, computed again from what they recorded."""

import json
from typing import Annotated

import typer

from chimera_dagster.cli.options import AsJson

app = typer.Typer(no_args_is_help=True, help="Check what trials measured.")


@app.callback()
def metrics() -> None:
    """Check what trials measured."""


@app.command()
def recompute(
    as_json: AsJson = False,
    write: Annotated[bool, typer.Option("--write", help="Store what was computed in place of what differs.")] = False,
) -> None:
    """Compute every trial's metrics again from its ledgers and samples; exits with 1 where a stored figure differs."""
    from chimera_dagster.cli.tables import print_table
    from chimera_dagster.records.store import Store
    from chimera_dagster.settings import load_settings
    from chimera_dagster.steps.recompute import recompute

    store = Store(load_settings().data_dir)
    done = [plan for plan in store.plans() if store.folder_of(plan.trial).metrics.exists()]
    checked = {plan.trial.key: recompute(store, plan, write=write) for plan in done}
    if as_json:
        document = [
            {"trial": key, "figures": count, "differences": [each._asdict() for each in found]}
            for key, (count, found) in checked.items()
        ]
        typer.echo(json.dumps(document, indent=2))
    else:
        rows = [
            [key, str(count), ", ".join(f"{each.name}: {each.stored} is {each.computed}" for each in found) or "equal"]
            for key, (count, found) in checked.items()
        ]
        print_table("Metrics computed again", ["trial", "figures", "result"], rows, numeric={"figures"})
    if any(found for _, found in checked.values()):
        raise typer.Exit(1)
