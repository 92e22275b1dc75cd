"""What a reader may see of a secret: nothing, however it is written."""

import base64
import json
from urllib.parse import quote

import pytest

from chimera_dagster.errors import ChimeraError
from chimera_dagster.text.masking import masked, masked_variable

PASSWORD = "PWSECRETX"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Nothing answers at http://me:pw@host:1/v1 (refused).", "Nothing answers at http://***@host:1/v1 (refused)."),
        ("postgresql+psycopg2://me:p@w:d@host:5432/db", "postgresql+psycopg2://***@host:5432/db"),
        ("see 'https://host/x?api_key=abc&y=1'.", "see 'https://host/x?***'."),
        ("https://host/models@1?", "https://host/models@1?***"),
        ("(at https://host/x?sig=a(b)c'd#e), then", "(at https://host/x?***), then"),
        ("https://host/x#access_token=abc.", "https://host/x#***."),
        (
            '{"url": "https://host/x?a=1", "next": "http://b#c"}',
            '{"url": "https://host/x?***", "next": "http://b#***"}',
        ),
        ("POST host:1/v1?Api_Key=abc&n=2&X-Token=d: 401", "POST host:1/v1?Api_Key=***&n=2&X-Token=***: 401"),
        ("GET /v1/models#token=abc, refused", "GET /v1/models#token=***, refused"),
        ("column #3, key=5 of a?b", "column #3, key=5 of a?b"),
        ("smollm2:135m at http://127.0.0.1:11434, 5 ? 6", "smollm2:135m at http://127.0.0.1:11434, 5 ? 6"),
        ("me@example.org wrote to a:b@c", "me@example.org wrote to a:b@c"),
    ],
)
def test_addresses_in_a_text(text: str, shown: str) -> None:
    assert masked(text, environ={}) == shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OLLAMA_HOST", f"http://me:{PASSWORD}@host:1"),
        ("OLLAMA_HOST", f"me:{PASSWORD}@host"),
        ("CHIMERA_OLLAMA_ENDPOINTS", f"http://a:1,http://me:{PASSWORD}@b:2"),
        ("OPENAI_BASE_URL", f"https://{PASSWORD}@host/v1"),
        ("OPENAI_BASE_URL", f"https://host/v1?api_key={PASSWORD}"),
        ("OPENAI_BASE_URL", f"https://host/v1#token={PASSWORD}"),
        ("DAGSTER_PG_URL", f"postgresql://me:{PASSWORD}@host/db"),
        ("MY_DSN", f"host=h user=me password={PASSWORD} sslmode=require"),
        ("OPENAI_API_KEY", PASSWORD),
        ("PGPASSWORD", PASSWORD),
        ("HF_TOKEN", PASSWORD),
    ],
)
def test_a_secret_of_a_variable_is_found_in_any_text(name: str, value: str) -> None:
    written = [f"wrong: {PASSWORD}!", json.dumps({"k": PASSWORD}), f"sent {value}"]
    for text in written:
        assert PASSWORD not in masked(text, environ={name: value})
        assert masked(text, environ={}) == text or "://" in text


@pytest.mark.parametrize("secret", ['with"quote\\and/slash', "p%40ss:w#rd@x", "ünïcode-secret", "tab\tand\nline"])
def test_a_secret_is_found_as_other_programs_write_it(secret: str) -> None:
    for written in (secret, json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret), quote(secret)):
        assert masked(f"<{written}>", secret, environ={}) in {"<***>", '<"***">', "<'***'>"}, written


def test_long_texts_are_masked_in_linear_time() -> None:
    for piece in ("?key", "?)", "://", "http://a?'", "#a=b"):
        assert len(masked(piece * 50_000, environ={})) > 0


def test_a_password_is_found_in_a_header_of_basic_authentication() -> None:
    header = "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    assert masked(header, environ={"OLLAMA_HOST": f"http://me:{PASSWORD}@h"}).rstrip("=") == "Basic ***"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("OPENAI_API_KEY", "ollama", "Start Ollama ('ollama serve')."),
        ("OPENAI_API_KEY", "lm-studio", "lm-studio at http://host"),
        ("GIT_AUTHOR_NAME", "smollm2:135m", "no model smollm2:135m"),
        ("PIP_KEYRING_PROVIDER", "subprocess", "a subprocess ended"),
        ("EMAIL", "john.smith@example.org", "/home/john.smith/data"),
        ("REPOSITORY", "https://host/group/project@main", "host/group/project"),
        ("SSH_AUTH_SOCK", __file__, f"no access to {__file__}"),
        ("DAGSTER_PG_URL", "postgresql://me:pw@host/db?sslmode=require", "num_gpu is required"),
    ],
)
def test_words_of_messages_stay(name: str, value: str, text: str) -> None:
    assert masked(text, environ={name: value}) == text


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("OLLAMA_HOST", "http://me:p/w@x@host:1", "http://***host:1"),
        ("OLLAMA_HOST", "me:pw@host:1", "***host:1"),
        ("OLLAMA_HOST", "me@host:1", "***host:1"),
        ("CHIMERA_OLLAMA_ENDPOINTS", "http://a:1,http://me:pw@b:2", "http://a:1,http://***b:2"),
        ("OPENAI_BASE_URL", "https://user:pass@host:1/v1", "https://***host:1/v1"),
        ("OPENAI_BASE_URL", "http://host?key=x", "http://host***"),
        ("OPENAI_BASE_URL", "http://host/v1#x", "http://host/v1***"),
        ("CHIMERA_DATA_DIR", "/data/smollm2@135m", "/data/smollm2@135m"),
    ],
)
def test_values_of_variables(name: str, value: str, shown: str) -> None:
    assert masked_variable(name, value) == shown


def test_no_error_of_this_project_carries_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", PASSWORD)
    error = ChimeraError(f"The server says {PASSWORD}.", hint=f"Ask http://me:pw@host about {PASSWORD}.")
    assert (error.message, error.hint) == ("The server says ***.", "Ask http://***@host about ***.")
    assert error.args == ("The server says ***.",)
