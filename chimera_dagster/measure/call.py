"""One LLM call, timed by the client's clock and by the engine; definitions in docs/metrics.md."""

import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import quantiles

from pydantic import BaseModel, ConfigDict

from chimera_dagster.engines.base import Engine, EngineStats, Request
from chimera_dagster.errors import EmptyOutputError

OnChunk = Callable[[int], None]


class LedgerEntry(BaseModel):
    """One streamed chunk: milliseconds since the request was sent, and its size in characters."""

    model_config = ConfigDict(frozen=True)

    at_ms: float
    chars: int
    thinking: bool = False


class CallMetrics(BaseModel):
    """Metrics of one call by their names in docs/metrics.md; None where a value was not measured."""

    model_config = ConfigDict(frozen=True)

    ttft_ms: float
    ttfa_ms: float | None
    e2e_ms: float
    load_ms: float | None
    prompt_eval_ms: float | None
    eval_ms: float | None
    total_ms: float | None
    residual_ms: float | None
    prompt_tokens: int | None
    prompt_cached_tokens: int | None
    output_tokens: int | None
    decode_tok_s: float | None
    prefill_tok_s: float | None
    tpot_ms: float | None
    itl_p50_ms: float | None
    itl_p95_ms: float | None
    itl_p99_ms: float | None
    done_reason: str


class Call(BaseModel):
    """One finished call: its place in the trial, its text, the raw ledger and what was computed from it."""

    model_config = ConfigDict(frozen=True)

    stage: str
    repeat: int
    seed: int
    text: str
    metrics: CallMetrics
    ledger: list[LedgerEntry]
    effective_num_ctx: int | None
    gpu_share: float | None


def timed_call(engine: Engine, request: Request, stage: str, repeat: int = 0, on_chunk: OnChunk | None = None) -> Call:
    """Send `request`, follow its stream, and measure it. `on_chunk(n)` hears the number of chunks so far.

    Raises EmptyOutputError where the stream ends well without a character, and what the engine raises.
    """
    ledger: list[LedgerEntry] = []
    answer: list[str] = []
    sent = time.perf_counter()
    stream = engine.stream(request)
    try:
        while True:
            chunk = next(stream)
            if chunk.text:
                ledger.append(
                    LedgerEntry(at_ms=(chunk.at - sent) * 1e3, chars=len(chunk.text), thinking=chunk.thinking)
                )
                if not chunk.thinking:
                    answer.append(chunk.text)
                if on_chunk is not None:
                    on_chunk(len(ledger))
    except StopIteration as end:
        stats: EngineStats = end.value
    finally:
        stream.close()
    if not answer:
        raise EmptyOutputError(
            f"{request.model} wrote nothing in the {stage} (done_reason {stats.done_reason}).",
            hint="Raise max_tokens, or try another temperature or seed.",
        )
    return Call(
        stage=stage,
        repeat=repeat,
        seed=request.seed,
        text="".join(answer),
        metrics=call_metrics(ledger, stats),
        ledger=ledger,
        effective_num_ctx=stats.effective_num_ctx,
        gpu_share=stats.gpu_share,
    )


def warm_up(engine: Engine, request: Request) -> float | None:
    """Make a call whose only use is that the model is loaded after it; returns the load_ms that the engine reports."""
    stream = engine.stream(request)
    while True:
        try:
            next(stream)
        except StopIteration as end:
            stats: EngineStats = end.value
            return stats.load_ms


def call_metrics(ledger: Sequence[LedgerEntry], stats: EngineStats) -> CallMetrics:
    """Metrics of a call from its ledger (at least one entry) and the engine's statistics."""
    ttft, e2e = ledger[0].at_ms, ledger[-1].at_ms
    gaps = [after.at_ms - before.at_ms for before, after in pairwise(ledger)]
    centiles = quantiles(gaps, n=100, method="inclusive") if len(gaps) > 1 else None
    tokens = stats.output_tokens
    evaluated = None if stats.prompt_tokens is None else stats.prompt_tokens - (stats.prompt_cached_tokens or 0)
    parts = (stats.prompt_eval_ms, stats.eval_ms)
    return CallMetrics(
        ttft_ms=ttft,
        ttfa_ms=next((entry.at_ms for entry in ledger if not entry.thinking), None),
        e2e_ms=e2e,
        load_ms=stats.load_ms,
        prompt_eval_ms=stats.prompt_eval_ms,
        eval_ms=stats.eval_ms,
        total_ms=stats.total_ms,
        residual_ms=None
        if stats.total_ms is None or None in parts
        else stats.total_ms - (stats.load_ms or 0.0) - sum(part for part in parts if part is not None),
        prompt_tokens=stats.prompt_tokens,
        prompt_cached_tokens=stats.prompt_cached_tokens,
        output_tokens=tokens,
        decode_tok_s=_rate(tokens, stats.eval_ms),
        prefill_tok_s=_rate(evaluated, stats.prompt_eval_ms),
        tpot_ms=(e2e - ttft) / (tokens - 1) if tokens is not None and tokens > 1 else None,
        itl_p50_ms=centiles[49] if centiles else None,
        itl_p95_ms=centiles[94] if centiles else None,
        itl_p99_ms=centiles[98] if centiles else None,
        done_reason=stats.done_reason,
    )


def _rate(tokens: int | None, milliseconds: float | None) -> float | None:
    """Tokens a second; None where either is unknown or nothing was timed."""
    return tokens / milliseconds * 1e3 if tokens and milliseconds else None
