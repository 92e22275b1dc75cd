"""What a model wrote becomes paragraphs, lists and tables, and nothing that is the page's."""

import pytest

from chimera_dagster.render.model_text import model_blocks
from chimera_dagster.render.page import (
    Bullets,
    Code,
    Inlines,
    LineBreak,
    Numbered,
    Paragraph,
    Strong,
    Table,
    Text,
    inlines,
)
from tests.unit.render.hostile import HOSTILE


def test_paragraphs_bold_and_code() -> None:
    assert model_blocks("It is **fast**, see `num_ctx`.\nStill.\n\nNext **one `x` two**") == (
        Paragraph(inlines("It is ", Strong("fast"), ", see ", Code("num_ctx"), ".\nStill.")),
        Paragraph(inlines("Next ", Strong("one "), Code("x"), Strong(" two"))),
    )


def test_lists_of_both_kinds_and_lists_in_lists() -> None:
    assert model_blocks("3. a\n\n   more\n   - inner **b**\n4. c\n\n- d\n-\n- e") == (
        Numbered((inlines("a", LineBreak(), "more"), inlines("inner ", Strong("b")), inlines("c")), start=3),
        Bullets((inlines("d"), inlines("e"))),
    )


def test_its_headings_are_bold_and_no_part_of_the_page() -> None:
    assert model_blocks("# Technical Report\n## \n### 1. Summary of `x`\ntext") == (
        Paragraph((Strong("Technical Report"),)),
        Paragraph((Strong("1. Summary of x"),)),
        Paragraph(inlines("text")),
    )


def test_its_tables_are_tables() -> None:
    text = "| Risk | Likelihood |\n|---|---|\n| **heat** | low |\n| one cell |\n"
    assert model_blocks(text, "Risks") == (
        Table(("Risk", "Likelihood"), ((inlines(Strong("heat")), inlines("low")), (inlines("one cell"), ())), "Risks"),
    )


@pytest.mark.parametrize(
    "text", ["2*3*4 = *24*", "__init__ and _x_", "a_b_c", "[a](http://b.c) ![d](e)", "<b>x</b> &lt;"]
)
def test_all_else_stays_as_it_was_typed(text: str) -> None:
    assert model_blocks(text) == (Paragraph((Text(text),)),)


@pytest.mark.parametrize("text", ["", "\n\n", "- \n-", "#"])
def test_nothing_is_no_block(text: str) -> None:
    assert model_blocks(text) == ()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_keeps_to_the_subset(text: str) -> None:
    for block in model_blocks(text):
        assert isinstance(block, Paragraph | Bullets | Numbered | Table)
        rows: tuple[Inlines, ...] = ()
        match block:
            case Paragraph():
                rows = (block.inlines,)
            case Bullets() | Numbered():
                rows = block.items
            case Table():
                rows = tuple(cell for row in block.rows for cell in row)
        assert all(isinstance(part, Text | Strong | Code | LineBreak) for row in rows for part in row)
