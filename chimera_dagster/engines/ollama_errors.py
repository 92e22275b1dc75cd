"""Translates errors of the official client and httpx into this project's errors, keeping the server's message."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx
from pydantic import ValidationError

from chimera_dagster.engines.http import MAX_MESSAGE, no_answer, server_message
from chimera_dagster.errors import (
    ContextTooSmallError,
    EngineBusyError,
    EngineError,
    EngineUnreachableError,
    ModelFileError,
    ModelNotFoundError,
    RequestRefusedError,
    StreamBrokenError,
    WrongServerError,
)

_SERVER_LOG = "See Ollama's log ('journalctl -u ollama', or the terminal of 'ollama serve')."
_CONTEXT_MESSAGES = ("exceeds the available context size", "prompt is longer than the context length")
_DAMAGED_MESSAGES = ("exceeds file size", "invalid file magic", "unable to load model", "error loading model")
_IN_STREAM = -1  # the official client's status for an error line inside a stream


@contextmanager
def translated(url: str) -> Generator[None]:
    """Translate the errors of a request to the server at `url` that is not a generation (models, version, ...)."""
    try:
        yield
    except (httpx.TransportError, ConnectionError) as error:
        raise unreachable(url, error) from error
    # not JSON, JSON of another shape, or endless redirects
    except (ValueError, LookupError, TypeError, RecursionError, httpx.RequestError) as error:
        raise no_ollama(url) from error


@contextmanager
def translated_stream(url: str) -> Generator[None]:
    """Translate the errors of a streamed generation."""
    from ollama import ResponseError

    try:
        yield
    except ResponseError as error:
        raise refusal(error.status_code, error.error, url) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, ConnectionError) as error:
        raise unreachable(url, error) from error
    except httpx.TransportError as error:
        raise StreamBrokenError(f"Ollama's stream was interrupted: {error}.", hint=_SERVER_LOG) from error
    # RecursionError: one that is nested too deeply; TypeError: an error line whose error is not a string
    except (ValueError, TypeError, RecursionError, httpx.RequestError) as error:
        raise StreamBrokenError(f"Ollama's stream contains an unreadable line: {_fault(error)}.") from error


def refusal(status: int, text: Any, url: str) -> EngineError:
    """The error for an HTTP status of 400 or higher, or for an error line inside a stream (-1)."""
    message = server_message(text) or "no message"
    if any(known in message for known in _CONTEXT_MESSAGES):
        return ContextTooSmallError(
            f"The prompt does not fit the context window: {message}.",
            hint="Raise num_ctx in sweep.yaml.",
        )
    if any(known in message for known in _DAMAGED_MESSAGES):
        return ModelFileError(
            f"Ollama at {url} can't load the model: {message}.",
            hint="Its file is damaged, or this version can't read it: remove it with 'ollama rm' and pull it again.",
        )
    if status == _IN_STREAM:
        return StreamBrokenError(f"Ollama ended the stream with an error: {message}.", hint=_SERVER_LOG)
    if status == 404:
        return ModelNotFoundError(f"Ollama at {url} says: {message}.") if "model" in message else no_ollama(url)
    if status == 503:
        return EngineBusyError(
            f"Ollama at {url} is busy (HTTP 503): {message}.",
            hint="Wait until its other calls are done, or raise OLLAMA_MAX_QUEUE of the server.",
        )
    hint = _SERVER_LOG if status >= 500 else ""
    return RequestRefusedError(f"Ollama refused the request (HTTP {status}): {message}.", hint=hint)


def unreachable(url: str, error: Exception) -> EngineUnreachableError:
    """`Nothing answers at URL (connection refused).`"""
    return no_answer(error, url, "Start Ollama ('ollama serve'), or set OLLAMA_HOST to where it runs.")


def no_ollama(url: str) -> WrongServerError:
    return WrongServerError(
        f"What answers at {url} is not an Ollama server.", hint="Set OLLAMA_HOST to where Ollama runs."
    )


def _fault(error: Exception) -> str:
    if isinstance(error, ValidationError):  # of the official client's types
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)[:MAX_MESSAGE]
