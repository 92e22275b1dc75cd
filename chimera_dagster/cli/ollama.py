"""`chimera ollama up`: an Ollama server for each GPU."""

import json

import typer

from chimera_dagster.cli.options import AsJson
from chimera_dagster.cli.tables import print_table
from chimera_dagster.cli.terminal import write_json
from chimera_dagster.gpu.lanes import config_of, lanes
from chimera_dagster.gpu.leases import leases_folder
from chimera_dagster.gpu.servers import start_servers
from chimera_dagster.settings import load_settings

ollama = typer.Typer(no_args_is_help=True, add_completion=False)


@ollama.callback()
def run_servers() -> None:
    """Run an Ollama server on each GPU of this host."""


@ollama.command()
def up(as_json: AsJson = False) -> None:
    """Start one Ollama server per GPU, each of which sees only that GPU; servers that already run are left alone."""
    settings = load_settings()
    servers = start_servers(lanes(config_of(settings)), leases_folder(settings.leases_dir))
    if as_json:
        write_json(json.dumps([server._asdict() for server in servers], indent=2, default=str))
        return
    rows = [[str(cell or "-") for cell in server] for server in servers]
    columns = ("GPU", "endpoint", "state", "pid", "log")
    print_table("Ollama servers; stop one with: kill PID", columns, rows, numeric={"pid"})
