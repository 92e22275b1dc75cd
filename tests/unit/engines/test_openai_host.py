"""OPENAI_BASE_URL and OPENAI_API_KEY."""

import pytest

from chimera_dagster.engines.openai_host import address
from chimera_dagster.errors import SettingError


@pytest.mark.parametrize(
    ("value", "url", "root"),
    [
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1", "http://127.0.0.1:8080"),
        (" https://gpu-1.example.org/v1/ ", "https://gpu-1.example.org/v1", "https://gpu-1.example.org"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1", "http://[::1]:8000"),
        ("http://host/llama/v1", "http://host/llama/v1", "http://host/llama"),
        ("http://host:1", "http://host:1", "http://host:1"),
    ],
)
def test_address(value: str, url: str, root: str) -> None:
    found = address(value, None)
    assert (found.url, found.root, found.key) == (url, root, "")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "is not set"),
        (" ", "is not set"),
        ("127.0.0.1:8080/v1", "must begin with http"),
        ("ftp://host/v1", "must begin with http"),
        ("http://host:99999/v1", "Port out of range"),
        ("http://host:abc/v1", "Port could not be cast"),
        ("http:///v1", "neither a host name nor an address"),
        ("http://a b/v1", "neither a host name nor an address"),
        ("http://[::1/v1", "Invalid IPv6"),
        ("http://host/v1?x=1", "must not have a query"),
        ("http://host/v1 x", "must not have a query"),
    ],
)
def test_malformed_address(value: str | None, words: str) -> None:
    with pytest.raises(SettingError, match=f"OPENAI_BASE_URL.*{words}") as error:
        address(value, None)
    assert "http://127.0.0.1:8080/v1" in error.value.hint


@pytest.mark.parametrize(
    "value",
    [
        "http://me:hunter2@host/v1",
        "http://me:hunter2@host:abc/v1",
        "http://me:hunter2/x@host/v1",
        "http://me:hunter2\N{DOUBLE QUESTION MARK}@host/v1",  # which urlsplit refuses, and repeats
        "http://host/v1?key=hunter2",
        "ftp://host/v1?key=hunter2",
    ],
)
def test_no_message_repeats_a_secret_of_the_address(value: str) -> None:
    with pytest.raises(SettingError) as error:
        address(value, None)
    assert "hunter2" not in f"{error.value} {error.value.__cause__}"


def test_secrets_are_in_no_message() -> None:
    with pytest.raises(SettingError, match="OPENAI_API_KEY") as error:
        address("http://host/v1", "sk-hun\nter2")
    assert "ter2" not in str(error.value)


def test_key_is_trimmed_and_hidden() -> None:
    found = address("http://host/v1", " sk-secret\n")
    assert found.key == "sk-secret"
    assert "secret" not in repr(found)
    assert found.without_key("bad key sk-secret") == "bad key ***"
