"""`chimera gpus`: the lanes of this host, and who holds what since when."""

from typing import TYPE_CHECKING

import typer

from chimera_dagster.cli.options import AsJson

if TYPE_CHECKING:
    from chimera_dagster.gpu.leases import Holder


def gpus(as_json: AsJson = False) -> None:
    """Show the lanes of this host, the trial that measures on each, and the trials that wait for one."""
    import json
    import os

    from chimera_dagster.cli.tables import print_table
    from chimera_dagster.engines.ollama_host import server_url
    from chimera_dagster.gpu.lanes import config_of, lanes
    from chimera_dagster.gpu.leases import leases_folder, standings, waiting
    from chimera_dagster.settings import load_settings

    settings = load_settings()
    folder = leases_folder(settings.leases_dir)
    found, queue = standings(lanes(config_of(settings)), folder), waiting(folder)
    if as_json:
        shown = [
            {
                **each.lane._asdict(),
                "endpoint": server_url(each.lane.endpoint or os.environ.get("OLLAMA_HOST")),
                "held": each.held,
                "holder": each.holder and each.holder._asdict(),
            }
            for each in found
        ]
        typer.echo(
            json.dumps({"leases": str(folder), "lanes": shown, "waiting": [who._asdict() for who in queue]}, indent=2)
        )
        return
    rows = [
        [
            each.lane.name,
            each.lane.gpu or "-",
            server_url(each.lane.endpoint or os.environ.get("OLLAMA_HOST")),
            *(
                ["held" if each.held else "free", "-", "-", "-", "-"]
                if each.holder is None
                else _row("held", each.holder)
            ),
        ]
        for each in found
    ]
    rows += [["-", "-", "-", *_row("waits", who)] for who in queue]
    columns = ("lane", "GPU", "Ollama", "state", "trial", "run", "pid", "since")
    print_table(f"Lanes, by the leases in {folder}", columns, rows, numeric={"pid"})


def _row(state: str, who: "Holder") -> list[str]:
    return [state, who.trial or "-", who.run_id[:8] or "-", str(who.pid), who.since]
