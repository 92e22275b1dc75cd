import pytest

from chimera_dagster.notes.phrase import plain
from chimera_dagster.notes.settings import in_words, span


@pytest.mark.parametrize(
    ("setup", "said"),
    [
        ({}, ""),
        ({"concurrency": 1}, "with one request at a time"),
        ({"concurrency": 8, "prompt_tokens": 512}, "with 8 requests at once and prompts of 512 tokens"),
        ({"gpu": "NVIDIA A100"}, "on `NVIDIA A100`"),
        (
            {"backend": "vllm", "gpu": "H100", "quantization": "Q4_K_M"},
            "with `quantization=Q4_K_M`, with `vllm`, on `H100`",
        ),
        ({"temperature": 0.8, "tool": "AIPerf"}, "with `temperature=0.8`, as measured by `AIPerf`"),
    ],
)
def test_conditions_are_said_as_people_say_them(setup, said):
    assert plain(in_words(setup)) == said


def test_only_what_is_asked_for_is_said():
    assert plain(in_words({"concurrency": 8, "gpu": "H100"}, {"gpu"})) == "on `H100`"


def test_of_many_conditions_four_are_said_and_the_places():
    setup = {"concurrency": 2, "prompt_tokens": 8, "output_tokens": 8, "threads": 2, "dtype": "fp8", "gpu": "H100"}
    said = plain(in_words(setup))
    assert said == "with 2 requests at once, prompts of 8 tokens, answers of up to 8 tokens and `dtype=fp8`, on `H100`"


def test_a_limit_of_answers_is_not_their_length():
    assert plain(in_words({"output_tokens": 512})) == "with answers of up to 512 tokens"
    assert plain(span("output_tokens", 8, 64)) == "answers limited to 8 to 64 tokens"
