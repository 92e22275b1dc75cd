"""The goals of a sweep: how much each metric counts, and which limits a configuration must keep."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

# What trials are compared by, in the order of every table; docs/metrics.md defines each.
MetricName = Literal[
    "throughput_tok_s",
    "ttft_ms",
    "tpot_ms",
    "total_ms",
    "joules_per_token",
    "peak_memory_mib",
    "error_rate",
    "quality",
    "accuracy",
]
METRIC_NAMES: tuple[MetricName, ...] = get_args(MetricName)
_LIMIT = re.compile(r"\s*(?P<metric>\w+)\s*(?P<relation><=|>=)\s*(?P<value>[-+0-9.eE]+)\s*")


class Limit(NamedTuple):
    """`metric <= value`, or `metric >= value` if `at_least`; in the metric's own unit."""

    metric: MetricName
    at_least: bool
    value: float

    def __str__(self) -> str:
        return f"{self.metric} {'>=' if self.at_least else '<='} {self.value:g}"

    def keeps(self, value: float) -> bool:
        return value >= self.value if self.at_least else value <= self.value


def parse_limit(text: str) -> Limit:
    """`ttft_ms <= 500` as a Limit. Raises ValueError with a message for the user."""
    found = _LIMIT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a limit; write it like 'ttft_ms <= 500' or 'quality >= 0.8'")
    if found["metric"] not in METRIC_NAMES:
        raise ValueError(f"{found['metric']!r} is not a metric of a trial; the metrics are {', '.join(METRIC_NAMES)}")
    try:
        value = float(found["value"])
    except ValueError:
        raise ValueError(f"{found['value']!r} in {text!r} is not a number") from None
    if not abs(value) < float("inf"):
        raise ValueError(f"the limit in {text!r} is not finite")
    metric: MetricName = found["metric"]  # pyright: ignore[reportAssignmentType] - it was looked up above
    return Limit(metric, found["relation"] == ">=", value)


def _check_limit(text: str) -> str:
    return str(parse_limit(text))


LimitText = Annotated[str, AfterValidator(_check_limit)]


class Goals(BaseModel):
    """`want`: weights of metrics, a larger one counts more; `limits`: required of a recommended configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    want: dict[MetricName, Annotated[float, Field(gt=0, le=1_000)]] = {}
    limits: list[LimitText] = []

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        for low in self.parsed():
            for high in self.parsed():
                if low.metric == high.metric and low.at_least and not high.at_least and low.value > high.value:
                    raise ValueError(f"the limits '{low}' and '{high}' contradict each other: no value can keep both")
        return self

    def parsed(self) -> list[Limit]:
        return [parse_limit(text) for text in self.limits]


# The default goals: weights of a sweep whose file has none under `goals: want`. Quality is a share: with a weight of
# 2, 0.1 more of it is worth about 22 % more throughput.
DEFAULT_WEIGHTS: Mapping[MetricName, float] = {"throughput_tok_s": 1, "ttft_ms": 1, "quality": 2}
