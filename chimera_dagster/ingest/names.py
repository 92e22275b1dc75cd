"""How names are spelled: their normal form, by which the vocabulary lists them, and their parts.

A name says its unit and its aggregate in brackets or at its ends; what the rest of it means is not looked up here.
"""

import re

from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.spelling import BRACKETS, aggregate_in, plain_name, without_aggregate
from chimera_dagster.ingest.units import is_unit, without_unit
from chimera_dagster.ingest.vocabulary import vocabulary

_PERCENTILES = frozenset({"percentile", "percentiles"})
_SHORTEST = ("min",)  # the least of all, unless the name is that of a long time: `Latency (min)`, `Duration (min)`
_LONG_TIME = re.compile(r"duration|total|elapsed|runtime|wall", re.IGNORECASE)
_PER_GPU = re.compile(r"(?<=_s)_gpu$|(?<=_sec)_gpu$")  # tok/s/GPU


@remembered(maxsize=10_000)
def normal(name: str) -> tuple[str, str | None]:
    """`name` in lower case with underscores, and the unit that stands in its brackets, if one does.

    What else stands in brackets is a remark, unless all of it are words of the vocabulary: `TTFT (p95, ms)`.
    """
    text, unit = name.strip(" *`"), None
    if "(" in text or "[" in text:
        is_long = _LONG_TIME.search(text) is not None
        units = [inside.strip().lower() for inside in BRACKETS.findall(text) if is_unit(inside)]
        unit = next((each for each in units if is_long or each not in _SHORTEST), None)
        text = BRACKETS.sub(lambda found: f" {found[1]} " if _says(found[1], is_long=is_long) else " ", text)
    text = re.sub(r"(?<=[A-Za-z])\+(?=$|\s)", " plus", text)  # HumanEval+ is another benchmark
    return plain_name(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text)), unit


@remembered(maxsize=10_000)
def stem(name: str) -> str:
    """A name without the words that say its unit or its aggregate; for a path, that of the whole path."""
    plain = without_aggregate(normal(name)[0])[0]
    words = without_aggregate(without_unit(plain)[0])[0].split("_")
    return "_".join(word for word in words if word not in _PERCENTILES)


@remembered(maxsize=10_000)
def stem_of(name: str) -> str:
    """A name without its unit, as the vocabulary lists it."""
    return without_unit(normal(name)[0])[0]


def is_aggregate(name: str) -> bool:
    """Whether a name such as `p50` or `mean` only says how a number was made."""
    return aggregate_of(name) is not None


@remembered(maxsize=10_000)
def aggregate_of(name: str) -> str | None:
    """The aggregate that a name such as `p50` or `avg` says, if it says nothing else."""
    stem, aggregate = without_aggregate(normal(name)[0])
    return None if stem else aggregate


def _says(remark: str, *, is_long: bool) -> bool:
    """Whether a remark in brackets is part of the name, which may be that of a long time."""
    if remark.strip().lower() in _SHORTEST:
        return not is_long
    words = _PER_GPU.sub("", plain_name(remark)).split("_")
    return (
        not is_unit(remark)
        and remark.strip() != "1"  # of a footnote
        and all(word in _words() or word.isdigit() or aggregate_in(word) for word in words)
    )


@remembered()
def _words() -> frozenset[str]:
    """Words that a unit, or the kind of a rate or a duration has."""
    words = frozenset[str]().union(*vocabulary().units.values())
    return words | {"decode", "prefill", "generation", "prompt", "output", "out", "input", "total", "eval", "median"}
