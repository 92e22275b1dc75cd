"""A running Ollama server through its official client."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chimera_dagster.engines.base import Emit, EngineStats, ModelInfo, Request, Stream, pump
from chimera_dagster.engines.ollama_host import server_url
from chimera_dagster.errors import EngineError, ModelNotFoundError, StreamBrokenError

if TYPE_CHECKING:
    from ollama import GenerateResponse

    from chimera_dagster.engines.ollama_http import Session

KEEP_ALIVE = "10m"  # longer than what a trial does between its calls


class OllamaEngine:
    """Calls may run side by side, each on its own connection; the server decides which of them wait."""

    name = "ollama"
    caches_prompts = True

    def __init__(self, host: str | None = None) -> None:
        """`host` as in OLLAMA_HOST, which is read where it is None. Raises SettingError for a malformed one."""
        self.url = server_url(os.environ.get("OLLAMA_HOST") if host is None else host)
        self._idle: list[Session] = []

    def version(self) -> str:
        with self._session() as session:
            answer = session.http.get("/api/version").raise_for_status()
            return f"ollama {answer.json()['version']}"

    def models(self) -> list[str]:
        with self._session() as session:
            return sorted(model.model for model in session.client.list().models if model.model)

    def describe(self, model: str) -> ModelInfo:
        try:
            with self._session() as session:
                shown = session.client.show(model)
                listed = session.client.list().models
        except ModelNotFoundError as error:
            raise self._not_found(model) from error
        details, facts = shown.details, shown.modelinfo or {}
        architecture = facts.get("general.architecture")
        return ModelInfo(
            tag=model,
            digest=next((entry.digest for entry in listed if same_model(entry.model or "", model)), None),
            family=details.family if details else None,
            parameter_size=details.parameter_size if details else None,
            quantization=details.quantization_level if details else None,
            trained_context=_count(facts, f"{architecture}.context_length"),
            layers=_count(facts, f"{architecture}.block_count"),
        )

    def stream(self, request: Request) -> Stream:
        """As the Protocol says. A prompt that does not fit is refused, never cut."""
        session = self._take()
        reusable = False
        try:
            stats = yield from pump(
                lambda emit: _generate(session, request, emit), request.timeouts, session.transport.abort
            )
            reusable = True
        except ModelNotFoundError as error:
            raise self._not_found(request.model) from error
        finally:
            self._give_back(session, reusable)
        return replace(stats, **self._placement(request.model))

    def unload(self, model: str) -> None:
        with self._session() as session:
            session.client.generate(model=model, keep_alive=0)

    def close(self) -> None:
        """Close the connections. Models stay with the server, which others may use."""
        while self._idle:
            self._idle.pop().close()

    def _placement(self, model: str) -> dict[str, Any]:
        """The context window and the share of the model in GPU memory that a call really had, asked for after it."""
        try:
            with self._session() as session:
                running = session.client.ps().models
        except EngineError:  # the call itself went well
            return {}
        for entry in running:
            if same_model(entry.model or entry.name or "", model):
                known = entry.size and entry.size_vram is not None
                return {
                    "effective_num_ctx": entry.context_length,
                    "gpu_share": (entry.size_vram or 0) / entry.size if known and entry.size else None,
                }
        return {}

    def _not_found(self, model: str) -> ModelNotFoundError:
        try:
            there = ", ".join(self.models()) or "no model yet"
        except EngineError as error:
            there = f"a list that can't be read now: {error.message}"
        return ModelNotFoundError(
            f"Ollama at {self.url} has no model {model!r}.", hint=f"Run 'ollama pull {model}'. It has {there}."
        )

    @contextmanager
    def _session(self) -> "Generator[Session]":
        """A connection for one question to the server, with what it raises translated."""
        session = self._take()
        from chimera_dagster.engines.ollama_errors import translated

        reusable = False
        try:
            with translated(self.url):
                yield session
            reusable = True
        finally:
            self._give_back(session, reusable)

    def _take(self) -> "Session":
        try:
            return self._idle.pop()
        except IndexError:
            from chimera_dagster.engines.ollama_http import open_session

            return open_session(self.url)

    def _give_back(self, session: "Session", reusable: bool) -> None:
        """Keep a connection that ended a call well, so that the next call is not timed with a connect in it."""
        if reusable:
            self._idle.append(session)
        else:
            session.close()


def same_model(first: str, second: str) -> bool:
    """Whether Ollama takes two tags for the same model: the tag `latest` and the public library go without saying."""
    return _full_tag(first) == _full_tag(second)


def _full_tag(tag: str) -> str:
    tag = tag.lower().removeprefix("registry.ollama.ai/").removeprefix("library/")
    return tag if ":" in tag.rsplit("/", 1)[-1] else f"{tag}:latest"


def _generate(session: "Session", request: Request, emit: Emit) -> EngineStats:
    from chimera_dagster.engines.ollama_errors import translated_stream

    final: GenerateResponse | None = None
    with translated_stream(session.url):
        for part in session.client.generate(
            model=request.model,
            prompt=request.prompt,
            system=request.system,
            # a plain dict: the client's Options class drops what it does not know
            options={**request.params.options(), "seed": request.seed, "num_predict": request.max_tokens},
            keep_alive=KEEP_ALIVE,
            stream=True,
        ):
            if part.thinking:
                emit(part.thinking, True)
            if part.response:
                emit(part.response, False)
            if part.done:
                final = part
    if final is None or final.done_reason is None:
        raise StreamBrokenError(
            "Ollama's stream ended without its final message.",
            hint="The model may repeat itself without end; raise repeat_penalty or change the seed.",
        )
    return EngineStats(
        done_reason=final.done_reason,
        load_ms=_ms(final.load_duration),
        prompt_eval_ms=_ms(final.prompt_eval_duration),
        eval_ms=_ms(final.eval_duration),
        total_ms=_ms(final.total_duration),
        prompt_tokens=final.prompt_eval_count,
        output_tokens=final.eval_count,
    )


def _ms(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e6


def _count(facts: Mapping[str, Any], key: str) -> int | None:
    value = facts.get(key)
    return value if isinstance(value, int) else None
