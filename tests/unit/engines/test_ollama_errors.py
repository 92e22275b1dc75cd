"""Error bodies and failed connections in words."""

import json
from typing import Any

import httpx
import pytest

from chimera_dagster import errors
from chimera_dagster.engines.http import server_message
from chimera_dagster.engines.ollama_errors import refusal, translated, translated_stream, unreachable

URL = "http://127.0.0.1:11434"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("plain words.", "plain words"),
        ({"error": "busy"}, "busy"),
        (json.dumps({"error": "busy"}), "busy"),
        ({"error": json.dumps({"error": {"code": 400, "message": "penalty must be > 0"}})}, "penalty must be > 0"),
        (json.dumps({"error": json.dumps({"error": {"message": "deep"}})}), "deep"),
        ({"code": 1}, "{'code': 1}"),
        ('"busy"', "busy"),
        ("", ""),
        ("42", "42"),
        ("x" * 9000, "x" * 500),
    ],
)
def test_server_message(body: Any, words: str) -> None:
    assert server_message(body) == words


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, "request (9 tokens) exceeds the available context size (8 tokens)", errors.ContextTooSmallError),
        (-1, "the prompt is longer than the context length currently available", errors.ContextTooSmallError),
        (-1, "unexpected EOF", errors.StreamBrokenError),
        (500, 'tensor "a" offset+size (9) exceeds file size (8)', errors.ModelFileError),
        (500, "unable to load model: /models/blobs/sha256-94", errors.ModelFileError),
        (-1, "error loading model: invalid file magic", errors.ModelFileError),
        (404, "model 'x' not found", errors.ModelNotFoundError),
        (404, "404 page not found", errors.WrongServerError),
        (400, "invalid model name", errors.RequestRefusedError),
        (403, "<html>forbidden</html>", errors.RequestRefusedError),
        (500, "cudaMalloc failed: out of memory", errors.RequestRefusedError),
        (503, "server busy", errors.EngineBusyError),
    ],
)
def test_refusal(status: int, body: str, kind: type[errors.EngineError]) -> None:
    error = refusal(status, body, URL)
    assert type(error) is kind
    if kind is not errors.WrongServerError:
        assert body in error.message


def test_error_without_words() -> None:
    assert refusal(403, "", URL).message == "Ollama refused the request (HTTP 403): no message."


@pytest.mark.parametrize(
    ("below", "kind"),
    [
        (ConnectionRefusedError(111, "Connection refused"), errors.NothingListensError),
        (OSError(113, "No route to host"), errors.EngineUnreachableError),
        (TimeoutError("timed out"), errors.EngineUnreachableError),
    ],
)
def test_only_a_refused_connection_means_that_nothing_listens(below: OSError, kind: type[errors.EngineError]) -> None:
    error = httpx.ConnectError("x")
    error.__cause__ = below
    assert type(unreachable(URL, error)) is kind


def test_nothing_of_the_http_client_leaks() -> None:
    for raised in (httpx.TooManyRedirects("20"), httpx.DecodingError("bad gzip")):
        with pytest.raises(errors.EngineUnreachableError, match="not an Ollama server"), translated(URL):
            raise raised
        with pytest.raises(errors.StreamBrokenError, match="unreadable line"), translated_stream(URL):
            raise raised


def test_unreachable_says_why() -> None:
    assert (
        unreachable(URL, httpx.ConnectTimeout("timed out")).message == f"Nothing answers at {URL} (no answer in time)."
    )
    error = httpx.ConnectError("x")
    error.__cause__ = OSError(113, "No route to host")
    assert unreachable(URL, error).message == f"Nothing answers at {URL} (no route to host)."
    assert unreachable(URL, httpx.ReadError("odd")).message == f"Nothing answers at {URL} (odd)."
