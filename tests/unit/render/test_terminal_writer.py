"""A page on a terminal: in its width, with nothing lost but drawings, and nothing that a terminal would obey."""

import io

import pytest
from rich.console import Console

from chimera_dagster.render.blocks import (
    Block,
    Bullets,
    Chart,
    Code,
    CodeBlock,
    Details,
    Heading,
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
    inlines,
)
from chimera_dagster.render.terminal_writer import print_page
from tests.unit.render.hostile import HOSTILE


def printed(*blocks: Block, width: int = 80, marks: bool = True) -> str:
    out = io.StringIO()
    print_page(Page("What it says", "en", blocks), Console(file=out, width=width, highlight=False), marks=marks)
    return out.getvalue()


def test_every_kind_of_block_is_printed() -> None:
    table = Table(("model", "value"), (("a", "12 ms"),), "Values of the chart", frozenset({1}))
    text = printed(
        Paragraph(inlines("first", LineBreak(), Strong("second"), " ", Code("third"), " ", Target("fourth", "t"))),
        Heading(2, "Section"),
        Bullets(("one", "two")),
        Numbered(("eight", "nine"), start=8),
        table,
        CodeBlock("x = 1"),
        Chart(Svg("<svg/>"), "A chart", "It shows.", table),
        Note("warning", (Paragraph("inside"),)),
        Details("Folded", (Paragraph("unfolded"),)),
    )
    for words in ("What it says", "first\nsecond third fourth", "Section", "- one", "- two", "8. eight", "9. nine"):
        assert words in text.replace("  ", " ")
    for words in ("12 ms", "x = 1", "A chart", "Warning", "inside", "Folded", "unfolded"):
        assert words in text
    assert "<svg" not in text


def test_marks_are_left_out_where_their_place_is_not_printed() -> None:
    paragraph = Paragraph(inlines("It is so.", Link("¹", "#n1", "evidence"), " See ", Link("a.csv", "x/a.csv")))
    assert "It is so.¹ See a.csv" in printed(paragraph)
    assert "It is so. See a.csv" in printed(paragraph, marks=False)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    long = "word " * 60
    table = Table(("name", "value"), ((long, "1"), ("llama3.1:8b-instruct-q4_0" * 3, "2")), long)
    text = printed(Paragraph(long), Bullets((long,)), table, Details(long, (Paragraph(long),)), width=width)
    assert max(map(len, text.splitlines())) <= width


def test_a_long_table_is_cut_and_says_so() -> None:
    text = printed(Table(("n",), tuple((f"row {place}",) for place in range(50)), "Rows"))
    assert "row 39" in text
    assert "row 40" not in text
    assert "and 10 more rows" in text


def test_no_text_reaches_the_terminal_as_a_command() -> None:
    text = printed(*(Paragraph(each) for each in HOSTILE), Bullets(HOSTILE), Heading(2, HOSTILE[-1]))
    assert all(char.isprintable() or char == "\n" or char in "\u200c\u200d" for char in text)
    assert "{{ 7 * 7 }}" in text
