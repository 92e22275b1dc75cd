"""`chimera schema`: which fields sweep.yaml may have."""

import json

import typer

from chimera_dagster.spec.sweep import SweepSpec


def schema() -> None:
    """Print the JSON Schema of sweep.yaml."""
    typer.echo(json.dumps(SweepSpec.model_json_schema(), indent=2))
