"""What comes from a model or a file can't break out of its place in the page."""

import pytest
from markdown_it import MarkdownIt

from chimera_dagster.measure.telemetry_summary import summarise
from chimera_dagster.measure.trial import Headline, Interval
from chimera_dagster.render.markdown import cell, fenced, metric_lines, tame, telemetry_lines, without_links

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![pixel](http://example.com/x.png)",
    "# Technical Report: forged",
    "   ###### forged",
    "forged\n===",
    "forged\n---",
    "```\nswallowed\n",
    "a | b\n--- | ---\n1 | 2",
    "[ref]: http://example.com\n\n[ref]",
    "<http://example.com>",
    "~~~\nswallowed",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_models_text_has_no_html_links_images_fences_or_headings_of_the_page(text: str) -> None:
    page = MarkdownIt("commonmark").parse(f"before\n\n{tame(text)}\n\n## After\n")
    inline = [child.type for token in page for child in token.children or []]
    kinds = {token.type for token in page} | set(inline)
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "fence", "code_block"}
    headings = [
        (token.tag, page[number + 1].content) for number, token in enumerate(page) if token.type == "heading_open"
    ]
    assert headings[-1] == ("h2", "After")
    assert all(tag == "h4" for tag, _ in headings[:-1])


@pytest.mark.parametrize("text", ["plain", "with ``` inside", "`````", "ends with `"])
def test_a_code_block_holds_whatever_it_is_given(text: str) -> None:
    [block, heading, *_] = MarkdownIt("commonmark").parse(f"{fenced(text)}\n# After")
    assert (block.type, block.content, heading.type) == ("fence", f"{text}\n", "heading_open")


@pytest.mark.parametrize("text", ["a|b", "a\nb", "a\\|b", "<b>", "`", "a\r\n|b"])
def test_a_cell_stays_one_cell(text: str) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(f"| x | y |\n|---|---|\n| {cell(text)} | end |\n")
    cells = [tokens[number + 1].content for number, token in enumerate(tokens) if token.type == "td_open"]
    assert len(cells) == 2
    assert cells[1] == "end"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_holds_no_html_and_no_link(text: str) -> None:
    [_, inline, _] = MarkdownIt("commonmark").parse(f"- {cell(text)}")[2:5]
    assert not {child.type for child in inline.children or []} & {"html_inline", "link_open", "image", "code_inline"}


def test_links_leave_their_text_and_nothing_else_changes() -> None:
    page = "See [a.csv](../a.csv), row 2 and \\[…] (F1). | [x](y) |"
    assert without_links(page) == "See a.csv, row 2 and \\[…] (F1). | x |"


def test_the_metric_lines_are_the_seven_with_units_or_reasons() -> None:
    lines = metric_lines(
        Headline(
            calls=2,
            throughput_tok_s=108.171,
            ttft_ms=584.744,
            total_duration_ms=23240.91,
            tokens_generated=2228,
            prompt_eval_ms=None,
            eval_ms=20610.84,
            load_ms=519.3,
            reasons={"prompt_eval_ms": "not reported"},
            throughput_by_repeat=None,
            ttft_by_repeat=Interval(n=1, mean=1, std=None, low=None, high=None),
        )
    )
    assert lines == [
        ("Throughput", "108.17 tok/s"),
        ("TTFT", "584.74 ms (mean, n=2 calls)"),
        ("Total Duration", "23240.91 ms"),
        ("Tokens Generated", "2228"),
        ("Prompt Eval", "not measured (not reported)"),
        ("Eval Duration", "20610.84 ms"),
        ("Load Duration", "519.30 ms (the warm-up's included)"),
    ]


def test_telemetry_is_told_with_units_or_reasons() -> None:
    nothing = summarise([], 0.0, 1.0)
    without = nothing.model_copy(update={"reasons": {**nothing.reasons, "gpu_util_mean_pct": "no NVIDIA GPU (none)"}})
    assert telemetry_lines(without)[0] == ("GPU", "not measured (no NVIDIA GPU (none))")
    assert [name for name, _ in telemetry_lines(without)] == ["GPU", "Host CPU", "Engine memory"]
    seen = without.model_copy(
        update={"gpus": 1, "gpu_util_mean_pct": 86.6, "energy_j": 12.34, "energy_source": "counter"}
    )
    lines = dict(telemetry_lines(seen))
    assert lines["GPU utilisation"] == "87 % (mean share of time in which a kernel ran)"
    assert lines["GPU energy"] == "12.3 J (from the counter)"
    assert lines["GPU power"].startswith("not measured (")
    assert "GPU" not in lines
