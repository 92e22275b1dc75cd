"""`chimera report`: where a trial report is."""

from typing import Annotated

import typer

from chimera_dagster.cli.terminal import say
from chimera_dagster.errors import UnknownTrialError
from chimera_dagster.records.store import Store
from chimera_dagster.settings import load_settings


def report(
    model: Annotated[str, typer.Argument(help="Model tag, for example gemma3:270m.")],
    params: Annotated[str, typer.Argument(help="Key of the parameter set, for example c4k-t0.2-cec7.")],
) -> None:
    """Print the path of a trial report."""
    store = Store(load_settings().data_dir)
    plan = store.plan(model, params)
    path = store.folder_of(plan.trial).report
    if not path.exists():
        raise UnknownTrialError(f"The trial {plan.trial.key} has no report yet.", hint="Run 'chimera sweep'.")
    say(path)
