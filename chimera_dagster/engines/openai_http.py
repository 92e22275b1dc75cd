"""The connection to an OpenAI-compatible server, and what goes wrong there in this project's errors.

Imports httpx at its top, so it is imported where an engine is used and not before.
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from httpx_sse import EventSource, connect_sse

from chimera_dagster.engines.base import Emit, EngineStats
from chimera_dagster.engines.http import TIMEOUT, AbortableTransport, nobody_there, server_words
from chimera_dagster.engines.openai_host import Address
from chimera_dagster.engines.openai_server import Json, count, section
from chimera_dagster.errors import (
    ContextTooSmallError,
    EngineBusyError,
    EngineError,
    EngineUnreachableError,
    ModelNotFoundError,
    RequestRefusedError,
    StreamBrokenError,
)

# A model may take minutes to load, or to read its prompt.
_GENERATION = httpx.Timeout(5.0, connect=2.0, read=None)
_CONTEXT_WORDS = ("context length", "context size", "context_length_exceeded", "exceed_context_size_error")
_IN_STREAM = -1  # in the place of an HTTP status, for an error inside a stream


@dataclass(frozen=True)
class Session:
    """A connection to one server, for one call at a time."""

    http: httpx.Client
    transport: AbortableTransport

    def close(self) -> None:
        self.http.close()


def open_session(address: Address) -> Session:
    """Prepare a session; connects when it is first used."""
    transport = AbortableTransport()
    headers = {"Accept-Encoding": "identity"}  # to compress a stream is to hold tokens back
    if address.key:
        headers["Authorization"] = f"Bearer {address.key}"
    return Session(httpx.Client(base_url=address.url, transport=transport, timeout=TIMEOUT, headers=headers), transport)


def generate(session: Session, address: Address, body: Json, emit: Emit) -> EngineStats:
    """One streamed call to its end; raises the errors under EngineError."""
    finish: str | None = None
    usage: Json = {}
    timings: Json = {}
    with (
        _translated_stream(address),
        connect_sse(session.http, "POST", "chat/completions", json=body, timeout=_GENERATION) as source,
    ):
        _refuse_other(source, address)
        for event in source.iter_sse():
            if event.data in {"", "[DONE]"}:
                continue
            part: Json = {"error": event.data} if event.event == "error" else dict(json.loads(event.data))
            if part.get("error") or part.get("object") == "error":
                raise refusal(_IN_STREAM, json.dumps(part), address)
            usage, timings = section(part, "usage") or usage, section(part, "timings") or timings
            for choice in part.get("choices") or ():
                delta = section(choice, "delta")
                thought = delta.get("reasoning_content") or delta.get("reasoning")
                if thought:
                    emit(thought, True)
                if delta.get("content"):
                    emit(delta["content"], False)
                finish = choice.get("finish_reason") or finish
    if finish is None:
        raise StreamBrokenError("The server's stream ended without a finish_reason.", hint=_log_of(address))
    return _stats(finish, usage, timings)


def _stats(finish: str, usage: Json, timings: Json) -> EngineStats:
    """`usage` is OpenAI's, `timings` are llama.cpp's; its prompt_n leaves out what came from the cache."""
    told, cached, evaluated = count(usage, "prompt_tokens"), count(timings, "cache_n"), count(timings, "prompt_n")
    if told is None and cached is not None and evaluated is not None:
        told = cached + evaluated
    written = count(usage, "completion_tokens")
    return EngineStats(
        done_reason=finish,
        prompt_eval_ms=timings.get("prompt_ms"),
        eval_ms=timings.get("predicted_ms"),
        prompt_tokens=told,
        prompt_cached_tokens=count(section(usage, "prompt_tokens_details"), "cached_tokens")
        if cached is None
        else cached,
        output_tokens=count(timings, "predicted_n") if written is None else written,
    )


@contextmanager
def translated(address: Address) -> Generator[None]:
    """Raise errors of `errors.py` for what a question to the server raises (models, version)."""
    try:
        yield
    except httpx.HTTPStatusError as error:
        raise refusal(error.response.status_code, error.response.text, address) from error
    except httpx.RequestError as error:
        raise unreachable(address, error) from error
    except (ValueError, LookupError, TypeError) as error:  # no JSON, or JSON of another shape
        raise no_server(address) from error


@contextmanager
def _translated_stream(address: Address) -> Generator[None]:
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise unreachable(address, error) from error
    except httpx.RequestError as error:
        raise StreamBrokenError(f"The server's stream was cut: {error}.", hint=_log_of(address)) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise StreamBrokenError(f"The server's stream holds an event that can't be read: {error}.") from error


def _refuse_other(source: EventSource, address: Address) -> None:
    """Raise for an answer that is no stream of events."""
    answer = source.response
    if answer.status_code != 200:
        answer.read()
        raise refusal(answer.status_code, answer.text, address)
    if answer.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/event-stream":
        answer.read()
        # LM Studio answers with status 200 what it does not know
        raise refusal(answer.status_code, answer.text, address) if '"error"' in answer.text else no_server(address)


def refusal(status: int, body: str, address: Address) -> EngineError:
    """The error for an answer that is none, by its HTTP status and with the server's own words."""
    words = address.without_key(server_words(address.without_key(body)))
    if any(known in body.lower() for known in _CONTEXT_WORDS):
        return ContextTooSmallError(
            f"The prompt and the answer do not fit the context window: {words}.",
            hint="num_ctx is fixed when this server starts (llama.cpp: --ctx-size, vLLM: --max-model-len); "
            "start it with a larger one, or lower max_tokens.",
        )
    if status == _IN_STREAM:
        return StreamBrokenError(f"The server ended the stream with an error: {words}.", hint=_log_of(address))
    if status in {429, 503}:
        return EngineBusyError(
            f"The server at {address.url} is busy (HTTP {status}): {words}.",
            hint="Wait until its model is loaded and its other calls are done.",
        )
    return _refusal_for_good(status, words, address)


def _refusal_for_good(status: int, words: str, address: Address) -> EngineError:
    if status in {401, 403}:
        state = "the key in OPENAI_API_KEY" if address.key else "a request without OPENAI_API_KEY"
        return RequestRefusedError(
            f"The server at {address.url} refuses {state} (HTTP {status}): {words}.",
            hint="Set OPENAI_API_KEY to the key that the server was started with.",
        )
    html = words.startswith("<")
    if status == 404 and "model" in words and not html:
        return ModelNotFoundError(f"The server at {address.url} says: {words}.")
    if html or status in {404, 405} or 300 <= status < 400:
        return no_server(address)
    return RequestRefusedError(f"The server at {address.url} refused the request (HTTP {status}): {words}.")


def unreachable(address: Address, error: Exception) -> EngineUnreachableError:
    """`Nothing answers at URL (connection refused).`"""
    return nobody_there(error, address.url, "Start the server, or set OPENAI_BASE_URL to where it runs.")


def no_server(address: Address) -> EngineUnreachableError:
    return EngineUnreachableError(
        f"What answers at {address.url} is no OpenAI-compatible server.",
        hint="Set OPENAI_BASE_URL to where one runs; it mostly ends in /v1.",
    )


def _log_of(address: Address) -> str:
    return f"Look at the log of the server at {address.url}."
