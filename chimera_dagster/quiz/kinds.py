"""The kinds of questions: each function yields all that it can ask of the material, in a random order.

A question is drafted with its right choice and a few more wrong ones than it needs; make.py picks and orders them.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from random import Random
from typing import NamedTuple, TypeVar

from chimera_dagster.evidence.measures import USED
from chimera_dagster.quiz.material import Material, Value, others_of, rendered
from chimera_dagster.quiz.question import Kind

_Item = TypeVar("_Item")
NOT_IN_THE_DATA = "The data do not say."
_APART = 0.05  # below it, a comparison is about rounding
_FACTORS = (1.25, 0.8, 1.6, 0.6, 10.0, 0.1)  # of the right value: plausible wrong ones if the data have none
# What few files measure, with the sizes from which wrong choices are drawn if no file does
_TYPICAL = {"gpu_mem_used_mib": (500.0, 24_000.0), "power_w": (20.0, 350.0)}
_WELL_KNOWN = ("llama3.1:8b", "mistral:7b", "phi4:14b", "gemma2:9b", "deepseek-r1:32b")


class Draft(NamedTuple):
    """A question without its letters; `wrong` has three choices or more, the more plausible ones first."""

    kind: Kind
    text: str
    right: str
    wrong: list[str]
    values: tuple[Value, ...] = ()


def look_up(data: Material, random: Random) -> Iterator[Draft]:
    """The value of one line of the sheet, among values of other lines."""
    for value in _shuffled(data.values, random):
        near = [other.fact.rendered for other in _shuffled(others_of(data.values, value), random)]
        wrong = _different(value.fact.rendered, [*near[:2], *_around(value.value, value.unit, random), *near[2:]])
        yield Draft("look up", f"What is the {value.name}?", value.fact.rendered, wrong, (value,))


def compare(data: Material, random: Random) -> Iterator[Draft]:
    """Which of two to four subjects has the most, or the least, of a quantity."""
    pairs = [(group, size) for group in data.groups for size in (4, 3, 2) if size <= len(group)]
    chosen = [each for group, size in pairs for each in _some(combinations(group, size), random)]
    for group in _shuffled(chosen, random):
        ordered = sorted(group, key=lambda value: value.value)
        end, first, second = random.choice([("lowest", *ordered[:2]), ("highest", *ordered[:-3:-1])])
        if abs(math.log(first.value / second.value)) < _APART:
            continue
        wrong = [other.subject for other in ordered if other is not first]
        if len(group) < 4:
            wrong += [NOT_IN_THE_DATA, "Both are equal." if len(group) == 2 else "All are equal."]
        text = f"Which of these has the {end} {first.quantity}?"
        yield Draft("compare", text, first.subject, wrong, tuple(group))


def ratio(data: Material, random: Random) -> Iterator[Draft]:
    """How many times one value another is."""
    pairs = [pair for group in data.groups for pair in combinations(group, 2)]
    for one, other in _shuffled(pairs, random):
        high, low = (one, other) if one.value > other.value else (other, one)
        times = high.value / low.value
        if not 1.2 <= times < 1_000:
            continue
        right = _times(times)
        near = [_times(each) for each in (times * 2, times / 2 + 0.5, times + 1, times * 1.35, times**2) if each > 1.05]
        text = f"The {high.name} is how many times the {high.quantity} of {low.subject}?"
        yield Draft("ratio", text, right, _different(right, near), (high, low))


def unit(data: Material, random: Random) -> Iterator[Draft]:
    """A value in another unit."""
    for value in _shuffled(data.values, random):
        converted = _converted(value)
        if converted is None:
            continue
        number, into, name = converted
        right = rendered(number, into)
        wrong = _different(right, [rendered(number * factor, into) for factor in (10.0, 0.1, 1_000.0, 100.0, 0.01)])
        yield Draft("unit", f"What is the {value.name}, {name}?", right, wrong, (value,))


def not_in_the_data(data: Material, random: Random) -> Iterator[Draft]:
    """What no file says: first what was measured of other models alone, then what of none, or of unknown models."""
    near: list[Draft] = []
    far: list[Draft] = []
    known = {model.partition(":")[0] for model, _ in data.measured}
    strangers = [model for model in _WELL_KNOWN if model.partition(":")[0] not in known]
    for quantity, values in _by_quantity(data).items():
        choices = [*(value.fact.rendered for value in values), *_around(values[0].value, values[0].unit, random)]
        absent = [model for model in data.models if (model, values[0].metric) not in data.measured]
        near += [_unknown(quantity, model, choices) for model in absent]
        far += [_unknown(quantity, model, choices) for model in random.sample(strangers, min(2, len(strangers)))]
    metrics = {metric for _, metric in data.measured}
    for measure in USED:
        if measure.metric in _TYPICAL and measure.metric not in metrics:
            low, high = map(math.log, _TYPICAL[measure.metric])
            for model in data.models:
                choices = [rendered(math.exp(random.uniform(low, high)), measure.unit) for _ in range(5)]
                far.append(_unknown(f"mean {measure.words}", model, choices))
    yield from (*_shuffled(near, random), *_shuffled(far, random))


def _unknown(quantity: str, model: str, choices: Sequence[str]) -> Draft:
    text = f"What is the {quantity} of {model}?"
    return Draft("not in the data", text, NOT_IN_THE_DATA, _different("", choices))


KINDS: tuple[Callable[[Material, Random], Iterator[Draft]], ...] = (look_up, compare, ratio, unit, not_in_the_data)


def _by_quantity(data: Material) -> dict[str, list[Value]]:
    found: dict[str, list[Value]] = {}
    for value in data.values:
        found.setdefault(value.quantity, []).append(value)
    return found


def _converted(value: Value) -> tuple[float, str, str] | None:
    """The value in another unit, that unit, and how it is asked for; None if it has none."""
    match value.unit:
        case "ms" if value.value >= 10:
            return value.value / 1e3, "s", "in seconds"
        case "tok/s" if value.metric == "decode_tok_s":
            return 1e3 / value.value, "ms", "as milliseconds per token"
        case "tok/s":
            return value.value * 60, "tok/min", "in tokens per minute"
        case "share":
            return value.value * 100, "%", "as a percentage"
        case "MiB":
            return value.value / 1_024, "GiB", "in GiB"
        case _:
            return None


def _around(value: float, unit: str, random: Random) -> list[str]:
    """Values near another one, as its unit renders them."""
    return [rendered(value * factor, unit) for factor in _shuffled(_FACTORS, random)]


def _different(right: str, choices: Sequence[str]) -> list[str]:
    return [text for text in dict.fromkeys(choices) if text != right]


def _shuffled(items: Sequence[_Item], random: Random) -> list[_Item]:
    return random.sample(list(items), len(items))


def _some(groups: Iterator[tuple[Value, ...]], random: Random, most: int = 12) -> list[tuple[Value, ...]]:
    every = list(groups)
    return random.sample(every, min(most, len(every)))


def _times(value: float) -> str:
    return f"{value:.1f} times" if value < 10 else f"{value:.0f} times"
