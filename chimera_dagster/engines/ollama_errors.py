"""What the official client and httpx raise, as this project's errors, with the server's own words in them."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import httpx
from pydantic import ValidationError

from chimera_dagster.errors import (
    ContextTooSmallError,
    EngineBusyError,
    EngineError,
    EngineUnreachableError,
    ModelFileError,
    ModelNotFoundError,
    NothingListensError,
    RequestRefusedError,
    StreamBrokenError,
)

_SERVER_LOG = "Look at Ollama's log ('journalctl -u ollama', or where 'ollama serve' runs)."
_CONTEXT_WORDS = ("exceeds the available context size", "prompt is longer than the context length")
_DAMAGED_WORDS = ("exceeds file size", "invalid file magic", "unable to load model", "error loading model")
_IN_STREAM = -1  # the official client's status for an error line inside a stream
_LONGEST = 500  # characters; a proxy may answer with a page of HTML


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


def server_words(text: Any) -> str:
    """The message in an error body; the server nests JSON in strings, sometimes twice."""
    inner = text
    if isinstance(text, str):
        try:
            inner = json.loads(text)
        except ValueError:
            return text.strip().rstrip(".")[:_LONGEST]
        if isinstance(inner, str):
            return server_words(inner)
    if isinstance(inner, dict):
        body = cast(dict[str, Any], inner)
        for key in ("error", "message"):
            if key in body:
                return server_words(body[key])
    return str(text).strip()[:_LONGEST]


def unreachable(url: str, error: Exception) -> EngineUnreachableError:
    """`Nothing answers at URL (connection refused).`"""
    refused = any(isinstance(link, ConnectionRefusedError) for link in _chain(error))
    return (NothingListensError if refused else EngineUnreachableError)(
        f"Nothing answers at {url} ({_cause(error)}).",
        hint="Start Ollama ('ollama serve'), or set OLLAMA_HOST to where it runs.",
    )


def no_ollama(url: str) -> EngineUnreachableError:
    return EngineUnreachableError(
        f"What answers at {url} is no Ollama server.", hint="Set OLLAMA_HOST to where Ollama runs."
    )


def _fault(error: Exception) -> str:
    if isinstance(error, ValidationError):  # of the official client's types
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)[:_LONGEST]


def _cause(error: BaseException) -> str:
    """The system's words at the bottom of the chain: the client replaces them by advice to download Ollama."""
    for link in reversed(_chain(error)):
        if isinstance(link, TimeoutError | httpx.TimeoutException):
            return "no answer in time"
        if isinstance(link, OSError) and link.strerror:
            return link.strerror[0].lower() + link.strerror[1:]
    return str(error) or type(error).__name__


def _chain(error: BaseException) -> list[BaseException]:
    chain = [error]
    while (below := chain[-1].__cause__ or chain[-1].__context__) is not None and below not in chain:
        chain.append(below)
    return chain
