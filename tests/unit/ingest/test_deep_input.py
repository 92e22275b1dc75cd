"""Files that are nested without end: read without an error of Python's, and what is left out is named."""

import pytest

from chimera_dagster.ingest.folder import read_in_memory

DEEP, OBJECTS = "[" * 100_000, '{"a":' * 100_000
WHOLE = "[" * 100_000 + "]" * 100_000
GUIDELLM = "Run Info,Benchmark,Timings,Time to First Token\n,,,Successful ms\n,,,Percentiles\n"
FILES = {
    "document": ("a.json", DEEP, "the document is nested too deeply"),
    "objects": ("a.json", OBJECTS, "the document is nested too deeply"),
    "value": ("a.json", f'{{"ttft_ms": 5, "x": {WHOLE}}}', "the document is nested too deeply"),
    "line": ("a.jsonl", f'{{"ttft_ms": 5}}\n{DEEP}\n', "line 2: it is nested too deeply"),
    "after a log": ("a.json", f"log\n{DEEP}\n", "line 2: it is nested too deeply"),
    "levels": ("a.json", f'{{"ttft_ms": 5, "x": {"[" * 300}{"]" * 300}}}', "nested too deeply"),
    "cell": ("a.csv", f'options,ttft_ms\n"{{""a"": {DEEP}",5\n', ""),
    "cell of a known format": ("a.csv", f'{GUIDELLM}m,b,5,"{DEEP}"\n', ""),
    "fence": ("a.md", f"- TTFT: 5 ms\n\n```json\n{DEEP}\n```\n", ""),
    "quote": ("a.md", ">" * 100_000 + " TTFT: 5 ms\n", "no record with a number was found"),
    "list": ("a.md", "- " * 50_000 + "TTFT: 5 ms\n", "no record with a number was found"),
    "tables": ("a.html", "<table><tr><td>" * 5_000 + "5 ms", ""),
}


@pytest.mark.parametrize(("name", "text", "reason"), FILES.values(), ids=FILES)
def test_a_file_may_be_nested_to_any_depth(tmp_path, name: str, text: str, reason: str) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "b.csv").write_text("model,ttft_ms\nm:1,7\n")
    found = read_in_memory(tmp_path)
    assert found.measurements["value"].tolist()[-1] == 7
    assert reason in found.files["reason"][0]
    assert len(found.files["reason"][0]) < 700
