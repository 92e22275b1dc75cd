"""`chimera ui`: the Dagster UI with the sweep's partitions in it."""

from typing import Annotated

import typer


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the UI on 127.0.0.1.")] = 3000,
) -> None:
    """Open the Dagster UI; Ctrl-C ends it."""
    import os
    import sys

    from chimera_dagster.orchestration.home import open_instance
    from chimera_dagster.orchestration.orphans import fail_orphans
    from chimera_dagster.orchestration.partitions import register
    from chimera_dagster.records.store import Store
    from chimera_dagster.settings import load_settings
    from chimera_dagster.spec.sweep import load_spec

    settings = load_settings()
    with open_instance(settings) as instance:
        fail_orphans(instance)
        register(instance, Store(settings.data_dir), load_spec(settings.spec).plans())
    typer.echo(f"Dagster UI: http://127.0.0.1:{port}", err=True)
    superseded = "ignore:Function `dev_command` is superseded"  # by 'dg dev', which needs a package of its own
    command = [
        sys.executable,
        "-W",
        superseded,
        "-m",
        "dagster",
        "dev",
        "-m",
        "chimera_dagster.definitions",
        "-p",
        str(port),
    ]
    # Replaces this process, so that Ctrl-C reaches Dagster itself and no child of ours is left behind.
    os.execv(sys.executable, [*command, "-h", "127.0.0.1"])
