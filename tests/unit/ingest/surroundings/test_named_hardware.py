"""Hardware and engines in headings and captions."""

import json

import pytest

from chimera_dagster.ingest.markdown_reader import read_markdown
from chimera_dagster.ingest.surroundings.named_hardware import named_in
from tests.unit.ingest.reading import read

TABLE = "\n\n| Model | tok/s |\n|---|---|\n| qwen2.5:7b | 40 |\n\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Llama 3.1 8B 1 x A100 80G", ("A100 80G", 1, None)),
        ("Hardware: 1 NVIDIA H100 80GB GPU", ("NVIDIA H100 80GB", 1, None)),
        ("vLLM on RTX 4090", ("RTX 4090", None, "vllm")),
        ("8xH100 SXM, SGLang", ("H100 SXM", 8, "sglang")),
        ("NVIDIA GeForce RTX 3080 Ti with llama.cpp", ("NVIDIA GeForce RTX 3080 Ti", None, "llama.cpp")),
        ("L40S × 2", ("L40S", 2, None)),
        ("**AMD Instinct MI300X**", ("AMD Instinct MI300X", None, None)),
        ("A100 against H100", (None, None, None)),
        ("vLLM or SGLang on L4", ("L4", None, None)),
        ("Results of 2026", (None, None, None)),
        ("Table 4090: 100 requests", (None, None, None)),
        ("A1000 prompts, run T4x", (None, None, None)),
        ("scripts/vllm/bench.py", (None, None, None)),
    ],
)
def test_what_a_text_names(text, expected):
    assert named_in(text) == expected


def told(text):
    return [(row["gpu"], row["backend"], json.loads(row["conditions"])) for row in read(read_markdown, text).rows]


def test_a_heading_holds_for_its_section_and_for_those_below_it():
    page = f"## 2 x A100 80GB\n### vLLM{TABLE}### SGLang{TABLE}## RTX 4090{TABLE}## Remarks{TABLE}"
    both = ("A100 80GB", {"gpu_count": 2})
    assert told(page) == [
        (both[0], "vllm", both[1]),
        (both[0], "sglang", both[1]),
        ("RTX 4090", None, {}),
        (None, None, {}),
    ]


def test_a_caption_holds_for_its_table_alone():
    assert told(f"Measured with vLLM on 1x L40S:{TABLE}And another:{TABLE}") == [
        ("L40S", "vllm", {"gpu_count": 1}),
        (None, None, {}),
    ]


def test_what_a_row_says_comes_first():
    table = "## RTX 4090\n\n| GPU | Model | tok/s |\n|---|---|---|\n| T4 | qwen2.5:7b | 40 |\n"
    assert told(table) == [("T4", None, {})]
