"""`chimera ollama up`: an Ollama server for each GPU."""

import json

import typer

from chimera_dagster.cli.options import AsJson

app = typer.Typer(no_args_is_help=True, help="Ollama servers of this host.")


@app.callback()
def ollama() -> None: ...


@app.command()
def up(as_json: AsJson = False) -> None:
    """Start one Ollama server per GPU, each seeing that GPU alone; those that run already are left as they are."""
    from chimera_dagster.cli.tables import print_table
    from chimera_dagster.gpu.lanes import config_of, lanes
    from chimera_dagster.gpu.leases import leases_folder
    from chimera_dagster.gpu.servers import start_servers
    from chimera_dagster.settings import load_settings

    settings = load_settings()
    servers = start_servers(lanes(config_of(settings)), leases_folder(settings.leases_dir))
    if as_json:
        typer.echo(json.dumps([each._asdict() for each in servers], indent=2, default=str))
        return
    rows = [
        [each.gpu or "-", each.endpoint, each.state, str(each.pid or "-"), str(each.log or "-")] for each in servers
    ]
    print_table("Ollama servers; end one with: kill PID", ("GPU", "endpoint", "", "pid", "log"), rows, numeric={"pid"})
