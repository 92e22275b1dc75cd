"""What an engine is: its models, and one streamed call.

Chunks are timestamped on the thread that receives them.
"""

import queue
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from chimera_dagster.errors import EngineTimeoutError
from chimera_dagster.spec.engine_names import Api
from chimera_dagster.spec.timeouts import Timeouts
from chimera_dagster.spec.trial import ParamSet


@dataclass(frozen=True)
class ModelInfo:
    """What an engine knows about a model. None: the engine does not report it."""

    tag: str
    digest: str | None = None
    family: str | None = None
    parameter_size: str | None = None
    quantization: str | None = None
    trained_context: int | None = None
    layers: int | None = None
    chat: bool = True  # False: a base model without a chat template, which continues text
    capabilities: tuple[str, ...] | None = None  # as the engine names them, such as "completion"
    default_options: str | None = None  # values of parameters that are not set, such as "temperature 0.7, top_k 20"
    file_sha256: str | None = None  # of the GGUF file; `digest` may be that of a manifest which names it
    template: str | None = None  # what turns a request into the text that the model continues


@dataclass(frozen=True)
class Request:
    """One call. `max_tokens` always limits the output: an unlimited generation may never end.

    `api` chooses between Ollama's two endpoints; an engine with one endpoint ignores it. The answer to a request with
    `choices` is one of them, perhaps as JSON text, if the engine can constrain it. A request that `may_be_cached` is
    not measured: its prompt may come from a cache.
    """

    model: str
    prompt: str
    system: str = ""
    params: ParamSet = field(default_factory=ParamSet)
    max_tokens: int = 512
    seed: int = 0
    timeouts: Timeouts = field(default_factory=Timeouts)
    api: Api = "generate"
    choices: tuple[str, ...] = ()
    may_be_cached: bool = False


class Chunk(NamedTuple):
    """A piece of streamed output; `at` is `time.perf_counter()` on arrival. `thinking` is not part of the answer."""

    text: str
    at: float
    thinking: bool = False


@dataclass(frozen=True)
class EngineStats:
    """What the engine reports about a call, in milliseconds and tokens. None: not reported (never 0 instead)."""

    done_reason: str
    load_ms: float | None = None
    prompt_eval_ms: float | None = None
    eval_ms: float | None = None
    total_ms: float | None = None
    prompt_tokens: int | None = None
    sent_tokens: int | None = None  # approximate: prompt and answer tokenized together, minus output_tokens
    prompt_cached_tokens: int | None = None
    output_tokens: int | None = None
    eval_tokens: int | None = None  # those of output_tokens whose generation `eval_ms` covers
    effective_num_ctx: int | None = None
    vram_mib: float | None = None  # GPU memory that the model uses
    gpu_share: float | None = None  # share of the model that is in GPU memory, 0 to 1
    use_by_others: str | None = None  # what shows that another client used the model during the call


Stream = Generator[Chunk, None, EngineStats]


def after_the_first(output_tokens: int | None) -> int | None:
    """`eval_tokens` of an engine whose generation time begins with the first token, which the prompt's pass made.

    So do llama.cpp (`predicted_ms`) and Ollama (`eval_duration`): of 84 calls, that time was 1.0005 of the time from
    the first chunk to the last.
    """
    return max(output_tokens - 1, 0) if output_tokens else None


class Engine(Protocol):
    """What every engine must implement; the contract suite in tests/contract checks it."""

    @property
    def name(self) -> str: ...

    @property
    def caches_prompts(self) -> bool:
        """Whether a prompt that begins like an earlier one may come from a cache that can't be switched off.

        If so, a call is measured with a nonce at the start of its prompt.
        """
        ...

    def version(self) -> str:
        """Version of the program that generates. Raises EngineUnreachableError."""
        ...

    def models(self) -> list[str]:
        """Tags of the available models, sorted. Raises EngineUnreachableError."""
        ...

    def describe(self, model: str) -> ModelInfo:
        """What is known about a model.

        Raises ModelNotFoundError, ModelFileError, EngineUnreachableError, and RequestRefusedError if the model can't
        generate text.
        """
        ...

    def stream(self, request: Request) -> Stream:
        """Chunks as they arrive, then the statistics as the generator's return value.

        Closing the generator cancels the call. Raises subclasses of EngineError.
        """
        ...

    def count_tokens(self, model: str, text: str) -> int | None:
        """Tokens of `text` by the tokenizer of `model`; None if the engine can't tell without loading a model."""
        ...

    def unload(self, model: str) -> None:
        """Unload `model`, so that the next call loads it; an engine that can't unload does nothing."""
        ...

    def close(self) -> None:
        """Release models and connections; the engine may be used again afterwards."""
        ...


class Cancelled(Exception):  # noqa: N818 - it is not an error
    """Raised into a producer whose consumer has gone."""


Emit = Callable[[str, bool], None]

# The consumer does not wake up for each chunk: that takes a core from a model that computes on all cores, and with
# thousands of chunks a second there is not enough time. It sleeps for about 8 chunks, at most 25 ms: handling a longer
# backlog would hold the GIL and delay the producer, which takes the timestamps.
_CHUNKS_PER_WAKE, _LONGEST_SLEEP_S = 8, 0.025


def pump(produce: Callable[[Emit], EngineStats], timeouts: Timeouts, abort: Callable[[], None] | None = None) -> Stream:
    """Run a blocking producer on a thread and yield what it emits, within the timeouts.

    `produce(emit)` calls `emit(text, thinking)` per chunk and returns the statistics; `emit` raises Cancelled once
    the consumer has gone. `abort` unblocks a producer that waits for its peer (closes the connection).
    Raises EngineTimeoutError, and whatever `produce` raises.
    """
    chunks: queue.SimpleQueue[Chunk | EngineStats | BaseException] = queue.SimpleQueue()
    cancelled = threading.Event()

    def emit(text: str, thinking: bool) -> None:
        if cancelled.is_set():
            raise Cancelled
        chunks.put(Chunk(text, time.perf_counter(), thinking))

    def work() -> None:
        try:
            chunks.put(produce(emit))
        except BaseException as error:  # noqa: BLE001 - carried to the consumer's thread and raised there
            chunks.put(error)

    worker = threading.Thread(target=work, name="engine-call", daemon=True)
    started = last = time.perf_counter()
    count = 0
    worker.start()
    allowed, kind = timeouts.first_token_s, "first token"
    ended = False  # then the worker needs no abort, even if its thread is still alive for a moment
    try:
        while True:
            now = time.perf_counter()
            left, until_next = started + timeouts.total_s - now, last + allowed - now
            try:
                item = chunks.get(timeout=max(0.0, min(until_next, left)))
            except queue.Empty:
                raise _timeout("whole call" if left <= until_next else kind, timeouts) from None
            ended = not isinstance(item, Chunk)
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, EngineStats):
                return item
            if item.at - started > timeouts.total_s:
                raise _timeout("whole call", timeouts)
            if item.at - last > allowed:
                raise _timeout(kind, timeouts)
            allowed, kind, last = timeouts.between_tokens_s, "next token", item.at
            count += 1
            yield item
            if chunks.empty():
                time.sleep(min(_LONGEST_SLEEP_S, _CHUNKS_PER_WAKE * (last - started) / count))
    finally:
        cancelled.set()
        if not ended and abort is not None:
            abort()
        worker.join(timeout=5.0)


def _timeout(kind: str, timeouts: Timeouts) -> EngineTimeoutError:
    field = {"first token": "first_token_s", "next token": "between_tokens_s", "whole call": "total_s"}[kind]
    return EngineTimeoutError(
        f"The {kind} took longer than {getattr(timeouts, field):g} s.",
        hint=f"Raise timeouts.{field} in sweep.yaml, or use a smaller model or max_tokens.",
    )
