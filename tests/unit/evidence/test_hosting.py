"""What a managed API served is told from servers of one's own, if a folder has both."""

import json

import pandas as pd
import pytest

from chimera_dagster.evidence.hosting import is_managed, with_hosting


def table(*rows: tuple[str | None, str | None, dict[str, object]]) -> pd.DataFrame:
    columns = ["model", "backend", "conditions"]
    return pd.DataFrame([(*row[:2], json.dumps(row[2])) for row in rows], columns=columns).astype("object")


def hosting(*rows: tuple[str | None, str | None, dict[str, object]]) -> list[str | None]:
    return [json.loads(text).get("hosting") for text in with_hosting(table(*rows))["conditions"]]


def test_what_a_provider_serves_is_told_from_the_rest():
    own, groq = ("llama3:8b", "vllm", {}), ("llama3:8b", "groq", {})
    assert hosting(own, groq) == [None, "managed API"]


def test_without_servers_of_ones_own_nothing_is_told_apart():
    assert hosting(("llama3:8b", "groq", {}), ("llama3:8b", "bedrock", {})) == [None, None]
    assert hosting(("llama3:8b", "vllm", {}), ("llama3:8b", "ollama", {})) == [None, None]


@pytest.mark.parametrize(
    ("model", "backend", "setup"),
    [
        (None, None, {"config": "managed"}),
        ("gpt-4o-mini", None, {}),
        ("anthropic/claude-sonnet-4", None, {}),
        ("gemini-2.0-flash", None, {}),
        ("llama3:8b", "AWS Bedrock", {}),
        ("llama3:8b", None, {"provider": "together_ai"}),
    ],
)
def test_the_engine_a_condition_or_the_model_says_it(model: str | None, backend: str | None, setup: dict[str, object]):
    assert is_managed(model, backend, json.dumps(setup))


@pytest.mark.parametrize(
    ("model", "backend", "setup"),
    [
        ("gpt-oss:20b", "openai", {}),  # the client of one's own server
        ("gpt2", "transformers", {}),
        ("gpt4all-j", None, {}),
        ("gemma3:4b", "ollama", {}),
        ("llama3:8b", None, {"hardware": "SambaNova"}),  # a machine, not a service
        ("qwen3", None, {"provider": "unsloth"}),  # who made the file
    ],
)
def test_engines_and_makers_with_such_names_are_not(model: str, backend: str | None, setup: dict[str, object]):
    assert not is_managed(model, backend, json.dumps(setup))
