"""The metrics of one trial, computed from its calls as docs/metrics.md defines."""

from collections.abc import Sequence
from functools import cache
from math import sqrt
from statistics import fmean, stdev

from pydantic import BaseModel, ConfigDict

from chimera_dagster.measure.call import Call, CallMetrics, call_metrics, rate
from chimera_dagster.measure.samples import Sample
from chimera_dagster.measure.telemetry_summary import TelemetrySummary, summarise_telemetry, summarise_windows
from chimera_dagster.measure.validity import TrialSettings, Verdict, check_validity


class Interval(BaseModel):
    """A metric over repeats, with the t-interval `mean ± t(0.975, n-1) · s / sqrt(n)` if n is at least 3."""

    model_config = ConfigDict(frozen=True)

    n: int
    mean: float
    std: float | None
    low: float | None
    high: float | None


class Headline(BaseModel):
    """The seven lines of the Metrics in a trial report. `reasons` says why a value is None."""

    model_config = ConfigDict(frozen=True)

    calls: int
    throughput_tok_s: float | None
    ttft_ms: float | None
    total_duration_ms: float
    tokens_generated: int | None
    prompt_eval_ms: float | None
    eval_ms: float | None
    load_ms: float | None
    reasons: dict[str, str]
    throughput_by_repeat: Interval | None
    ttft_by_repeat: Interval | None


class Measured(BaseModel):
    """Everything that is computed from what a trial recorded, and can be computed again."""

    model_config = ConfigDict(frozen=True)

    headline: Headline
    calls: list[CallMetrics]
    telemetry: TelemetrySummary
    telemetry_by_call: list[TelemetrySummary]
    validity: list[Verdict]


def measured(
    calls: Sequence[Call], samples: Sequence[Sample], warm_up_load_ms: float | None, settings: TrialSettings
) -> Measured:
    """The metrics and verdicts of a trial, from its calls (one or more) in their order and the telemetry samples.

    The trial's telemetry is that of its calls, without the pauses between them. `warm_up_load_ms` is the load time
    before the first call, if a warm-up call loaded the model.
    """
    metrics = [call_metrics(call.ledger, call.stats) for call in calls]
    by_call = [
        summarise_telemetry(samples, call.sent_ms, call.end_ms, figures.output_tokens)
        for call, figures in zip(calls, metrics, strict=True)
    ]
    headline = _headline([call.repeat for call in calls], metrics, warm_up_load_ms)
    return Measured(
        headline=headline,
        calls=metrics,
        telemetry=summarise_windows(
            samples, [(call.sent_ms, call.end_ms) for call in calls], headline.tokens_generated
        ),
        telemetry_by_call=by_call,
        validity=check_validity(calls, metrics, by_call, settings),
    )


def _headline(repeats: Sequence[int], calls: Sequence[CallMetrics], warm_up_load_ms: float | None) -> Headline:
    tokens, eval_ms = _total(calls, "output_tokens"), _total(calls, "eval_ms")
    # If nothing was loaded there is no load time: null, not 0.
    loads = [ms for ms in (warm_up_load_ms, *(call.load_ms for call in calls)) if ms is not None]
    values: dict[str, float | None] = {
        "throughput_tok_s": _throughput(calls),
        "ttft_ms": _mean_ttft(calls),
        "tokens_generated": tokens,
        "prompt_eval_ms": _total(calls, "prompt_eval_ms"),
        "eval_ms": eval_ms,
        "load_ms": sum(loads) if loads else None,
    }
    reasons = {name: "the engine did not report it" for name, value in values.items() if value is None}
    if "load_ms" in reasons:
        reasons["load_ms"] = "the model was loaded before this trial"
    if "ttft_ms" in reasons:
        reasons["ttft_ms"] = "the model wrote nothing"
    groups: dict[int, list[CallMetrics]] = {}
    for repeat, call in zip(repeats, calls, strict=True):
        groups.setdefault(repeat, []).append(call)
    by_repeat = [groups[repeat] for repeat in sorted(groups)]
    rates = [found for group in by_repeat if (found := _throughput(group)) is not None]
    waits = [found for group in by_repeat if (found := _mean_ttft(group)) is not None]
    return Headline(
        calls=len(calls),
        ttft_ms=values["ttft_ms"],
        total_duration_ms=sum(call.e2e_ms for call in calls),
        throughput_tok_s=values["throughput_tok_s"],
        tokens_generated=None if tokens is None else round(tokens),
        prompt_eval_ms=values["prompt_eval_ms"],
        eval_ms=eval_ms,
        load_ms=values["load_ms"],
        reasons=reasons,
        throughput_by_repeat=interval(rates) if rates else None,
        ttft_by_repeat=interval(waits) if waits else None,
    )


def interval(values: Sequence[float]) -> Interval:
    """Mean, sample standard deviation and 95 % t-interval of one or more values; no interval if n < 3."""
    return interval_of(len(values), fmean(values), stdev(values) if len(values) > 1 else None)


def interval_of(n: int, mean: float, std: float | None) -> Interval:
    """`interval` of values whose number, mean and standard deviation are known."""
    if std is None or n < 3:
        return Interval(n=n, mean=mean, std=std, low=None, high=None)
    half = _t_quantile(n - 1) * std / sqrt(n)
    return Interval(n=n, mean=mean, std=std, low=mean - half, high=mean + half)


@cache
def _t_quantile(df: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.975))


def _mean_ttft(calls: Sequence[CallMetrics]) -> float | None:
    """Over the calls of which something arrived."""
    times = [call.ttft_ms for call in calls if call.ttft_ms is not None]
    return fmean(times) if times else None


def _throughput(calls: Sequence[CallMetrics]) -> float | None:
    return rate(_sum([call.decoded_tokens for call in calls]), _total(calls, "eval_ms"))


def _total(calls: Sequence[CallMetrics], field: str) -> float | None:
    """Sum of a field over the calls; None if any call lacks it."""
    return _sum([getattr(call, field) for call in calls])


def _sum(values: Sequence[float | None]) -> float | None:
    """The sum, or None if one of the values is unknown."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
