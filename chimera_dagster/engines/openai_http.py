"""The connection to an OpenAI-compatible server. Translates its errors into this project's, keeping its message."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from httpx_sse import EventSource, connect_sse

from chimera_dagster.engines.base import Emit, EngineStats, after_the_first
from chimera_dagster.engines.http import TIMEOUT, AbortableTransport, no_answer, server_message
from chimera_dagster.engines.openai_host import Address
from chimera_dagster.engines.openai_server import Json, measured, section, tokens
from chimera_dagster.errors import (
    ContextTooSmallError,
    EngineBusyError,
    EngineError,
    EngineUnreachableError,
    ModelNotFoundError,
    RequestRefusedError,
    StreamBrokenError,
    WrongServerError,
)

# A model may take minutes to load, or to read its prompt.
_GENERATION = httpx.Timeout(5.0, connect=2.0, read=None)
_CONTEXT_MESSAGES = ("context length", "context size", "context_length_exceeded", "exceed_context_size_error")
_IN_STREAM = -1  # instead of an HTTP status, for an error inside a stream


@dataclass(frozen=True)
class Session:
    """A connection to one server, for one call at a time."""

    http: httpx.Client
    transport: AbortableTransport

    def close(self) -> None:
        self.http.close()


def open_session(address: Address) -> Session:
    """A session that connects when it is first used."""
    transport = AbortableTransport()
    headers = {"Authorization": f"Bearer {address.key}"} if address.key else {}
    return Session(httpx.Client(base_url=address.url, transport=transport, timeout=TIMEOUT, headers=headers), transport)


def generate(session: Session, address: Address, body: Json, emit: Emit) -> EngineStats:
    """Run one streamed call to its end. Raises subclasses of EngineError."""
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
    """`usage` is OpenAI's, `timings` are llama.cpp's, whose prompt_n does not count tokens from the cache."""
    prompt, cached, evaluated = tokens(usage, "prompt_tokens"), tokens(timings, "cache_n"), tokens(timings, "prompt_n")
    if prompt is None and cached is not None and evaluated is not None:
        prompt = cached + evaluated
    written = tokens(usage, "completion_tokens")
    output_tokens = tokens(timings, "predicted_n") if written is None else written
    return EngineStats(
        done_reason=finish,
        prompt_eval_ms=measured(timings, "prompt_ms"),
        eval_ms=measured(timings, "predicted_ms"),
        prompt_tokens=prompt,
        prompt_cached_tokens=tokens(section(usage, "prompt_tokens_details"), "cached_tokens")
        if cached is None
        else cached,
        output_tokens=output_tokens,
        eval_tokens=after_the_first(output_tokens) if "predicted_ms" in timings else None,
    )


@contextmanager
def translated(address: Address) -> Generator[None]:
    """Translate the errors of a request that is not a generation (models, version)."""
    try:
        yield
    except httpx.HTTPStatusError as error:
        raise refusal(error.response.status_code, error.response.text, address) from error
    except httpx.RequestError as error:
        raise unreachable(address, error) from error
    except (ValueError, LookupError, TypeError, RecursionError) as error:  # not JSON, or JSON of another shape
        raise no_server(address) from error


@contextmanager
def _translated_stream(address: Address) -> Generator[None]:
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise unreachable(address, error) from error
    except httpx.RequestError as error:
        raise StreamBrokenError(f"The server's stream was interrupted: {error}.", hint=_log_of(address)) from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise StreamBrokenError(f"The server's stream contains an unreadable event: {error}.") from error


def _refuse_other(source: EventSource, address: Address) -> None:
    """Raise if the answer is not a stream of events."""
    answer = source.response
    if answer.status_code != 200:
        answer.read()
        raise refusal(answer.status_code, answer.text, address)
    if answer.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/event-stream":
        answer.read()
        # LM Studio answers unknown paths with status 200
        raise refusal(answer.status_code, answer.text, address) if '"error"' in answer.text else no_server(address)


def refusal(status: int, body: str, address: Address) -> EngineError:
    """The error for a failed request, by its HTTP status and with the message of the server."""
    message = address.without_key(server_message(address.without_key(body)))
    if any(known in body.lower() for known in _CONTEXT_MESSAGES):
        return ContextTooSmallError(
            f"The prompt and the answer do not fit the context window: {message}.",
            hint="num_ctx is fixed when this server starts (llama.cpp: --ctx-size, vLLM: --max-model-len); "
            "start it with a larger one, or lower max_tokens.",
        )
    if status == _IN_STREAM:
        return StreamBrokenError(f"The server ended the stream with an error: {message}.", hint=_log_of(address))
    if status in {429, 503}:
        return EngineBusyError(
            f"The server at {address.url} is busy (HTTP {status}): {message}.",
            hint="Wait until its model is loaded and its other calls are done.",
        )
    return _permanent_refusal(status, message, address)


def _permanent_refusal(status: int, message: str, address: Address) -> EngineError:
    if status in {401, 403}:
        state = "the key in OPENAI_API_KEY" if address.key else "a request without OPENAI_API_KEY"
        return RequestRefusedError(
            f"The server at {address.url} refuses {state} (HTTP {status}): {message}.",
            hint="Set OPENAI_API_KEY to the key that the server was started with.",
        )
    html = message.startswith("<")
    if status == 404 and "model" in message and not html:
        return ModelNotFoundError(f"The server at {address.url} says: {message}.")
    if html or status in {404, 405} or 300 <= status < 400:
        return no_server(address)
    return RequestRefusedError(f"The server at {address.url} refused the request (HTTP {status}): {message}.")


def unreachable(address: Address, error: Exception) -> EngineUnreachableError:
    """`Nothing answers at URL (connection refused).`"""
    return no_answer(error, address.url, "Start the server, or set OPENAI_BASE_URL to where it runs.")


def no_server(address: Address) -> WrongServerError:
    return WrongServerError(
        f"What answers at {address.url} is not an OpenAI-compatible server.",
        hint="Set OPENAI_BASE_URL to the address of one; it usually ends in /v1.",
    )


def _log_of(address: Address) -> str:
    return f"See the log of the server at {address.url}."
