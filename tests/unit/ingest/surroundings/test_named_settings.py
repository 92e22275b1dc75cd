"""Settings in headings and captions."""

import json

import pytest

from chimera_dagster.ingest.markdown_reader import read_markdown
from chimera_dagster.ingest.surroundings.named_settings import settings_in
from tests.unit.ingest.reading import read


@pytest.mark.parametrize(
    ("text", "conditions", "parameters"),
    [
        ("Concurrency = 8", {"concurrency": 8}, {}),
        ("input: 8192, output: 1024", {"prompt_tokens": 8192, "output_tokens": 1024}, {}),
        ("Run B - `lynx:7b` vs `puma:3b`, short preset, `num_predict=64`", {"output_tokens": 64}, {}),
        ("lynx:7b, batch size 4 (temperature: 0.7)", {"batch_size": 4}, {"temperature": 0.7}),
        ("ISL: 1k / OSL: 512", {"prompt_tokens": 1024, "output_tokens": 512}, {}),
        ("threads-16", {"threads": 16}, {}),
    ],
)
def test_pairs_of_names_and_values(text, conditions, parameters):
    found = settings_in(text)
    assert (dict(found.conditions), dict(found.parameters)) == (conditions, parameters)


@pytest.mark.parametrize(
    "text",
    [
        "Results of 8 users",
        "Concurrency 1 to 8",
        "concurrency: 1, concurrency: 8",
        "Concurrency: 1-8",
        "Figure: 4",
        "Section 3: results",
        "batch size = 50%",
        "A page about concurrency",
    ],
)
def test_other_texts_say_nothing(text):
    assert settings_in(text) == ((), ())


def test_a_heading_holds_for_its_section():
    page = "\n".join(
        (
            *("# lynx:7b", "", "## Concurrency = 4", "", "| TTFT (ms) |", "|---|", "| 12.5 |", ""),
            *("## All", "", "| TTFT (ms) |", "|---|", "| 14 |", ""),
        )
    )
    found = read(read_markdown, page)
    assert [json.loads(text) for (text,) in found.values("conditions")] == [{"concurrency": 4}, {}]
