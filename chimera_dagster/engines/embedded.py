"""llama.cpp in this process, through xllamacpp: real models without a server, on the CPU or on a supported GPU."""

import atexit
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil

from chimera_dagster.engines.base import Cancelled, Emit, EngineStats, ModelInfo, Request, Stream, after_the_first, pump
from chimera_dagster.engines.gguf import model_info
from chimera_dagster.engines.llama import LoadedModel, LoadKey, gpu_present, xllamacpp
from chimera_dagster.engines.llama_grammar import constrained
from chimera_dagster.engines.models import find_model, tags_at_hand
from chimera_dagster.errors import ContextTooSmallError, RequestRefusedError, StreamBrokenError

DEFAULT_NUM_CTX = 4096


class EmbeddedEngine:
    """One model is loaded at a time and kept between calls; calls wait for one another."""

    name = "embedded"
    caches_prompts = False

    def __init__(self, threads: int | None = None) -> None:
        """`threads` of llama.cpp; None: one for each core that this process may use."""
        self._threads = threads or _cores()
        self._lock = threading.Lock()
        self._loaded: LoadedModel | None = None
        self._tag = ""  # by which the newest call named it
        # A cancelled call may still be inside llama.cpp, and crashes if the interpreter is torn down under it.
        atexit.register(self.close)

    def version(self) -> str:
        return f"xllamacpp {xllamacpp().__version__}"

    def models(self) -> list[str]:
        return tags_at_hand()

    def describe(self, model: str) -> ModelInfo:
        file = find_model(model)
        return model_info(model, file.path, file.sha256)

    def stream(self, request: Request) -> Stream:
        info = self.describe(request.model)

        def produce(emit: Emit) -> EngineStats:
            with self._lock:
                return self._generate(request, info, emit)

        return pump(produce, request.timeouts)

    def count_tokens(self, model: str, text: str) -> int | None:
        """Tokens of `text`; None if `model` is not loaded: loading it here would be measured as part of no call."""
        with self._lock:
            if self._loaded is None or self._tag != model:
                return None
            return self._loaded.count_tokens(text)

    def unload(self, model: str) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            self._unload()

    def _generate(self, request: Request, info: ModelInfo, emit: Emit) -> EngineStats:
        num_ctx = min(request.params.num_ctx or DEFAULT_NUM_CTX, info.trained_context or 1 << 62)
        started = time.perf_counter()
        file = find_model(request.model)
        server, load_ms = self._load(LoadKey(file.path, file.sha256, num_ctx, request.params.num_gpu))
        self._tag = request.model
        payload: dict[str, Any] = {
            "max_tokens": request.max_tokens,
            "seed": request.seed,
            "stream": True,
            "stream_options": {"include_usage": True},
            # a cached prompt would be measured as a fast prefill
            "cache_prompt": request.may_be_cached,
            **constrained(request.choices),
        }
        payload |= request.params.model_dump(
            include={"temperature", "top_p", "top_k", "repeat_penalty"}, exclude_none=True
        )
        if info.chat:
            system = [{"role": "system", "content": request.system}] if request.system else []
            payload["messages"] = [*system, {"role": "user", "content": request.prompt}]
            handle = server.handle_chat_completions
        else:
            payload["prompt"] = f"{request.system}\n\n{request.prompt}".lstrip()
            handle = server.handle_completions
        outcome = _consume(handle, payload, emit)
        timings, usage = outcome.get("timings"), outcome.get("usage")
        if outcome.get("done_reason") is None or timings is None or usage is None:
            raise StreamBrokenError("The embedded engine's stream ended without its final message.")
        return EngineStats(
            done_reason=outcome["done_reason"],
            load_ms=load_ms,
            prompt_eval_ms=timings["prompt_ms"],
            eval_ms=timings["predicted_ms"],
            total_ms=(time.perf_counter() - started) * 1e3,
            prompt_tokens=usage["prompt_tokens"],
            prompt_cached_tokens=timings["cache_n"],
            output_tokens=usage["completion_tokens"],
            eval_tokens=after_the_first(usage["completion_tokens"]),
            effective_num_ctx=num_ctx,
            gpu_share=None if gpu_present() else 0.0,
        )

    def _load(self, key: LoadKey) -> tuple[Any, float | None]:
        """The server for `key`, and the milliseconds that loading took; None if it was loaded already."""
        if self._loaded is not None and self._loaded.key == key:
            return self._loaded.server, None
        self._unload()  # frees the memory of the old model before the new one is loaded
        self._loaded = LoadedModel(key, self._threads)
        return self._loaded.server, self._loaded.load_ms

    def _unload(self) -> None:
        if self._loaded is not None:
            self._loaded.close()
            self._loaded = None


def _consume(handle: Callable[..., None], payload: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Run one call to its end, emit its text, and return done_reason, timings and usage, if they were sent."""
    outcome: dict[str, Any] = {}

    def on_chunk(chunk: dict[str, Any]) -> bool:
        """xllamacpp's callback; True stops the generation. An exception must not cross the C++ frames below."""
        if "error" in chunk:
            outcome["error"] = chunk["error"]
            return True
        outcome.update({name: chunk[name] for name in ("timings", "usage") if name in chunk})
        for choice in chunk["choices"]:
            delta = choice.get("delta", choice)
            outcome["done_reason"] = choice.get("finish_reason") or outcome.get("done_reason")
            try:
                if delta.get("reasoning_content"):
                    emit(delta["reasoning_content"], True)
                text = delta.get("content") or delta.get("text")
                if text:
                    emit(text, False)
            except Cancelled as cancelled:
                outcome["cancelled"] = cancelled
                return True
        return False

    handle(payload, on_chunk)
    if "cancelled" in outcome:
        raise outcome["cancelled"]
    if "error" in outcome:
        raise _refusal(outcome["error"])
    return outcome


def _refusal(error: dict[str, Any]) -> ContextTooSmallError | RequestRefusedError:
    if error.get("type") == "exceed_context_size_error":
        return ContextTooSmallError(
            f"The prompt has {error['n_prompt_tokens']} tokens and the context window {error['n_ctx']}.",
            hint="Raise num_ctx in sweep.yaml.",
        )
    return RequestRefusedError(f"The embedded engine refused the request: {error.get('message', error)}.")


def _cores() -> int:
    """Physical cores that this process may use: two threads on one core slow each other down."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, psutil.cpu_count(logical=False) or usable)
