"""`chimera schema`: which fields sweep.yaml may have."""

import json

from chimera_dagster.cli.terminal import write_json
from chimera_dagster.spec.sweep import SweepSpec


def schema() -> None:
    """Print the JSON Schema of sweep.yaml."""
    write_json(json.dumps(SweepSpec.model_json_schema(), indent=2))
