"""What is said of a server's model that is not what its tag is known as."""

from dataclasses import replace

import pytest

from chimera_dagster.engines.base import ModelInfo
from chimera_dagster.engines.differences import differences
from chimera_dagster.engines.model_sources.catalogue import CATALOGUE
from chimera_dagster.engines.registry import Engines
from tests.stub_ollama import Answer, StubOllama

KNOWN = ModelInfo(
    "smollm2:135m",
    digest="d" * 64,
    default_options='stop "<|im_end|>"',
    file_sha256=CATALOGUE["smollm2:135m"].sha256,
    template="{{ .System }}{{ .Prompt }}",
)
ANOTHER = "its file is not the catalogue's: sha256 941f309b54ca, not b179c9523d0e"


def test_nothing_is_said_of_the_file_that_a_tag_is_known_as() -> None:
    assert differences(KNOWN, None) == differences(KNOWN, KNOWN) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"file_sha256": "941f309b54caaad6"}, [ANOTHER]),
        ({"file_sha256": None}, []),  # a server that names no file
        ({"tag": "own:1b", "file_sha256": "941f309b54caaad6"}, []),  # a tag that nobody knows
        ({"default_options": 'num_thread 2, stop "<|im_end|>"'}, ["its model file sets num_thread 2"]),
        ({"default_options": "none"}, []),
        ({"template": "{{ .Prompt }}"}, ["it has no chat template"]),
    ],
)
def test_another_file_and_other_defaults_are_said(changes: dict[str, str | None], said: list[str]) -> None:
    assert differences(replace(KNOWN, **changes), None) == said


def test_what_changes_under_a_tag_during_a_sweep_is_said() -> None:
    now = replace(KNOWN, digest="e" * 64, default_options="num_thread 2", template="{{ .Prompt }} ")
    assert differences(now, KNOWN) == [
        "its digest changed since an earlier trial: dddddddddddd to eeeeeeeeeeee",
        'its defaults changed since an earlier trial: stop "<|im_end|>" to num_thread 2',
        "its template changed since an earlier trial",
        "its model file sets num_thread 2",
        "it has no chat template",
    ]


@pytest.mark.parametrize("choice", ["auto", "ollama"])
def test_the_reason_for_an_engine_and_a_notice_say_it_once(choice: str) -> None:
    told: list[str] = []
    with StubOllama() as stub:
        stub.fixed["/api/show"] = Answer(
            body={
                "modelfile": f"# a comment\nFROM /models/blobs/sha256-{'941f309b54ca'.ljust(64, '0')}\nTEMPLATE x",
                "parameters": "num_thread    2",
                "details": {},
                "model_info": {},
            }
        )
        engines = Engines(stub.url, told.append)
        for _ in range(2):
            found = engines.resolve(choice, "smollm2:135m")  # pyright: ignore[reportArgumentType]
            assert found.reason == f"Ollama at {stub.url} has smollm2:135m; {ANOTHER}; its model file sets num_thread 2"
        engines.close()
    assert told == [f"{found.reason}."]
