"""Numbers under names such as `context_k` are lengths of the context in tokens."""

import json

import pandas as pd
import pytest

from chimera_dagster.evidence.context_lengths import with_context_lengths


def depth(setup: dict[str, object]) -> object:
    changed = with_context_lengths(pd.DataFrame({"conditions": [json.dumps(setup)]}))
    return json.loads(str(changed["conditions"].iloc[0]))


@pytest.mark.parametrize(
    ("setup", "tokens"),
    [({"context_k": 100}, 102_400), ({"ctx_k": 0}, 0), ({"context_tokens": 4096}, 4096), ({"context": 8192}, 8192)],
)
def test_a_length_is_in_tokens(setup: dict[str, object], tokens: int):
    assert depth({**setup, "threads": 4}) == {"context_depth": tokens, "threads": 4}


@pytest.mark.parametrize(
    "setup",
    [
        {"context": 3},  # of what is not known
        {"context": "long"},
        {"context_k": 4, "prompt_tokens": 512},
        {"contexts_used": 4096},
        {"threads": 4},
    ],
)
def test_anything_else_stays_as_it_is(setup: dict[str, object]):
    assert depth(setup) == setup
