"""How a figure is written: the one place that turns a value into text."""

import json
from collections.abc import Mapping

COUNTS = ("n", "of")  # names of a statement's values that count something, whatever its unit


def format_value(value: float, unit: str) -> str:
    """`57.2 tok/s`, `2656 ms`, `68`: at least three significant digits, counts whole."""
    if value == int(value) and abs(value) < 1e15:
        digits = str(int(value))
    elif abs(value) >= 100:
        digits = f"{value:.0f}"
    else:
        digits = f"{value:.3g}"
    return f"{digits} {unit}".strip()


def render_statement(template: str, values: Mapping[str, float], unit: str) -> str:
    """The template of schemas.Facts with its figures put in. Raises KeyError where a value that it names is missing."""
    return template.format_map(
        {name: format_value(value, "" if name in COUNTS else unit) for name, value in values.items()}
    )


def named_params(params: str) -> str:
    """`{"num_ctx":1024}` as `num_ctx=1024`; empty where there are none."""
    return ", ".join(f"{name}={value}" for name, value in json.loads(params).items())


def printable(text: str) -> str:
    """`text` with its control characters spelled out: a file's name may hold line ends and terminal commands."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
