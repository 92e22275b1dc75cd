"""`chimera ui`: the Dagster UI with the sweep's partitions in it."""

import os
import sys
from typing import Annotated

import typer

from chimera_dagster.cli.terminal import say
from chimera_dagster.records.store import Store
from chimera_dagster.settings import load_settings
from chimera_dagster.spec.sweep import load_spec

_DEV = ("-m", "chimera_dagster.orchestration.dev", "-m", "chimera_dagster.definitions", "-h", "127.0.0.1", "-p")
_SUPERSEDED = "ignore:Function `dev_command` is superseded"  # by 'dg dev', which needs a package of its own


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the UI on 127.0.0.1.")] = 3000,
) -> None:
    """Start the Dagster UI.

    Ctrl-C stops it.
    """
    # Dagster takes seconds to import.
    from chimera_dagster.orchestration.home import open_instance
    from chimera_dagster.orchestration.lost_runs import fail_lost_runs
    from chimera_dagster.orchestration.partitions import register

    settings = load_settings()
    with open_instance(settings) as instance:
        fail_lost_runs(instance)
        register(instance, Store(settings.data_dir), load_spec(settings.spec).plans())
    say(f"Dagster UI: http://127.0.0.1:{port}", err=True)
    # Replaces this process, so that Ctrl-C reaches Dagster itself and leaves no child of ours behind.
    os.execv(sys.executable, [sys.executable, "-W", _SUPERSEDED, *_DEV, str(port)])
