"""Tables in HTML, in Markdown pages and in pages of their own."""

import time

import pytest

from chimera_dagster.ingest.html_tables import Grid, tables_and_titles
from chimera_dagster.render.blocks import Page
from chimera_dagster.render.html_writer import to_html
from tests.unit.ingest.formats.reading_files import read_text

SPANS = """<table>
<thead>
<tr><th rowspan="2">Model</th><th colspan="2">TTFT (ms)</th><th rowspan=2>Decode<br>(tok/s)</th></tr>
<tr><th>mean</th><th>p95</th></tr>
</thead>
<tr><td rowspan=2><b>lynx:7b</b></td><td>81<sup>1</sup></td><td>95.5</td><td align=right>45.2</td></tr>
<tr><td>82</td><td>96.5</td><td>44.2</td></tr>
<tr><td>puma:3b<td>40<td>52<td>90.1 ± 0.4
</table>
"""
TITLED = """<table><tr><th>Model</th><th>TTFT (ms)</th></tr>
<tr><td colspan=2>Concurrency 16</td></tr><tr><td>lynx:7b</td><td>300</td></tr>
<tr><td colspan=2>Concurrency 32</td></tr><tr><td>lynx:7b</td><td>600</td></tr></table>
"""


def grids(text):
    return [found for found in tables_and_titles(text) if isinstance(found, Grid)]


@pytest.mark.parametrize("name", ["page.md", "page.html"])
def test_cells_over_several_rows_and_columns(tmp_path, name):
    read = read_text(tmp_path, name, f"<h1>Speed</h1>\n\n{SPANS}\n{TITLED}")
    assert (read.file["status"], read.file["numbers"], read.file["covered"]) == ("ok", 14, 14)  # with two conditions
    assert read.values("record", "model", "metric", "aggregate", "value") == [
        ("table 1 row 1", "lynx:7b", "ttft_ms", "mean", 81),
        ("table 1 row 1", "lynx:7b", "ttft_ms", "p95", 95.5),
        ("table 1 row 1", "lynx:7b", "decode_tok_s", "reported", 45.2),
        ("table 1 row 2", "lynx:7b", "ttft_ms", "mean", 82),
        ("table 1 row 2", "lynx:7b", "ttft_ms", "p95", 96.5),
        ("table 1 row 2", "lynx:7b", "decode_tok_s", "reported", 44.2),
        ("table 1 row 3", "puma:3b", "ttft_ms", "mean", 40),
        ("table 1 row 3", "puma:3b", "ttft_ms", "p95", 52),
        ("table 1 row 3", "puma:3b", "decode_tok_s", "mean", 90.1),
        ("table 1 row 3", "puma:3b", "decode_tok_s", "std", 0.4),
        ("table 2 row 2", "lynx:7b", "ttft_ms", "reported", 300),
        ("table 2 row 4", "lynx:7b", "ttft_ms", "reported", 600),
    ]
    assert [read.conditions(f"table 2 row {row}") for row in (2, 4)] == [{"concurrency": 16}, {"concurrency": 32}]


def test_tables_are_counted_with_those_of_pipes(tmp_path):
    pipes = "|model|ttft_ms|\n|-|-|\n|lynx:7b|5|\n\n"
    assert read_text(tmp_path, "page.md", f"{pipes}{TITLED}\n{pipes}").records == [
        "table 1 row 1",
        "table 2 row 2",
        "table 2 row 4",
        "table 3 row 1",
    ]


def test_a_table_of_a_known_tool(tmp_path):
    cells = ("lynx 7B Q4_K", "4.0 GiB", "7.24 B", "CUDA", "99", "tg128", "131.5 ± 0.4")
    row = f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    head = "".join(f"<th>{name}</th>" for name in ("model", "size", "params", "backend", "ngl", "test", "t/s"))
    read = read_text(tmp_path, "page.html", f"<table><tr>{head}</tr>{row}</table>")
    assert read.file["format"] == "llama-bench"
    assert read.figures("table 1 row 1") == {
        ("decode_tok_s", "mean"): (131.5, None),
        ("decode_tok_s", "std"): (0.4, None),
    }


def test_a_heading_and_a_caption_name_the_model(tmp_path):
    table = "<table>{}<tr><th>Concurrency</th><th>TTFT (ms)</th></tr><tr><td>4</td><td>{}</td></tr></table>\n"
    captioned = table.format("<caption>puma:3b on one GPU</caption>", 7)
    read = read_text(
        tmp_path, "page.html", f"<h2>lynx:7b</h2>{table.format('', 5)}{captioned}<h2>Others</h2>{table.format('', 9)}"
    )
    assert read.values("model", "value") == [("lynx:7b", 5), ("puma:3b", 7), (None, 9)]


def test_text_that_is_not_shown_as_it_stands_makes_no_number():
    cells = [
        "45<sup>2</sup>",
        "<del>44</del>46",
        "1<br>234",
        "1<script>2</script>",
        "a<br>b",
        "4&nbsp;5",
        "45 <!-- 6 -->",
    ]
    body = "".join(f"<td>{cell}</td>" for cell in cells)
    (found,) = grids(f"<table><tr>{'<th>x</th>' * 7}</tr><tr>{body}</tr></table>")
    assert found.rows == [["45", "46", "1 / 234", "1", "a b", "4 5", "45"]]


def test_tables_that_only_lay_out_a_page_give_nothing(tmp_path):
    inner = "<table><tr><th>model</th><th>ttft_ms</th></tr><tr><td>lynx:7b</td><td>5</td></tr></table>"
    read = read_text(tmp_path, "page.md", f"<table><tr><td><img src=a.png></td><td>\n{inner}</td></tr></table>\n")
    assert read.values("record", "value") == [("table 1 row 1", 5)]
    logos = "<table><tr><td><img src=a.png></td></tr><tr><td>Since 2023</td></tr></table>\n"
    assert read_text(tmp_path, "logos.html", logos).file["status"] == "empty"


def test_a_table_that_does_not_end_is_named(tmp_path):
    read = read_text(tmp_path, "page.md", "<table><tr><td>model\n\n|model|ttft_ms|\n|-|-|\n|lynx:7b|5|\n")
    assert read.file["reason"] == "line 1: a table in HTML that does not end is not read"
    assert read.values("value") == [(5,)]


def test_spans_of_a_million_cells_are_cut():
    (found,) = grids("<table>" + "<tr><td colspan=1000000 rowspan=999999>5</td><td>6</td></tr>" * 300 + "</table>")
    assert max(map(len, found.rows)) == 500
    assert len(found.rows) <= 400


def test_pages_of_this_project_are_set_aside(tmp_path):
    read = read_text(tmp_path, "report.html", to_html(Page(title="Report", blocks=(), lang="en")) + SPANS)
    assert (read.file["status"], len(read.rows)) == ("set_aside", 0)


@pytest.mark.parametrize(
    "text",
    [
        "<table><td",
        "<",
        "<!--",
        "<table>",
        "<table><tr><td>5",
        "&#",
        "<td colspan=9 rowspan=9>",
        "</table>",
        "<br>\v",
        "<h1>",
    ],
)
def test_html_takes_linear_time(text):
    def seconds(size):
        started = time.process_time()
        tables_and_titles("<table>" + text * (size // len(text)) + "</table>")
        return time.process_time() - started

    least = {size: min(seconds(size) for _ in range(3)) for size in (20_000, 80_000)}
    assert least[80_000] < 9 * least[20_000] + 0.02, least
