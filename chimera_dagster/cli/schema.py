"""`chimera schema`: what may stand in sweep.yaml."""

import json

import typer


def schema() -> None:
    """Print the JSON Schema of sweep.yaml."""
    from chimera_dagster.spec.sweep import SweepSpec

    typer.echo(json.dumps(SweepSpec.model_json_schema(), indent=2))
