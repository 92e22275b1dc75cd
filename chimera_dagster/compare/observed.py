"""One trial as a comparison sees it: what was asked, what was measured in each repeat, and whether that is valid."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from math import fsum, sqrt
from statistics import fmean
from typing import Literal

from pydantic import BaseModel, ConfigDict

from chimera_dagster.measure.measured import Interval, interval_of
from chimera_dagster.spec.goals import MetricName
from chimera_dagster.spec.trial import ParamSet

State = Literal["measured", "failed", "missing"]


class Setting(BaseModel):
    """The conditions under which a trial was measured, if they affect figures; users see the names of the fields."""

    model_config = ConfigDict(frozen=True)

    host: str | None
    cpu: str
    gpus: str
    driver: str | None
    engine: str
    engine_version: str
    model_digest: str | None
    default_options: str | None = None
    effective_num_ctx: str
    prompts: str
    data: str
    packages: dict[str, str]
    variables: dict[str, str]

    @property
    def digest(self) -> str:
        """The name under which a comparison has it: thousands of trials share a few settings."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    def flat(self) -> dict[str, str]:
        """Each field as text; a field with parts becomes one entry per part."""
        found: dict[str, str] = {}
        for name, value in self:
            if isinstance(value, dict):
                found |= {f"{name}: {part}": str(content) for part, content in value.items()}
            else:
                found[name] = "unknown" if value is None else str(value)
        return found


class AccuracyInterval(BaseModel):
    """The accuracy of a trial beside its value: Wilson's 95 % interval, the questions, and what blind choices get."""

    model_config = ConfigDict(frozen=True)

    low: float
    high: float
    asked: int
    chance: float


class Observed(BaseModel):
    """A trial. `values` has a list for each metric that was measured, with one value per repeat or one for the trial.

    `rounds` are the numbers of the sweep's rounds in which it was measured, in the order of `values`, of which each
    round has equally many. `spoiled_by` has the verdicts that make it invalid, with their evidence; `error` says why
    the trial failed, or why its files can't be read. `href` is the path of its report, from `runs/`. `call_rows` are
    the calls' (ttft_ms, tpot_ms, e2e_ms, output tokens), for goodput. `accuracy` has the interval of the value of that
    name. `setting` is the digest of one of the comparison's settings.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    model: str
    params: ParamSet
    state: State
    values: dict[MetricName, list[float]] = {}
    spoiled_by: dict[str, str] = {}
    error: str | None = None
    href: str | None = None
    text: str | None = None
    repeats: int = 0
    rounds: tuple[int, ...] = (1,)
    call_rows: list[tuple[float, float | None, float, int | None]] = []
    accuracy: AccuracyInterval | None = None
    setting: str | None = None
    created_at: str | None = None

    @cached_property
    def params_key(self) -> str:
        return self.params.key

    @cached_property
    def key(self) -> str:
        return f"{self.model}|{self.params_key}"

    @property
    def is_valid(self) -> bool:
        """Whether its figures may be compared with those of others."""
        return self.state == "measured" and not self.spoiled_by

    def by_round(self, values: Sequence[float]) -> list[Sequence[float]]:
        """Values of its repeats, or what was computed from each of them, by round."""
        size = len(values) // len(self.rounds)
        return [values[size * place : size * (place + 1)] for place in range(len(self.rounds))]

    def mean(self, metric: MetricName) -> float | None:
        """The arithmetic mean over repeats, as in the trial's own report; None if it was not measured."""
        values = self.values.get(metric)
        return sum(values) / len(values) if values else None

    def interval(self, metric: MetricName) -> Interval | None:
        """The mean with its 95 % interval over repeats, that of accuracy over questions; None if not measured."""
        values = self.values.get(metric)
        if not values:
            return None
        if metric == "accuracy" and self.accuracy is not None:
            found = self.accuracy
            return Interval(n=found.asked, mean=values[0], std=None, low=found.low, high=found.high)
        return summary(values)


def summary(values: Sequence[float]) -> Interval:
    """`measured.interval` of one or more values, ten times as fast: 10,000 trials have 80,000 of them."""
    mean = fmean(values)
    std = sqrt(fsum((value - mean) ** 2 for value in values) / (len(values) - 1)) if len(values) > 1 else None
    return interval_of(len(values), mean, std)


def valid(trials: Sequence[Observed]) -> list[Observed]:
    return [trial for trial in trials if trial.is_valid]
