"""The metrics that models and parameter sets are compared by."""

from typing import NamedTuple

from chimera_dagster.schemas import DECODE, TTFT

LEVEL = 0.05  # a corrected p-value below it tells two of them apart


class Measure(NamedTuple):
    """`best` says which end of a metric is good; multiplied by `sign`, that end is the smallest."""

    metric: str
    unit: str
    words: str
    best: str
    sign: int


MEASURES = (
    Measure(DECODE, "tok/s", "decode throughput", "highest", -1),
    Measure(TTFT, "ms", "time to first token", "lowest", 1),
)
