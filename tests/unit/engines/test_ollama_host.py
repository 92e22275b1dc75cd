"""OLLAMA_HOST in the forms that Ollama's own tests list, and as a client has to read them."""

import pytest

from chimera_dagster.engines.ollama_host import server_url
from chimera_dagster.errors import SettingError


@pytest.mark.parametrize(
    ("value", "url"),
    [
        (None, "http://127.0.0.1:11434"),
        ("", "http://127.0.0.1:11434"),
        ("  ", "http://127.0.0.1:11434"),
        ("1.2.3.4", "http://1.2.3.4:11434"),
        ("1.2.3.4:1234", "http://1.2.3.4:1234"),
        (":1234", "http://127.0.0.1:1234"),
        ("example.com", "http://example.com:11434"),
        ("example.com:1234", "http://example.com:1234"),
        ("my_host-1", "http://my_host-1:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("::1", "http://[::1]:11434"),
        ("[::1]:1337", "http://[::1]:1337"),
        ("http://[::1]", "http://[::1]:80"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("http://0.0.0.0:1234", "http://127.0.0.1:1234"),
        ("[::]", "http://[::1]:11434"),
        ("[::]:1234", "http://[::1]:1234"),
        (" 1.2.3.4 ", "http://1.2.3.4:11434"),
        ('"1.2.3.4"', "http://1.2.3.4:11434"),
        (' " 1.2.3.4 " ', "http://1.2.3.4:11434"),
        ("'1.2.3.4'", "http://1.2.3.4:11434"),
        ("http://1.2.3.4", "http://1.2.3.4:80"),
        ("http://1.2.3.4:4321", "http://1.2.3.4:4321"),
        ("https://1.2.3.4", "https://1.2.3.4:443"),
        ("HTTPS://example.com", "https://example.com:443"),
        ("https://1.2.3.4:4321", "https://1.2.3.4:4321"),
        ("https://example.com/ollama", "https://example.com:443/ollama"),
        ("https://example.com:4321/ollama/", "https://example.com:4321/ollama"),
        ("example.com/a/b", "http://example.com:11434/a/b"),
        ("example.com:56789/", "http://example.com:56789"),
        ("http://", "http://127.0.0.1:80"),
    ],
)
def test_forms(value: str | None, url: str) -> None:
    assert server_url(value) == url
    assert server_url(url) == url  # what it makes means the same again


@pytest.mark.parametrize(
    "value",
    [
        ":66000",
        ":0",
        ":-1",
        "localhost:abc",
        "localhost:",
        "ftp://host",
        "host name",
        "http://[::1x]",
        "1.2.3.4:1:2",
        "host:８０",
    ],
)
def test_malformed_value_is_named(value: str) -> None:
    with pytest.raises(SettingError) as error:
        server_url(value)
    assert f"OLLAMA_HOST={value!r}" in error.value.message
    assert "http://127.0.0.1:11434" in error.value.hint


@pytest.mark.parametrize(
    "value",
    [
        "user:hunter2@host",
        "http://user:hunter2@127.0.0.1:11434",
        "http://user:hunt@er2@h",
        "http://user:a/hunter2@h",
        "hunter2@host",
        "http://host:1?key=hunter2",
        "http://host/path?key=hunter2",
        "host#hunter2",
    ],
)
def test_what_may_be_a_secret_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(SettingError, match="must not have a user, a password, a query or a fragment") as error:
        server_url(value)
    assert "hunter2" not in str(error.value)
