"""The metrics that trials are compared by: which end of each is good, and how a trial's values are computed."""

import math
from collections.abc import Sequence
from datetime import datetime
from statistics import fmean
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from chimera_dagster.ingest.trial_reader import METRICS_VERSION, READ_VERSIONS
from chimera_dagster.measure.call import rate
from chimera_dagster.measure.validity import Verdict
from chimera_dagster.records.documents import Digests
from chimera_dagster.spec.goals import METRIC_NAMES, MetricName


class Metric(NamedTuple):
    """`is_log`: compared as ratios, since times and rates are skewed to the right; a share is compared as it is.

    `by_round`: measured in each repeat; the others have one value per trial, which can't be tested.
    """

    name: MetricName
    words: str
    unit: str
    higher_is_better: bool
    is_log: bool = True
    by_round: bool = True

    @property
    def sign(self) -> int:
        """1 if more is better, -1 if less is."""
        return 1 if self.higher_is_better else -1

    def on_scale(self, value: float) -> float:
        """The value on the scale on which it is compared."""
        return math.log(value) if self.is_log else value

    def scaled(self, values: Sequence[float]) -> list[float]:
        return [self.on_scale(value) for value in values]

    def mean(self, values: Sequence[float]) -> float:
        """The mean on that scale, as a value of the metric: geometric if ratios are compared."""
        found = fmean(self.scaled(values))
        return math.exp(found) if self.is_log else found

    def is_usable(self, value: float) -> bool:
        """Whether a value can be compared: finite, and positive if ratios are formed."""
        return math.isfinite(value) and (value > 0 or not self.is_log)


METRICS: dict[MetricName, Metric] = {
    metric.name: metric
    for metric in (
        Metric("throughput_tok_s", "decode throughput", "tok/s", higher_is_better=True),
        Metric("ttft_ms", "time to first token", "ms", higher_is_better=False),
        Metric("tpot_ms", "time per output token", "ms", higher_is_better=False),
        Metric("total_ms", "total duration", "ms", higher_is_better=False),
        Metric("joules_per_token", "energy per token", "J/tok", higher_is_better=False),
        Metric("peak_memory_mib", "peak memory", "MiB", higher_is_better=False, by_round=False),
        Metric("error_rate", "error rate", "", higher_is_better=False, is_log=False, by_round=False),
        Metric("quality", "quality score", "", higher_is_better=True, is_log=False, by_round=False),
        Metric("accuracy", "accuracy", "", higher_is_better=True, is_log=False, by_round=False),
    )
}
assert tuple(METRICS) == METRIC_NAMES


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Call(_Part):
    ttft_ms: float | None
    tpot_ms: float | None
    e2e_ms: float
    eval_ms: float | None
    output_tokens: int | None
    eval_tokens: int | None = None

    @property
    def decoded_tokens(self) -> int | None:
        """As `measure.call.CallMetrics` has it."""
        return self.output_tokens if self.eval_tokens is None or not self.output_tokens else self.eval_tokens


class _Telemetry(_Part):
    energy_j: float | None
    gpu_process_memory_peak_mib: float | None
    gpu_memory_peak_mib: float | None
    engine_rss_peak_mib: float | None


class _Quality(_Part):
    score: float
    verdict: str


class _Accuracy(_Part):
    share: float
    low: float
    high: float
    asked: int
    chance: float


class _Engine(_Part):
    name: str
    version: str
    model_digest: str | None
    default_options: str | None = None


class _Gpu(_Part):
    name: str


class _Environment(_Part):
    host: str | None = None
    cpu: str
    gpus: list[_Gpu]
    gpu_driver: str | None
    packages: dict[str, str]
    variables: dict[str, str] = {}


class Excerpt(_Part, Digests):
    """The part of metrics.json that a comparison needs: reading all of it takes three times as long.

    What an earlier version measured counts, but not its score, which was of another kind.
    """

    schema_version: Annotated[int, Field(ge=min(READ_VERSIONS), le=max(READ_VERSIONS))]
    created_at: datetime
    fingerprint: str
    repeats: Annotated[int, Field(ge=1)]
    rounds: Annotated[list[int], Field(min_length=1)] = [1]
    calls: list[_Call]
    telemetry: _Telemetry
    telemetry_by_call: list[_Telemetry]
    validity: list[Verdict]
    text_quality: _Quality
    accuracy: _Accuracy | None = None
    engine: _Engine
    effective_num_ctx: list[int]
    prompt_version: str
    data_digest: str
    environment: _Environment

    @property
    def quality(self) -> _Quality | None:
        return self.text_quality if self.schema_version == METRICS_VERSION else None


def values_of(metrics: Excerpt, *, failed_runs: int = 0) -> dict[MetricName, list[float]]:
    """A trial's values by metric, one per repeat if it is measured by round, else one; only what was measured.

    `failed_runs` is how many runs of the same question failed, beside one that succeeded in each round.
    """
    size = len(metrics.calls) // metrics.repeats
    rounds = [
        _of_round(metrics.calls[start : start + size], metrics.telemetry_by_call[start : start + size])
        for start in range(0, size * metrics.repeats, size or 1)
    ]
    found: dict[MetricName, list[float | None]] = {
        name: [values[name] for values in rounds] for name in (rounds or [{}])[0]
    }
    found["peak_memory_mib"] = [_peak_memory(metrics.telemetry)]
    found["error_rate"] = [failed_runs / (failed_runs + len(metrics.rounds))]
    found["quality"] = [None if metrics.quality is None else metrics.quality.score]
    found["accuracy"] = [None if metrics.accuracy is None else metrics.accuracy.share]
    return {
        name: [value for value in values if value is not None]
        for name, values in found.items()
        if all(value is not None and METRICS[name].is_usable(value) for value in values)
    }


def _of_round(calls: Sequence[_Call], telemetry: Sequence[_Telemetry]) -> dict[MetricName, float | None]:
    """The values of one repeat, which consists of an analysis and a report."""
    tokens, eval_ms = _sum([call.output_tokens for call in calls]), _sum([call.eval_ms for call in calls])
    ttft_ms, e2e_ms = _sum([call.ttft_ms for call in calls]), sum([call.e2e_ms for call in calls])
    joules = _sum([call.energy_j for call in telemetry])
    # over all tokens except each call's first: in a mean over calls, a short call would count as much as a long one
    gaps = None if tokens is None else tokens - len(calls)
    return {
        "throughput_tok_s": rate(_sum([call.decoded_tokens for call in calls]), eval_ms),
        "ttft_ms": None if ttft_ms is None else ttft_ms / len(calls),
        "tpot_ms": (e2e_ms - ttft_ms) / gaps if gaps and ttft_ms is not None else None,
        "total_ms": e2e_ms,
        "joules_per_token": joules / tokens if joules is not None and tokens else None,
    }


def _peak_memory(telemetry: _Telemetry) -> float | None:
    """The engine's memory on its GPU, or that of its process if it has no GPU."""
    on_gpu = telemetry.gpu_process_memory_peak_mib
    if on_gpu is None:
        on_gpu = telemetry.gpu_memory_peak_mib
    return telemetry.engine_rss_peak_mib if on_gpu is None else on_gpu


def _sum(values: Sequence[float | None]) -> float | None:
    """The sum, or None if one of the values is unknown."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
