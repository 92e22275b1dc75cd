"""Lines of a log above its runs that say what they are."""

import json

from chimera_dagster.ingest.markdown_reader import read_markdown
from tests.unit.ingest.reading import read


def log(*lines):
    found = read(read_markdown, "\n".join(lines) + "\n", is_console=True)
    return [
        (row["record"], row["model"], row["backend"], json.loads(row["conditions"]), row["value"], row["aggregate"])
        for row in found.rows
        if row["metric"] == "ttft_ms"
    ]


def test_a_title_says_what_the_runs_below_it_are():
    found = log(
        *("Loading lynx-7b", "", "[1/3] lynx-7b / vllm / concurrency 8 (2 runs)"),
        *("  Run 1: ttft=57ms decode=71.5tok/s", "  Run 2: ttft=58ms decode=71.2tok/s", ""),
        *("[2/3] puma-3b / long prompts (1 runs)", "  Run 1: ttft=70ms decode=51.5tok/s", ""),
        *("[short] 1 run", "  Run 1: ttft=80ms decode=41.5tok/s"),
    )
    assert found == [
        ("line 4", "lynx-7b", "vllm", {"concurrency": 8}, 57, None),
        ("line 5", "lynx-7b", "vllm", {"concurrency": 8}, 58, None),
        ("line 8", "puma-3b", None, {"variant": "long prompts"}, 70, None),
        ("line 11", None, None, {"variant": "short"}, 80, None),
    ]


def test_warm_ups_do_not_count_and_medians_are_no_runs():
    found = log(
        *("[1/1] lynx-7b / plain", "  Run 1: ttft=657ms decode=11.5tok/s (warmup)"),
        *("  Run 2: ttft=57ms decode=71.5tok/s", "  -> Median (1 runs): ttft=57ms  decode=71.5tok/s"),
    )
    assert found == [
        ("line 3", "lynx-7b", None, {"variant": "plain"}, 57, None),
        ("line 4", "lynx-7b", None, {"variant": "plain"}, 57, "median"),
    ]


def test_other_lines_in_brackets_are_no_titles():
    found = log("[info] started with puma-3b", "", "Run 1: ttft=57ms decode=71.5tok/s")
    assert found == [("line 3", None, None, {}, 57, None)]
