"""What makes a measurement invalid, each with its evidence; docs/metrics.md has the list."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from pydantic import BaseModel, ConfigDict

from chimera_dagster.measure.call import Call, CallMetrics
from chimera_dagster.measure.telemetry_summary import TelemetrySummary
from chimera_dagster.spec.trial import ParamSet

_RESIDUAL_SHARE = 0.10  # docs/metrics.md: above it, the call waited for something that the engine does not report
LOADED_MS = 500.0  # Ollama reports 1 to 100 ms of scheduling as load; a real load takes longer
# No tokenizer puts more characters into a token on average, whatever the language: English has four, and the prompts
# here are full of figures. If fewer tokens than that were evaluated, the prompt was truncated.
_MAX_CHARS_PER_TOKEN = 12
_SLACK_TOKENS, _SLACK_MS = 8, 50.0  # by which a correct report may differ from what the client sees
# Two clocks never agree: one may be slewed, and both round. Each of the engine's durations is taken on a thread that
# may wait for a core before it reads its clock, and a step may begin before the one before it has ended, so that on a
# busy machine the sum of the steps exceeds the time of the whole call.
_CLOCKS_SHARE, _STEPS_SHARE = 0.05, 0.25
_CORES_SHARE = 10.0  # docs/metrics.md: % of the cores; above it, the model had to share them
_PROMPT_MISCOUNT, _ANSWER_MISCOUNT = 0.05, 0.25  # the answer is tokenized again, maybe into fewer tokens


class Verdict(BaseModel):
    """`cold` or `warm`, and `valid`, or one of each thing that spoils the trial."""

    model_config = ConfigDict(frozen=True)

    name: str
    evidence: str
    spoils: bool = False


class TrialSettings(BaseModel):
    """What a trial requested, to compare with what it got; `layers` are the model's, None if unknown."""

    model_config = ConfigDict(frozen=True)

    params: ParamSet
    cold: bool
    layers: int | None


def check_validity(
    calls: Sequence[Call],
    metrics: Sequence[CallMetrics],
    telemetry: Sequence[TelemetrySummary],
    settings: TrialSettings,
) -> list[Verdict]:
    """The verdicts of a trial, from its calls (one or more) with the metrics and the telemetry of each call."""
    loads = [_load(call, found) for call, found in zip(calls, metrics, strict=True)]
    state = Verdict(name="cold" if any(loads) else "warm", evidence="; ".join(filter(None, loads)) or _warm(metrics))
    spoilers = [
        Verdict(name=name, evidence=evidence, spoils=True)
        for name, evidence in _spoilers(calls, metrics, telemetry, settings)
    ]
    valid = Verdict(name="valid", evidence=f"{len(calls)} calls, none of them spoiled")
    again = [
        Verdict(name="retried", evidence=f"{call.name}: refused {_times(call.retries)} before; no time includes that")
        for call in calls
        if call.retries
    ]
    return [state, *again, *(spoilers or [valid])]


def _spoilers(
    calls: Sequence[Call],
    metrics: Sequence[CallMetrics],
    telemetry: Sequence[TelemetrySummary],
    settings: TrialSettings,
) -> Iterator[tuple[str, str]]:
    yield from _loading(calls, metrics, cold=settings.cold)
    for call, found in zip(calls, metrics, strict=True):
        if found.prompt_cached_tokens:
            share = f"{found.prompt_cached_tokens} of {found.prompt_tokens}"
            yield "cached", f"{call.name}: {share} prompt tokens from a cache"
        if found.prompt_tokens and call.stats.sent_tokens and _is_truncated(found, call.stats.sent_tokens):
            yield (
                "truncated",
                f"{call.name}: {found.prompt_tokens} of {call.stats.sent_tokens} prompt tokens evaluated",
            )
        elif found.prompt_tokens and call.prompt_chars > _MAX_CHARS_PER_TOKEN * found.prompt_tokens:
            yield (
                "truncated",
                f"{call.name}: {call.prompt_chars} characters sent, {found.prompt_tokens} tokens evaluated",
            )
        if found.residual_ms is not None and found.total_ms and found.residual_ms > _RESIDUAL_SHARE * found.total_ms:
            yield (
                "contended",
                f"{call.name}: {found.residual_ms:.0f} of {found.total_ms:.0f} ms not accounted for by the engine",
            )
        if call.stats.use_by_others is not None:
            yield "contended", f"{call.name}: {call.stats.use_by_others}"
        yield from (("implausible", f"{call.name}: {why}") for why in _contradictions(call, found))
        if found.done_reason != "stop":
            yield "incomplete", f"{call.name}: done_reason {found.done_reason}"
        if not call.text:
            yield "incomplete", f"{call.name}: the model wrote nothing"
    yield from _placement(calls, settings)
    for call, seen in zip(calls, telemetry, strict=True):
        if seen.other_processes_max:
            memory = seen.other_memory_peak_mib
            held = "" if memory is None else f", which held {memory:.0f} MiB"
            yield "contended", f"{call.name}: {seen.other_processes_max} other processes on the GPU{held}"
        share = seen.other_cpu_mean_pct
        if share is not None and share > _CORES_SHARE and _computes_on_cores(call, seen):
            yield "contended", f"{call.name}: other processes used {share:.0f} % of the cores{_named(seen)}"
        if seen.throttle_shares:
            shares = ", ".join(f"{name} in {share:.0%} of the samples" for name, share in seen.throttle_shares.items())
            yield "throttled", f"{call.name}: {shares}"


def _computes_on_cores(call: Call, seen: TelemetrySummary) -> bool:
    """Whether at least a part of the model was computed by the CPU."""
    return seen.gpus == 0 if call.stats.gpu_share is None else call.stats.gpu_share < 1


def _named(seen: TelemetrySummary) -> str:
    """`: stress-ng 45 %, cc1 7 %`: the processes that used most."""
    named = ", ".join(f"{name} {share:.0f} %" for name, share in seen.other_cpu_by.items())
    return f": {named}" if named else ""


def _is_truncated(found: CallMetrics, sent_tokens: int) -> bool:
    """Whether more tokens are missing than the count, which includes the answer, can be wrong by."""
    missing = sent_tokens - (found.prompt_tokens or 0)
    return missing > _PROMPT_MISCOUNT * sent_tokens + _ANSWER_MISCOUNT * (found.output_tokens or 0)


def _contradictions(call: Call, found: CallMetrics) -> Iterator[str]:
    """What the engine reports that can't be true, by what the client saw."""
    sizes = [entry.chars for entry in call.ledger if entry.chars]
    chunks, chars = len(sizes), sum(sizes)
    if found.output_tokens is not None and found.output_tokens < chunks - _SLACK_TOKENS:
        yield f"{found.output_tokens} tokens reported, {chunks} chunks arrived"
    # A token has at least one byte, a character at most four; some tokens have no text
    if found.output_tokens is not None and found.output_tokens > 4 * chars + _SLACK_TOKENS:
        yield f"{found.output_tokens} tokens reported, {chars} characters arrived"
    took = found.e2e_ms if call.ended_ms is None else call.ended_ms
    steps = [part for part in (found.load_ms, found.prompt_eval_ms, found.eval_ms) if part is not None]
    if sum(steps) > took * (1 + _STEPS_SHARE) + _SLACK_MS:
        yield f"{sum(steps):.0f} ms of work reported in a call that took {took:.0f} ms"
    elif found.total_ms is not None and found.total_ms > took * (1 + _CLOCKS_SHARE) + _SLACK_MS:
        yield f"{found.total_ms:.0f} ms reported for a call that took {took:.0f} ms"


def _loading(calls: Sequence[Call], metrics: Sequence[CallMetrics], *, cold: bool) -> Iterator[tuple[str, str]]:
    """Loads that were not requested, and requested loads that did not happen."""
    for _, group in groupby(zip(calls, metrics, strict=True), key=lambda pair: pair[0].repeat):
        for place, (call, found) in enumerate(group):
            load = _load(call, found)
            if load and not (cold and place == 0):
                yield "reloaded", load
            elif cold and place == 0 and not load:
                yield "warm", f"{call.name}: cold requires a load in this call, and none is reported"


def _placement(calls: Sequence[Call], settings: TrialSettings) -> Iterator[tuple[str, str]]:
    num_ctx, num_gpu = settings.params.num_ctx, settings.params.num_gpu
    others = sorted({size for call in calls if (size := call.stats.effective_num_ctx) not in (None, num_ctx)})
    if num_ctx is not None and others:
        yield "clamped", f"num_ctx {num_ctx} requested, {', '.join(map(str, others))} in effect"
    shares = [call.stats.gpu_share for call in calls if call.stats.gpu_share is not None]
    # If only a part of the layers was requested, only a share of 0 is wrong
    enough = 1.0 if settings.layers is None or num_gpu is None or num_gpu > settings.layers else 0.0
    if num_gpu is not None and num_gpu > 0 and shares and (min(shares) < enough or min(shares) == 0):
        yield "offloaded_to_cpu", f"num_gpu {num_gpu} requested, {min(shares):.0%} of the model in GPU memory"


def _load(call: Call, metrics: CallMetrics) -> str:
    """What a call reports about loading the model; empty if it was loaded before."""
    if metrics.load_ms is None or metrics.load_ms <= LOADED_MS:
        return ""
    return f"{call.name}: the model was loaded, {metrics.load_ms:.0f} ms"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _warm(metrics: Sequence[CallMetrics]) -> str:
    longest = max((call.load_ms for call in metrics if call.load_ms is not None), default=None)
    if longest is None:
        return "no call reports a load, and a call that is not measured came first"
    return f"no call loaded the model: load_ms is {longest:.1f} at most"
