"""No text becomes markup, whatever stands in it and beside it, and none of it is lost."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt
from markdown_it.token import Token

from chimera_dagster.render.blocks import (
    Beside,
    Block,
    Bullets,
    Byline,
    Chart,
    Code,
    CodeBlock,
    Details,
    Heading,
    Inline,
    LineBreak,
    Link,
    Note,
    Numbered,
    Page,
    Paragraph,
    Strong,
    Svg,
    Table,
    Target,
    Text,
    inlines,
)
from chimera_dagster.render.markdown_writer import to_markdown
from chimera_dagster.text.foreign import visible
from tests.unit.render.hostile import HOSTILE, HOSTILE_LINKS
from tests.unit.render.pages import pages, texts, with_words, words_of

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def written(*blocks: Block) -> str:
    """The page without its title."""
    return to_markdown(Page("T", "en", blocks)).removeprefix("# T\n\n").removesuffix("\n")


def structure(markdown: str) -> list[tuple[str, str]]:
    return [(token.type, token.tag) for token in MARKDOWN.parse(markdown) if token.type != "inline"]


def children(markdown: str) -> list[Token]:
    return [child for token in MARKDOWN.parse(markdown) for child in token.children or ()]


def read(markdown: str) -> str:
    """All that a reader sees, without blanks."""
    shown = [
        "".join(child.content for child in token.children) if token.children else token.content
        for token in MARKDOWN.parse(markdown)
    ]
    return re.sub(r"\s+", "", "".join(shown))


@settings(max_examples=150, deadline=None)
@given(page=pages)
def test_texts_change_nothing_but_what_is_read(page: Page) -> None:
    markdown = to_markdown(page)
    assert structure(markdown) == structure(to_markdown(with_words(page, lambda _: "x")))
    kinds = {child.type for child in children(markdown)}
    assert not kinds & {"html_inline", "html_block", "image", "s_open"}
    hrefs = {child.attrGet("href") for child in children(markdown) if child.type == "link_open"}
    assert hrefs <= {"a.csv", "#b", "https://c.d/%28e%29_%2Af%2A%7C%60g%60&copy=1"}


@settings(max_examples=150, deadline=None)
@given(page=pages)
def test_every_text_is_read_as_it_is(page: Page) -> None:
    said, texts = read(to_markdown(page)), [re.sub(r"\s+", "", visible(text)) for text in words_of(page)]
    assert all(text in said for text in texts)
    assert Counter("".join(texts)) <= Counter(said)


@settings(max_examples=200, deadline=None)
@given(text=texts)
def test_no_bare_address_is_left_for_a_viewer_to_link(text: str) -> None:
    plain = "".join(child.content for child in children(written(Paragraph((Text(text),)))) if child.type == "text")
    assert not re.search(r"https?://\w|www\.\w|\w@\w+\.\w", plain, re.I)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", [Text, Strong, Code])
def test_a_hostile_text_is_one_paragraph_and_one_cell(text: str, kind: type[Text]) -> None:
    paragraph, cell = (kind(text),), inlines(kind(text))
    assert structure(written(Paragraph(paragraph))) == [("paragraph_open", "p"), ("paragraph_close", "p")]
    table = structure(written(Table(("a", "b"), ((cell, inlines("end")),), "c")))
    assert [kind for kind, _ in table].count("td_open") == 2
    assert not {child.type for child in children(written(Paragraph(paragraph)))} & {"html_inline", "link_open", "image"}


@pytest.mark.parametrize("href", HOSTILE_LINKS)
def test_a_link_that_could_act_is_its_text(href: str) -> None:
    assert written(Paragraph((Link("words", href),))) == "words"


def test_blocks_read_well_as_they_are() -> None:
    assert written(
        Heading(2, "Metrics #1", "metrics-1"),
        Paragraph(inlines(Strong("Model:"), " smollm2:135m", LineBreak(), Strong("TTFT:"), " 57.2 ms (n=3)")),
        Bullets((inlines("one, see ", Link("a.csv", "../a b.csv")), inlines("two", LineBreak(), "lines"))),
        Bullets((inlines(Code("a|b"), " and ", Code("`")),)),
        Numbered((inlines("first"), inlines("second")), start=9),
        Table(
            ("name", "ms"),
            ((inlines(Code("x")), inlines("1.5")), (inlines("a|b"), inlines("2"))),
            "Times",
            frozenset({1}),
        ),
        Note("warning", (Paragraph(inlines("It was cold.")), CodeBlock("a\n```\nb\n", "text"))),
        Details("More", (Paragraph(inlines("1. said so")),)),
    ) == (
        "## Metrics \\#1\n\n"
        "**Model:** smollm2:135m\\\n**TTFT:** 57.2 ms (n=3)\n\n"
        "- one, see [a.csv](../a%20b.csv)\n- two\\\n  lines\n\n"
        "* `a|b` and `` ` ``\n\n"
        "9. first\n10. second\n\n"
        "_Times_\n\n| name | ms |\n| --- | ---: |\n| `x` | 1.5 |\n| a&#124;b | 2 |\n\n"
        "> **Warning**\n>\n> It was cold.\n>\n> ````text\n> a\n> ```\n> b\n> ````\n\n"
        "**More**\n\n1\\. said so"
    )


def test_what_html_folds_or_puts_side_by_side_follows_here() -> None:
    folded = Details(Heading(2, "Appendix"), (Paragraph("a"), Details("More", (Paragraph("b"),))), on_paper=False)
    beside = Beside(((Byline("Stated by code"), Paragraph("c")), (Paragraph("d"),)))
    assert to_markdown(Page("T", "en", (beside, folded))) == (
        "# T\n\n_Stated by code_\n\nc\n\nd\n\n## Appendix\n\na\n\n**More**\n\nb\n"
    )


def test_a_chart_is_described_and_its_first_values_are_shown() -> None:
    rows = tuple((inlines(f"c{number}"), inlines(str(number))) for number in range(12))
    chart = Chart(
        Svg("<svg/>"), "Throughput", "The fastest first.", Table(("c", "tok/s"), rows, "Values", frozenset({1}))
    )
    text = written(chart)
    assert text.startswith(
        "**Chart: Throughput.** The fastest first.\n\n_Values_\n\n| c | tok/s |\n| --- | ---: |\n| c0 | 0 |"
    )
    assert "| c9 | 9 |" in text
    assert "c10" not in text
    assert text.endswith("\n\nand 2 more rows; the HTML page has all of them")
    assert "svg" not in text


def test_of_a_table_that_html_sorts_and_filters_the_first_rows_are_shown() -> None:
    rows = tuple((inlines(f"c{number}"), inlines(str(number))) for number in range(52))
    table = Table(("c", "ms"), rows, "Times", frozenset({1}), interactive=True)
    text = written(table)
    assert "| c49 | 49 |" in text and "c50" not in text
    assert text.endswith("\n\nand 2 more rows; the HTML page has all of them")
    assert "c51" in written(replace(table, interactive=False))


@pytest.mark.parametrize(
    ("parts", "markdown"),
    [
        (("see ", Strong("this"), "."), "see **this**."),
        ((Strong("Note: "), "that"), "**Note:** that"),
        ((Strong("Choose "), Code("a_b*"), Strong(" or "), Code("c"), Strong(".")), "**Choose `a_b*` or `c`.**"),
        ((Strong("Warning: "), Code("a"), " is slow"), "**Warning:** `a` is slow"),
        ((Strong("Note:"), "that"), "Note:that"),  # CommonMark would not close it there
        ((Code("a"), Code("b")), "`ab`"),
        (("at http://a.b/c*d* now (http://e.f).",), "at `http://a.b/c*d`\\* now (`http://e.f`)."),
        (("num_ctx=1, _a_ b_ __c__",), "num_ctx=1, \\_a\\_ b\\_ \\_\\_c\\_\\_"),
        (("A & B &amp; 2 < 3",), "A & B &amp;amp; 2 &lt; 3"),
        ((Target("F*1", "f1"), " of ", Link("F1", "#f1", "evidence")), "F\\*1 of [F1](#evidence)"),
        (("n=1 ", Code("שלום"), " (2)"), "n=1 \u2068`שלום`\u2069 (2)"),
        ((Strong("العربية 2"), " x"), "**\u2068العربية 2\u2069** x"),
    ],
)
def test_inlines(parts: tuple[str | Inline, ...], markdown: str) -> None:
    assert written(Paragraph(inlines(*parts))) == markdown
