"""How figures are written in sentences: rounded for reading. The exact value stays in the evidence."""

import math

_SECOND, _MINUTE, _HOUR = 1_000.0, 60_000.0, 3_600_000.0  # in ms
_LONGEST_IN_SECONDS = 120.0
_GIB = 1_024.0  # in MiB


def reading(value: float, unit: str) -> str:
    """`95 ms`, `2.3 s`, `48.5 tok/s`, `12 %`, `1,240`, `7.8 GiB`: two or three significant digits, whole counts.

    Times are given in ms, memory in MiB. A share (0.712) is written as a percentage, a score as it is.
    """
    match unit:
        case "ms":
            text = _time(value)
        case "MiB" if abs(value) >= _GIB:
            text = f"{_digits(value / _GIB)} GiB"
        case "share":
            text = f"{_digits(round(value * 100, 9))} %"  # 0.55 * 100 is not 55
        case "%":
            text = f"{_digits(value, 2)} %"
        case "score":
            text = _digits(value, 4)
        case "":
            text = f"{int(value):,}" if value == int(value) else _digits(value)
        case _:
            text = f"{_digits(value)} {unit}"
    return text


def range_text(low: float, high: float, unit: str) -> str:
    """`92 to 99 ms`, `990 ms to 1.2 s`: the unit once if both have the same."""
    first, last = reading(low, unit), reading(high, unit)
    value, _, of_first = first.partition(" ")
    return f"{value if of_first == last.partition(' ')[2] else first} to {last}"


def times(ratio: float) -> str:
    """`3.8` of `3.8 times as long`: two significant digits, and no more than one decimal."""
    return f"{ratio:,.0f}" if ratio >= 9.95 else f"{ratio:.1f}"


def _time(ms: float) -> str:
    if abs(ms) < 999.5:  # which reads as 1,000
        return f"{_digits(ms, 2 if abs(ms) < 100 else 3)} ms"
    if abs(ms) < _LONGEST_IN_SECONDS * _SECOND:
        return f"{_digits(ms / _SECOND, 2 if abs(ms) < 100 * _SECOND else 3)} s"
    if abs(ms) < _HOUR:
        return f"{_digits(ms / _MINUTE, 2)} min"
    return f"{_digits(ms / _HOUR, 2)} h"


def _digits(value: float, count: int = 3) -> str:
    """`count` significant digits at least, none behind the point that the number does not need."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.{count}g}")  # 0.996 has the digits of 1.0
    decimals = max(0, count - 1 - math.floor(math.log10(abs(rounded))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text and value == int(value) else text
