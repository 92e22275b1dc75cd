"""What spoils a measurement, each with its evidence; the list is that of docs/metrics.md."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from pydantic import BaseModel, ConfigDict

from chimera_dagster.measure.call import Call, CallMetrics
from chimera_dagster.measure.telemetry_summary import TelemetrySummary
from chimera_dagster.spec.trial import ParamSet

_RESIDUAL_SHARE = 0.10  # docs/metrics.md: above it the call waited for something that no field names
LOADED_MS = 500.0  # Ollama reports some 1 to 100 ms of scheduling as load; a real load takes longer
# No tokenizer packs more characters into a token on average, whatever the language: English has four, and the prompts
# here are full of figures. A prompt of which less than that was evaluated was cut.
_MOST_CHARS_A_TOKEN = 12


_SLACK_TOKENS, _SLACK_MS = 8, 50.0  # by which an honest account may differ from what the client sees
_MISCOUNT_OF_PROMPT, _MISCOUNT_OF_ANSWER = 0.05, 0.25  # the answer is tokenized again, perhaps into fewer tokens


class Verdict(BaseModel):
    """`cold` or `warm`, then `valid`, or one entry for each thing that spoils the trial."""

    model_config = ConfigDict(frozen=True)

    name: str
    evidence: str
    spoils: bool = False


class Asked(BaseModel):
    """What a trial asked for, against which what it got is judged; `layers` are the model's, None where unknown."""

    model_config = ConfigDict(frozen=True)

    params: ParamSet
    cold: bool
    layers: int | None


def check_validity(
    calls: Sequence[Call], metrics: Sequence[CallMetrics], telemetry: Sequence[TelemetrySummary], asked: Asked
) -> list[Verdict]:
    """The validity verdicts of a trial's measured calls (one or more), `metrics` and `telemetry` being theirs."""
    loads = [_load(call, of) for call, of in zip(calls, metrics, strict=True)]
    state = Verdict(name="cold" if any(loads) else "warm", evidence="; ".join(filter(None, loads)) or _warm(metrics))
    spoilers = [
        Verdict(name=name, evidence=evidence, spoils=True)
        for name, evidence in _spoilers(calls, metrics, telemetry, asked)
    ]
    valid = Verdict(name="valid", evidence=f"{len(calls)} calls, none of them spoiled")
    return [state, *(spoilers or [valid])]


def _spoilers(
    calls: Sequence[Call], metrics: Sequence[CallMetrics], telemetry: Sequence[TelemetrySummary], asked: Asked
) -> Iterator[tuple[str, str]]:
    yield from _loading(calls, metrics, cold=asked.cold)
    for call, of in zip(calls, metrics, strict=True):
        if of.prompt_cached_tokens:
            share = f"{of.prompt_cached_tokens} of {of.prompt_tokens}"
            yield "cached", f"{call.name}: {share} prompt tokens from a cache"
        if of.prompt_tokens and call.stats.sent_tokens and _is_cut(of, call.stats.sent_tokens):
            yield "truncated", f"{call.name}: {of.prompt_tokens} of {call.stats.sent_tokens} prompt tokens evaluated"
        elif of.prompt_tokens and call.prompt_chars > _MOST_CHARS_A_TOKEN * of.prompt_tokens:
            yield "truncated", f"{call.name}: {call.prompt_chars} characters sent, {of.prompt_tokens} tokens evaluated"
        if of.residual_ms is not None and of.total_ms and of.residual_ms > _RESIDUAL_SHARE * of.total_ms:
            yield "contended", f"{call.name}: {of.residual_ms:.0f} of {of.total_ms:.0f} ms in no field of the engine"
        yield from (("implausible", f"{call.name}: {why}") for why in _contradictions(call, of))
        if of.done_reason != "stop":
            yield "incomplete", f"{call.name}: done_reason {of.done_reason}"
    yield from _placement(calls, asked)
    for call, seen in zip(calls, telemetry, strict=True):
        if seen.other_processes_max:
            memory = seen.other_memory_peak_mib
            held = "" if memory is None else f", which held {memory:.0f} MiB"
            yield "contended", f"{call.name}: {seen.other_processes_max} other processes on the GPU{held}"
        if seen.throttle_shares:
            shares = ", ".join(f"{name} in {share:.0%} of the samples" for name, share in seen.throttle_shares.items())
            yield "throttled", f"{call.name}: {shares}"


def _is_cut(of: CallMetrics, sent_tokens: int) -> bool:
    """Whether more tokens of the prompt are missing than a count with the answer in it can be wrong by."""
    missing = sent_tokens - (of.prompt_tokens or 0)
    return missing > _MISCOUNT_OF_PROMPT * sent_tokens + _MISCOUNT_OF_ANSWER * (of.output_tokens or 0)


def _contradictions(call: Call, of: CallMetrics) -> Iterator[str]:
    """Where the engine's account can't be true by what the client saw itself."""
    chunks, chars = len(call.ledger), sum(entry.chars for entry in call.ledger)
    if of.output_tokens is not None and of.output_tokens < chunks - _SLACK_TOKENS:
        yield f"{of.output_tokens} tokens reported, {chunks} chunks arrived"
    # A token has a byte at least, a character four at most; some tokens have no text
    if of.output_tokens is not None and of.output_tokens > 4 * chars + _SLACK_TOKENS:
        yield f"{of.output_tokens} tokens reported, {chars} characters arrived"
    reported = sum(part for part in (of.load_ms, of.prompt_eval_ms, of.eval_ms) if part is not None)
    if reported > of.e2e_ms * 1.05 + _SLACK_MS:
        yield f"{reported:.0f} ms of work reported in a call that took {of.e2e_ms:.0f} ms"


def _loading(calls: Sequence[Call], metrics: Sequence[CallMetrics], *, cold: bool) -> Iterator[tuple[str, str]]:
    """Loads that nobody asked for, and those that were asked for and did not come."""
    for _, group in groupby(zip(calls, metrics, strict=True), key=lambda pair: pair[0].repeat):
        for place, (call, of) in enumerate(group):
            load = _load(call, of)
            if load and not (cold and place == 0):
                yield "reloaded", load
            elif cold and place == 0 and not load:
                yield "warm", f"{call.name}: cold asks for a load in this call, and none is reported"


def _placement(calls: Sequence[Call], asked: Asked) -> Iterator[tuple[str, str]]:
    num_ctx, num_gpu = asked.params.num_ctx, asked.params.num_gpu
    others = sorted({size for call in calls if (size := call.stats.effective_num_ctx) not in (None, num_ctx)})
    if num_ctx is not None and others:
        yield "clamped", f"num_ctx {num_ctx} asked for, {', '.join(map(str, others))} in effect"
    shares = [call.stats.gpu_share for call in calls if call.stats.gpu_share is not None]
    # A part of the layers was asked for where there are more: only nothing at all is amiss then
    enough = 1.0 if asked.layers is None or num_gpu is None or num_gpu > asked.layers else 0.0
    if num_gpu is not None and num_gpu > 0 and shares and (min(shares) < enough or min(shares) == 0):
        yield "offloaded_to_cpu", f"num_gpu {num_gpu} asked for, {min(shares):.0%} of the model in GPU memory"


def _load(call: Call, metrics: CallMetrics) -> str:
    """What a call says of loading the model; empty where it found it loaded."""
    if metrics.load_ms is None or metrics.load_ms <= LOADED_MS:
        return ""
    return f"{call.name}: the model was loaded, {metrics.load_ms:.0f} ms"


def _warm(metrics: Sequence[CallMetrics]) -> str:
    longest = max((of.load_ms for of in metrics if of.load_ms is not None), default=None)
    if longest is None:
        return "no call reports a load, and a call that was not measured came first"
    return f"no call loaded the model: load_ms is {longest:.1f} at most"
