"""How figures are written: the one place that turns a value into text."""

import json
from collections.abc import Mapping

COUNTS = ("n", "of", "known", "models")  # names of a statement's values that count something, whatever its unit


def format_value(value: float, unit: str) -> str:
    """`57.2 tok/s`, `2656 ms`, `68`, a share as `0.71`: at least three significant digits, counts whole."""
    if value == int(value) and abs(value) < 1e15:
        digits = str(int(value))
    elif abs(value) >= 100:
        digits = f"{value:.0f}"
    else:
        digits = f"{value:.3g}"
    return digits if unit in ("share", "score") else f"{digits} {unit}".strip()


def render_statement(template: str, values: Mapping[str, float], unit: str) -> str:
    """The template of schemas.Facts with its figures filled in. Raises KeyError if `values` lacks a name."""
    return template.format_map(
        {name: format_value(value, "" if name in COUNTS else unit) for name, value in values.items()}
    )


def named_params(params: str) -> str:
    """`{"num_ctx":1024}` as `num_ctx=1024`; empty if there are none."""
    return ", ".join(
        # without the digits that only the 32 bits of its file give it
        f"{name}={float(f'{value:.7g}') if isinstance(value, float) else value}"
        for name, value in json.loads(params).items()
    )
