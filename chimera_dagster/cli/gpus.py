"""`chimera gpus`: the lanes of this host, who holds which, and since when."""

import json
import os

from chimera_dagster.cli.options import AsJson
from chimera_dagster.cli.tables import print_table
from chimera_dagster.cli.terminal import write_json
from chimera_dagster.engines.ollama_host import server_url
from chimera_dagster.gpu.holder import Holder
from chimera_dagster.gpu.lanes import Lane, config_of, lanes
from chimera_dagster.gpu.leases import lane_states, leases_folder
from chimera_dagster.gpu.tickets import waiting
from chimera_dagster.settings import load_settings


def gpus(as_json: AsJson = False) -> None:
    """Show the lanes of this host, the trials that hold them, and the trials that wait."""
    settings = load_settings()
    folder = leases_folder(settings.leases_dir)
    found, queue = lane_states(lanes(config_of(settings)), folder), waiting(folder)
    if as_json:
        shown = [
            {
                **lane._asdict(),
                "endpoint": _endpoint(lane),
                "held": held,
                "holder": holder and holder._asdict(),
            }
            for lane, held, holder in found
        ]
        document = {"leases": str(folder), "lanes": shown, "waiting": [holder._asdict() for holder in queue]}
        write_json(json.dumps(document, indent=2))
        return
    rows = [
        [lane.name, lane.gpu or "-", _endpoint(lane), *_cells("held" if held else "free", holder)]
        for lane, held, holder in found
    ]
    rows += [["-", "-", "-", *_cells("waits", holder)] for holder in queue]
    columns = ("lane", "GPU", "Ollama", "state", "trial", "run", "pid", "since", "data folder")
    print_table(f"Lanes, by the leases in {folder}", columns, rows, numeric={"pid"})


def _endpoint(lane: Lane) -> str:
    return server_url(lane.endpoint or os.environ.get("OLLAMA_HOST"))


def _cells(state: str, holder: Holder | None) -> list[str]:
    if holder is None:
        return [state, "-", "-", "-", "-", "-"]
    run = holder.run_id[:8] or "-"
    return [state, holder.trial or "-", run, str(holder.pid), holder.since, holder.folder or "-"]
