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
    """With what a trial was measured, as far as a change of it changes figures: the names of its fields are shown."""

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
        """What it is called: thousands of trials share a few settings."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    def flat(self) -> dict[str, str]:
        """Each field as it is shown, those that have parts with a name for each part."""
        found: dict[str, str] = {}
        for name, value in self:
            if isinstance(value, dict):
                found |= {f"{name}: {part}": str(of) for part, of in value.items()}
            else:
                found[name] = "unknown" if value is None else str(value)
        return found


class Observed(BaseModel):
    """A trial. `values` has a list for each metric that was measured, one value a repeat or one for the trial.

    `spoiled_by` are the verdicts that make it invalid, with their evidence; `error` says why a trial failed, or why
    what it left can't be read. `href` leads from `runs/` to its report; `withheld` says why that is not published, else
    empty. `call_rows` are the calls' (ttft_ms, tpot_ms, e2e_ms, output tokens), for goodput. `setting` is the digest of
    the Setting that the comparison holds.
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
    withheld: str = ""
    repeats: int = 0
    call_rows: list[tuple[float, float | None, float, int | None]] = []
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
        """Whether its figures may stand beside those of others."""
        return self.state == "measured" and not self.spoiled_by

    def mean(self, metric: MetricName) -> float | None:
        """As the trial's own report gives it: the arithmetic mean over repeats. None where it was not measured."""
        values = self.values.get(metric)
        return sum(values) / len(values) if values else None


def summary(values: Sequence[float]) -> Interval:
    """`interval` of one or more values, ten times as fast: of 10,000 trials there are 80,000."""
    mean = fmean(values)
    std = sqrt(fsum((value - mean) ** 2 for value in values) / (len(values) - 1)) if len(values) > 1 else None
    return interval_of(len(values), mean, std)


def valid(trials: Sequence[Observed]) -> list[Observed]:
    return [trial for trial in trials if trial.is_valid]
