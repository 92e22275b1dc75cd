"""One LLM call, timed by the client's clock and by the engine; definitions in docs/metrics.md."""

import secrets
import string
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import quantiles
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from chimera_dagster.engines.base import Engine, EngineStats, Request
from chimera_dagster.engines.patience import Patience
from chimera_dagster.errors import EmptyOutputError, EngineBusyError, EngineUnreachableError

OnChunk = Callable[[int], None]

_NOT_REPORTED = "the engine does not report it"
_FEW_CHUNKS = {
    "ttft_ms": "the model wrote nothing",
    "ttfa_ms": "the model wrote nothing",
    "tpot_ms": "fewer than two tokens were written",
    **dict.fromkeys(("itl_p50_ms", "itl_p95_ms", "itl_p99_ms"), "fewer than three chunks arrived"),
}
_NONCE_LETTERS = 12  # of 26: no two calls of one machine are alike
_BRIEF_WAIT_S = 4.0


class LedgerEntry(BaseModel):
    """One streamed chunk: milliseconds since the request was sent, and its size in characters.

    If no chunk of an answer arrived, the last entry has no characters: it is when the stream ended.
    """

    model_config = ConfigDict(frozen=True)

    at_ms: float
    chars: int
    thinking: bool = False


class CallMetrics(BaseModel):
    """Metrics of one call by their names in docs/metrics.md; None if not measured, and `reasons` says why."""

    model_config = ConfigDict(frozen=True)

    ttft_ms: float | None
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
    eval_tokens: int | None = None
    decode_tok_s: float | None
    decode_reported_tok_s: float | None = None
    prefill_tok_s: float | None
    tpot_ms: float | None
    itl_p50_ms: float | None
    itl_p95_ms: float | None
    itl_p99_ms: float | None
    done_reason: str
    reasons: dict[str, str]

    @property
    def decoded_tokens(self) -> int | None:
        """The tokens that `eval_ms` covers; all of them in a record of an earlier version, which knew no better."""
        return self.output_tokens if self.eval_tokens is None or not self.output_tokens else self.eval_tokens


class Call(BaseModel):
    """One finished call: everything that its metrics are computed from, now and later.

    `sent_ms` is when the request was sent, since the trial began. `prompt_chars` is the length of what was sent, with
    the `nonce` at its start if the engine caches prompts. `retries` counts the attempts that the server refused; no
    time includes them. `ended_ms` is when the engine had answered everything about the call, since it was sent: later
    than the last chunk, as tokens without text send none; None in records of earlier versions.
    """

    model_config = ConfigDict(frozen=True)

    stage: str
    repeat: int
    seed: int
    text: str
    nonce: str | None
    retries: int
    prompt_chars: int
    sent_ms: float
    stats: EngineStats
    ledger: list[LedgerEntry]
    ended_ms: float | None = None

    @property
    def name(self) -> str:
        """`analysis 1`: its name in verdicts and tables."""
        return f"{self.stage} {self.repeat + 1}"

    @property
    def end_ms(self) -> float:
        """When its last chunk arrived, since the trial began."""
        return self.sent_ms + self.ledger[-1].at_ms


class _Stream(NamedTuple):
    """A finished stream: when the request was sent and answered, what arrived, the answer, the engine's statistics."""

    sent: float
    ended: float
    ledger: list[LedgerEntry]
    answer: str
    stats: EngineStats


def timed_call(
    engine: Engine,
    request: Request,
    stage: str,
    repeat: int = 0,
    began: float | None = None,
    on_chunk: OnChunk | None = None,
    *,
    may_be_empty: bool = False,
    patience: Patience | None = None,
    reload: Callable[[], object] | None = None,
) -> Call:
    """Send `request`, follow its stream, and keep what is needed to measure it.

    `began` is when the trial began (`time.perf_counter()`; None: with this call). `on_chunk(n)` is called with the
    number of chunks so far. A request that the server refuses because it is down or busy has measured nothing, so it
    is sent again as `patience` allows (None: for a few seconds), after `reload`, which loads the model into a server
    that was down. A call that has begun is never repeated. Raises EmptyOutputError if the stream ends without an
    answer, unless it `may_be_empty`, and what the engine raises.
    """
    nonce = _nonce() if engine.caches_prompts else None
    request = request if nonce is None else _with_nonce(request, nonce)
    refused: list[Exception] = []

    def send() -> _Stream:
        if reload is not None and any(isinstance(error, EngineUnreachableError) for error in refused):
            reload()
        try:
            return _follow(engine, request, on_chunk)
        except (EngineUnreachableError, EngineBusyError) as error:
            refused.append(error)
            raise

    stream = (patience or Patience(_BRIEF_WAIT_S)).ask(send)
    if not stream.answer and not may_be_empty:
        raise EmptyOutputError(
            f"{request.model} wrote nothing in the {stage} (done_reason {stream.stats.done_reason}).",
            hint="Raise max_tokens, or try another temperature or seed.",
        )
    return Call(
        stage=stage,
        repeat=repeat,
        seed=request.seed,
        text=stream.answer,
        nonce=nonce,
        retries=len(refused),
        prompt_chars=len(request.system) + len(request.prompt),
        sent_ms=0.0 if began is None else (stream.sent - began) * 1e3,
        stats=stream.stats,
        ledger=stream.ledger,
        ended_ms=(stream.ended - stream.sent) * 1e3,
    )


def warm_up(engine: Engine, request: Request) -> float | None:
    """Make a call that only loads the model; returns the load_ms that the engine reports."""
    return _follow(engine, request, None).stats.load_ms


def unmeasured_call(engine: Engine, request: Request) -> tuple[str, float]:
    """Make a call that no metric counts, without a nonce; returns its answer and the milliseconds that it took."""
    stream = _follow(engine, request, None)
    return stream.answer, stream.ledger[-1].at_ms


def call_metrics(ledger: Sequence[LedgerEntry], stats: EngineStats) -> CallMetrics:
    """Metrics of a call, from its ledger of one or more entries and the engine's statistics."""
    arrived = [entry for entry in ledger if entry.chars]
    ttft, e2e = arrived[0].at_ms if arrived else None, ledger[-1].at_ms
    gaps = [after.at_ms - before.at_ms for before, after in pairwise(arrived)]
    centiles = quantiles(gaps, n=100, method="inclusive") if len(gaps) > 1 else None
    tokens = stats.output_tokens
    evaluated = None if stats.prompt_tokens is None else stats.prompt_tokens - (stats.prompt_cached_tokens or 0)
    values: dict[str, float | None] = {
        "ttft_ms": ttft,
        "ttfa_ms": next((entry.at_ms for entry in arrived if not entry.thinking), None),
        "load_ms": stats.load_ms,
        "prompt_eval_ms": stats.prompt_eval_ms,
        "eval_ms": stats.eval_ms,
        "total_ms": stats.total_ms,
        "residual_ms": _residual(stats),
        "prompt_tokens": stats.prompt_tokens,
        "prompt_cached_tokens": stats.prompt_cached_tokens,
        "output_tokens": tokens,
        "eval_tokens": stats.eval_tokens,
        "decode_tok_s": rate(tokens if stats.eval_tokens is None else stats.eval_tokens, stats.eval_ms),
        "decode_reported_tok_s": None if stats.eval_tokens is None else rate(tokens, stats.eval_ms),
        "prefill_tok_s": rate(evaluated, stats.prompt_eval_ms),
        "tpot_ms": (e2e - ttft) / (tokens - 1) if ttft is not None and tokens is not None and tokens > 1 else None,
        "itl_p50_ms": centiles[49] if centiles else None,
        "itl_p95_ms": centiles[94] if centiles else None,
        "itl_p99_ms": centiles[98] if centiles else None,
    }
    return CallMetrics.model_validate(
        {
            **values,
            "e2e_ms": e2e,
            "done_reason": stats.done_reason,
            "reasons": {name: _why(name, stats) for name, value in values.items() if value is None},
        }
    )


def rate(tokens: float | None, milliseconds: float | None) -> float | None:
    """Tokens per second; None if either is unknown or 0."""
    return tokens / milliseconds * 1e3 if tokens and milliseconds else None


def _follow(engine: Engine, request: Request, on_chunk: OnChunk | None) -> _Stream:
    chunks: list[tuple[float, int, bool]] = []  # plain tuples: this loop is timed
    answer: list[str] = []
    sent = time.perf_counter()
    stream = engine.stream(request)
    try:
        while True:
            text, at, thinking = next(stream)
            if text:
                chunks.append((at, len(text), thinking))
                if not thinking:
                    answer.append(text)
                if on_chunk is not None:
                    on_chunk(len(chunks))
    except StopIteration as end:
        stats: EngineStats = end.value
    finally:
        stream.close()
    ended = time.perf_counter()
    if not answer:
        chunks.append((ended, 0, False))
    ledger = [LedgerEntry(at_ms=(at - sent) * 1e3, chars=size, thinking=thinks) for at, size, thinks in chunks]
    return _Stream(sent, ended, ledger, "".join(answer), stats)


def _nonce() -> str:
    """Letters only: a digit in a prompt would be taken for a figure."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(_NONCE_LETTERS))


def _with_nonce(request: Request, nonce: str) -> Request:
    """The request with `nonce` at its very start: a cache finds prompts by their beginnings."""
    first = f"[{nonce}]\n"
    if request.system:
        return replace(request, system=first + request.system)
    return replace(request, prompt=first + request.prompt)


def _residual(stats: EngineStats) -> float | None:
    if stats.total_ms is None or stats.prompt_eval_ms is None or stats.eval_ms is None:
        return None
    # a warm call loads nothing
    return stats.total_ms - (stats.load_ms or 0.0) - stats.prompt_eval_ms - stats.eval_ms


def _why(name: str, stats: EngineStats) -> str:
    """Why a metric is null."""
    if name == "load_ms" and stats.eval_ms is not None:
        return "nothing was loaded during this call, or the engine does not report it"
    if name == "prefill_tok_s" and stats.prompt_tokens and stats.prompt_tokens == stats.prompt_cached_tokens:
        return "the whole prompt came from a cache"
    if name == "decode_tok_s" and stats.output_tokens is not None and stats.eval_ms is not None:
        return "the engine reports no time, or none for a token after the first"
    if name == "tpot_ms" and stats.output_tokens is None:
        return _NOT_REPORTED
    return _FEW_CHUNKS.get(name, _NOT_REPORTED)
