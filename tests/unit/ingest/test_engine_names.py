"""Names of engines."""

import pytest

from chimera_dagster.ingest.engine_names import engine_said


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("vLLM 0.8.5", "vLLM 0.8.5"),
        ("our own server", "our own server"),
        ("llama-cpp-python", "llama-cpp-python"),
        ("LM Studio MLX, the only model that is loaded, in a clean state.", "LM Studio MLX"),
        ("Some words that are a sentence about what was run here.", None),
        ("Kestrel benchmark (https://example.org/kestrel)", None),
        ("Python 3.12", None),
    ],
)
def test_a_sentence_a_benchmark_and_a_language_are_no_engine(text, engine):
    assert engine_said(text) == engine
