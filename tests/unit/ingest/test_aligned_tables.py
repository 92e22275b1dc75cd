"""Tables whose columns are told apart by spaces, in text files and in fences."""

import pytest

from chimera_dagster.ingest.aligned_tables import aligned_table
from tests.unit.ingest.formats.reading_files import read_text

PLAIN = """model        ttft_ms   tok/s
lynx:7b         81.2    45.1
puma:3b                 90.3
"""
SIMPLE = """  Model      TTFT (ms)    Decode (tok/s)
---------  -----------  ----------------
lynx:7b           81.2              45.1
puma:3b                             90.3
"""
PANDAS = """     model  ttft_ms   tps
0  lynx:7b     81.2  45.1
1  puma:3b      NaN  90.3
"""
RICH = """ Model     TTFT (ms)   tok/s
 ─────────────────────────────
 lynx:7b   81.2        45.1
 puma:3b               90.3
 ─────────────────────────────
"""
UNITS = """model    ttft   throughput
          (ms)      (tok/s)
lynx:7b   81.2         45.1
puma:3b                90.3
"""
VALUES = [("lynx:7b", "ttft_ms", 81.2), ("lynx:7b", "decode_tok_s", 45.1), ("puma:3b", "decode_tok_s", 90.3)]


@pytest.mark.parametrize("table", [PLAIN, SIMPLE, PANDAS, RICH, UNITS])
@pytest.mark.parametrize("place", ["run.txt", "run.log", "page.md"])
def test_a_table_of_a_console(tmp_path, table, place):
    fence = "```\n" if place.endswith("md") else ""
    read = read_text(tmp_path, place, f"# Speed\n\n{fence}started\n\n{table}\ndone in 5 s\n{fence}")
    assert read.values("model", "metric", "value") == VALUES
    first = next(at for at, line in enumerate(table.split("\n")) if "lynx" in line)
    line = first + (6 if fence else 5)
    assert read.records == [f"line {line}", f"line {line + 1}"]


def test_prose_of_a_page_is_not_a_table(tmp_path):
    assert read_text(tmp_path, "page.md", PLAIN).file["status"] == "empty"


@pytest.mark.parametrize(
    "text",
    [
        "PID  USER  TIME  COMMAND\n1    root  0:05  init",
        "2026-01-01 12:00:00  INFO  ttft  5\n2026-01-01 12:00:01  INFO  ttft  6",
        "model: lynx:7b  ttft_ms: 5\nmodel: puma:3b  ttft_ms: 6",
        "model  ttft_ms\nlynx:7b  81.2  45.1",
        "model  ttft_ms\n\nlynx:7b  81.2",
        "model  ttft_ms\nno number  here",
        "model  ttft_ms",
    ],
)
def test_other_lines_are_not_a_table(text):
    assert aligned_table(text.split("\n"), 0) is None


def test_a_cell_that_stands_under_two_headers_ends_the_table():
    lines = ["model     ttft_ms  tok/s", "lynx:7b      81.2   45.1", "puma:3b   40.0 and 90.3"]
    assert aligned_table(lines, 0).end == 2


def test_code_is_not_read(tmp_path):
    assert read_text(tmp_path, "page.md", f"```python\n{PLAIN}```\n").file["status"] == "empty"
