"""The scale of a chart's axis: where a value lies on it, and its ticks at round numbers."""

import math
from collections.abc import Iterable
from typing import NamedTuple


class Scale(NamedTuple):
    """Values from `low` to `high` on an axis, with ticks at round numbers."""

    low: float
    high: float
    ticks: tuple[float, ...]
    is_log: bool = False

    def at(self, value: float) -> float:
        """Where `value` lies: 0 at the low end, 1 at the high end."""
        if self.is_log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def tick_texts(self) -> list[str]:
        """The labels of the ticks, all with as many decimals as the finest tick needs."""
        if self.is_log:
            return [f"{tick:,.0f}" if tick >= 1 else f"{tick:g}" for tick in self.ticks]
        decimals = max(_decimals(tick) for tick in self.ticks)
        return [f"{tick:,.{decimals}f}" for tick in self.ticks]


def linear(values: Iterable[float], count: int = 5, zero: bool = False, tight: bool = False) -> Scale:
    """A scale of about `count` steps around `values`, from 0 if `zero` is set or that takes no more than half of it.

    A `tight` scale ends at the last value and not at a tick. Raises ValueError if there is no value or one that is not
    finite.
    """
    low, high = _range(values)
    if zero or 0 <= low <= high / 2:
        low = min(low, 0.0)
    if high <= low:
        low, high = (low, low + 1) if low == 0 else (low - abs(low) / 10, high + abs(high) / 10)
    step = _round_up((high - low) / count)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(number * step, 12) for number in range(first, last + 1))
    if tight:
        return Scale(ticks[0], high, tuple(tick for tick in ticks if tick <= high))
    return Scale(ticks[0], ticks[-1], ticks)


def logarithmic(values: Iterable[float]) -> Scale:
    """A logarithmic scale around positive `values`, with ticks at 1, 2 and 5 or, over a wide range, at powers of ten.

    Raises ValueError if there is no value, or one that is not finite and positive.
    """
    low, high = _range(values)
    if low <= 0:
        raise ValueError(f"A logarithmic axis can't show {low}.")
    first, last = math.floor(math.log10(low)), math.floor(math.log10(high)) + 1
    fine = [factor * 10.0**power for power in range(first, last + 1) for factor in (1, 2, 5)]
    begin = max(tick for tick in fine if tick <= low * (1 + 1e-9))
    end = min(tick for tick in fine if tick >= high * (1 - 1e-9) and tick > begin)
    if end / begin <= 50:
        return Scale(begin, end, tuple(tick for tick in fine if begin <= tick <= end), is_log=True)
    last = math.ceil(math.log10(high))
    ticks = tuple(10.0**power for power in range(first, last + 1, math.ceil((last - first) / 5)))
    return Scale(10.0**first, 10.0**last, ticks, is_log=True)


def _range(values: Iterable[float]) -> tuple[float, float]:
    found = list(values)
    if not found or not all(map(math.isfinite, found)):
        raise ValueError("An axis needs at least one value, and finite ones only.")
    return min(found), max(found)


def _round_up(step: float) -> float:
    """The next higher of 1, 2, 2.5, 5 and 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= step * (1 - 1e-9))


def _decimals(value: float) -> int:
    digits = f"{value:.10f}".rstrip("0")
    return len(digits) - digits.index(".") - 1
