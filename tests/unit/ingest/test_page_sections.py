"""Output of tools that only the headings above it tell apart."""

import json

import pytest

from chimera_dagster.ingest.markdown_reader import read_markdown
from tests.unit.ingest.reading import read

REPORT = """```
bench.py --model acme/lynx-7b --max-concurrency {load}
============ Serving Benchmark Result ============
Successful requests:                     20
Output token throughput (tok/s):         {rate}
==================================================
```
"""


def sections(*parts):
    text = "\n".join(f"{heading}\n{REPORT.format(load=load, rate=rate)}" for heading, load, rate in parts)
    rows = read(read_markdown, text).rows
    return [json.loads(row["conditions"]).get("section") for row in rows if row["metric"] == "output_tok_s"]


def test_a_heading_is_a_condition_of_the_output_that_it_alone_tells_apart():
    found = sections(
        ("# Lynx\n\n## <a name='a'></a>✍️ Test 1: [pinned](#a) cache", 4, 100),
        ("", 8, 150),
        ("## Test 2: *cache* on disk (nightly)", 4, 120),
    )
    assert found == ["Test 1: pinned cache", "Test 1: pinned cache", "Test 2: cache on disk"]


def test_a_remark_in_brackets_is_kept_if_it_is_what_differs():
    assert sections(("## Cache (8 GiB)", 4, 100), ("## Cache (16 GiB)", 4, 120)) == ["Cache (8 GiB)", "Cache (16 GiB)"]


@pytest.mark.parametrize(
    "headings",
    [
        ("## Run 1", "## Run 2"),
        ("## 2026-01-05", "## 2026-01-06"),
        ("## Results", "## Results"),
        ("# First\n## Cold", "# Second\n## Cold"),
    ],
)
def test_repeats_stay_one_sample(headings):
    assert sections(*((heading, 4, 100 + at) for at, heading in enumerate(headings))) == [None, None]


def test_headings_of_output_that_differs_anyhow_are_no_condition():
    assert sections(("## Cache in RAM", 4, 100), ("## Cache on disk", 8, 120)) == [None, None]


def test_the_headings_further_up_tell_apart_too():
    found = sections(("# Node A\n## Small", 4, 100), ("# Node B, tuned\n## Small", 4, 120))
    assert found == ["Node A", "Node B, tuned"]


def test_a_heading_says_how_many_gpus_there_are():
    found = read(read_markdown, f"## Test 4: 2 GPU pods\n{REPORT.format(load=4, rate=100)}")
    assert {json.loads(row["conditions"])["gpu_count"] for row in found.rows} == {2}
    other = read(read_markdown, f"## From 2 GPUs to 4 GPUs\n{REPORT.format(load=4, rate=100)}")
    assert not any("gpu_count" in row["conditions"] for row in other.rows)
