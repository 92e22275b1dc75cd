"""How a figure is written: the one place that turns a value into text."""


def format_value(value: float, unit: str) -> str:
    """`57.2 tok/s`, `2656 ms`, `68`: at least three significant digits, counts whole."""
    if value == int(value) and abs(value) < 1e15:
        digits = str(int(value))
    elif abs(value) >= 100:
        digits = f"{value:.0f}"
    else:
        digits = f"{value:.3g}"
    return f"{digits} {unit}".strip()
