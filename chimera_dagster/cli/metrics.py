"""`chimera metrics`: what trials measured, computed again from what they recorded."""

import json
from typing import Annotated

import typer

from chimera_dagster.cli.options import AsJson
from chimera_dagster.cli.tables import print_table
from chimera_dagster.cli.terminal import write_json
from chimera_dagster.errors import DamagedFileError, UnknownTrialError
from chimera_dagster.records.store import Store
from chimera_dagster.settings import load_settings
from chimera_dagster.steps.recompute import Difference, recompute

metrics = typer.Typer(no_args_is_help=True, add_completion=False)


@metrics.callback()
def check_metrics() -> None:
    """Recompute metrics and verdicts from recorded calls."""


@metrics.command("recompute")
def recompute_all(
    as_json: AsJson = False,
    write: Annotated[bool, typer.Option("--write", help="Replace the stored figures that differ.")] = False,
) -> None:
    """Compute the metrics of every trial again from its recorded calls and samples.

    Exits with 1 if a stored figure differs, or a trial's files can't be trusted.
    """
    store = Store(load_settings().data_dir)
    checked: dict[str, tuple[int, list[Difference]]] = {}
    problems = {str(path): error for path, error in store.damaged_plans(with_specs=True).items()}
    for plan in store.plans():
        try:
            checked[plan.trial.key] = recompute(store, plan, write=write)
        except DamagedFileError as error:
            problems[plan.trial.key] = error
        except UnknownTrialError:
            pass  # it has not run
    if as_json:
        document = [
            {"trial": key, "figures": count, "differences": [difference._asdict() for difference in found]}
            for key, (count, found) in checked.items()
        ]
        found = [*document, *({"trial": key, "problem": str(problems[key])} for key in problems)]
        write_json(json.dumps(found, indent=2))
    else:
        rows: list[list[str]] = []
        for key, (count, found) in checked.items():
            differences = ", ".join(
                f"{name}: stored {stored}, recomputed {computed}" for name, stored, computed in found
            )
            rows.append([key, str(count), differences or "equal"])
        rows += [[key, "-", str(error)] for key, error in problems.items()]
        print_table("Metrics computed again", ["trial", "figures", "result"], rows, numeric={"figures"})
    if problems or any(found for _, found in checked.values()):
        raise typer.Exit(1)
