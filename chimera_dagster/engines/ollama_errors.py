"""What the official client and httpx raise, as this project's errors, with the server's own words in them."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx
from pydantic import ValidationError

from chimera_dagster.engines.http import LONGEST_WORDS, nobody_there, server_words
from chimera_dagster.errors import (
    ContextTooSmallError,
    EngineBusyError,
    EngineError,
    EngineUnreachableError,
    ModelFileError,
    ModelNotFoundError,
    RequestRefusedError,
    StreamBrokenError,
)

_SERVER_LOG = "Look at Ollama's log ('journalctl -u ollama', or where 'ollama serve' runs)."
_CONTEXT_WORDS = ("exceeds the available context size", "prompt is longer than the context length")
_DAMAGED_WORDS = ("exceeds file size", "invalid file magic", "unable to load model", "error loading model")
_IN_STREAM = -1  # the official client's status for an error line inside a stream


@contextmanager
def translated(url: str) -> Generator[None]:
    """Raise errors of `errors.py` for what a question to the server at `url` raises (models, version, ...)."""
    try:
        yield
    except (httpx.TransportError, ConnectionError) as error:
        raise unreachable(url, error) from error
    # no JSON, JSON of another shape, or redirects without end
    except (ValueError, LookupError, TypeError, httpx.RequestError) as error:
        raise no_ollama(url) from error


@contextmanager
def translated_stream(url: str) -> Generator[None]:
    """Raise errors of `errors.py` for what a streamed generation raises."""
    from ollama import ResponseError

    try:
        yield
    except ResponseError as error:
        raise refusal(error.status_code, error.error, url) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, ConnectionError) as error:
        raise unreachable(url, error) from error
    except httpx.TransportError as error:
        raise StreamBrokenError(f"Ollama's stream was cut: {error}.", hint=_SERVER_LOG) from error
    except (ValueError, TypeError, httpx.RequestError) as error:  # TypeError: an error line whose error is no string
        raise StreamBrokenError(f"Ollama's stream holds a line that can't be read: {_fault(error)}.") from error


def refusal(status: int, text: Any, url: str) -> EngineError:
    """The error for an answer with an HTTP status of 400 or more, or -1 for an error line inside a stream."""
    words = server_words(text) or "no words"
    if any(known in words for known in _CONTEXT_WORDS):
        return ContextTooSmallError(
            f"The prompt does not fit the context window: {words}.",
            hint="Raise num_ctx in sweep.yaml.",
        )
    if any(known in words for known in _DAMAGED_WORDS):
        return ModelFileError(
            f"Ollama at {url} can't load the model: {words}.",
            hint="Its file is damaged, or of a kind that this version can't read: 'ollama rm' it and pull it again.",
        )
    if status == _IN_STREAM:
        return StreamBrokenError(f"Ollama ended the stream with an error: {words}.", hint=_SERVER_LOG)
    if status == 404:
        return ModelNotFoundError(f"Ollama at {url} says: {words}.") if "model" in words else no_ollama(url)
    if status == 503:
        return EngineBusyError(
            f"Ollama at {url} is busy (HTTP 503): {words}.",
            hint="Wait until its other calls are done, or raise OLLAMA_MAX_QUEUE where it runs.",
        )
    hint = _SERVER_LOG if status >= 500 else ""
    return RequestRefusedError(f"Ollama refused the request (HTTP {status}): {words}.", hint=hint)


def unreachable(url: str, error: Exception) -> EngineUnreachableError:
    """`Nothing answers at URL (connection refused).`"""
    return nobody_there(error, url, "Start Ollama ('ollama serve'), or set OLLAMA_HOST to where it runs.")


def no_ollama(url: str) -> EngineUnreachableError:
    return EngineUnreachableError(
        f"What answers at {url} is no Ollama server.", hint="Set OLLAMA_HOST to where Ollama runs."
    )


def _fault(error: Exception) -> str:
    if isinstance(error, ValidationError):  # of the official client's types
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)[:LONGEST_WORDS]
