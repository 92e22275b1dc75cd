"""`chimera env`: what every trial records about the machine and the software, and the engines' versions."""

import json

from chimera_dagster.cli.options import AsJson
from chimera_dagster.cli.tables import print_table
from chimera_dagster.cli.terminal import write_json
from chimera_dagster.engines.registry import Engines
from chimera_dagster.measure.environment import capture


def env(as_json: AsJson = False) -> None:
    """Show the environment that is recorded with every trial, and which engines answer."""
    engines = Engines()
    found, states = capture(), engines.survey()
    engines.close()
    if as_json:
        shown = {"environment": found.model_dump(), "engines": [state._asdict() for state in states]}
        write_json(json.dumps(shown, indent=2))
        return
    rows: list[list[str]] = []
    for name, value in found:
        if isinstance(value, dict):
            rows += [[f"{name}.{key}", str(entry)] for key, entry in value.items()]  # pyright: ignore[reportUnknownVariableType]
        elif name == "gpus":
            rows += [
                [f"gpu.{gpu.uuid}", ", ".join(f"{key} {_shown(entry)}" for key, entry in gpu)] for gpu in found.gpus
            ]
        else:
            rows.append([name, _shown(value)])
    rows += [[f"engine.{state.name}", state.detail if state.answers else f"- {state.detail}"] for state in states]
    print_table("Environment", ("name", "value"), rows, numeric=set())


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if isinstance(value, float) else str(value)
