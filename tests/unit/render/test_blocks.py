"""A page is well formed by construction, and nothing in its texts acts unseen."""

import pytest

from chimera_dagster.render.blocks import (
    Beside,
    Bullets,
    Code,
    CodeBlock,
    Details,
    Heading,
    LineBreak,
    Link,
    Note,
    Page,
    Paragraph,
    Part,
    Strong,
    Table,
    Target,
    Text,
    Weighed,
    Weighing,
    anchor_of,
    headings,
    inlines,
    joined,
)
from chimera_dagster.text.foreign import reads_from_right, visible
from tests.unit.render.hostile import HOSTILE_LINKS


@pytest.mark.parametrize("href", HOSTILE_LINKS)
def test_a_link_that_could_act_has_no_target(href: str) -> None:
    assert Link("words", href).target is None


@pytest.mark.parametrize(
    "href",
    ["#key-findings", "metrics.json", "../../reports/a%20b.csv", "?q=1", "http://example.com", "https://a.b/c:d"],
)
def test_other_links_are_kept(href: str) -> None:
    assert Link("words", href).target == href


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain, äöü, 模型, 👩‍🔬", "plain, äöü, 模型, 👩‍🔬"),
        ("a\u202eb\u2066c\u2069", "a\\u202eb\\u2066c\\u2069"),
        ("\x00\x1b[2J\x07", "\\x00\\x1b[2J\\x07"),
        ("\u200b\ufeff\U000e0041", "\\u200b\\ufeff\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne"),
        ("a\xa0b\x0bc\td", "a b c\td"),
    ],
)
def test_controls_are_spelled_out(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_letters_from_right_to_left_are_noticed() -> None:
    assert reads_from_right("F1 שלום 2")
    assert reads_from_right("العربية")
    assert not reads_from_right("模型 äöü 1,2 %")


def test_headings_are_found_wherever_they_stand() -> None:
    folded = Details(Heading(2, "a"), (Heading(3, "b"), Details("not a heading", (Heading(4, "c"),))))
    beside = Beside(((Heading(2, "d"), Paragraph("e")), (Note("info", (Heading(3, "f"),)),)))
    assert [heading.text for heading in headings((folded, beside))] == ["a", "b", "c", "d", "f"]


def test_headings_keep_their_order_and_their_anchors() -> None:
    second, third = Heading(2, "A", "a"), Heading(3, "B", "b")
    page = Page("Title", "en", (second, Note("info", (third,)), Details("more", (Heading(3, "C"), Heading(3, "D")))))
    assert [heading.text for heading in headings(page.blocks)] == ["A", "B", "C", "D"]
    with pytest.raises(ValueError, match="level 3 follows one of level 1"):
        Page("Title", "en", (third,))
    with pytest.raises(ValueError, match="have the anchor 'a'"):
        Page("Title", "en", (second, Note("bad", (Heading(3, "B", "a"),))))


def test_a_part_holds_headings_and_begins_with_one_that_can_be_linked_to() -> None:
    part = Part(Heading(2, "A", "a"), "Lead", (Heading(3, "B"), Note("info", (Heading(4, "C"),))))
    assert [heading.text for heading in headings((part, Heading(2, "D")))] == ["A", "B", "C", "D"]
    for heading in (Heading(3, "A", "a"), Heading(2, "A")):
        with pytest.raises(ValueError, match="can't begin a part"):
            Part(heading, "Lead", ())


def test_only_an_interactive_table_is_weighed_row_by_row() -> None:
    for rows, interactive in (((), True), ((Weighed(0, (1.0,)),), False)):
        with pytest.raises(ValueError, match="can't be weighed"):
            Table(("a",), (("1",),), "Caption", interactive=interactive, weighing=Weighing("x", (), rows, 0))


@pytest.mark.parametrize("level", [1, 7])
def test_a_heading_is_below_the_title(level: int) -> None:
    with pytest.raises(ValueError, match="level"):
        Heading(level, "A")


@pytest.mark.parametrize("anchor", ["A b", "_main", '"><b', "ä"])
def test_an_anchor_needs_no_escaping(anchor: str) -> None:
    with pytest.raises(ValueError, match="not an anchor"):
        Heading(2, "A", anchor)
    with pytest.raises(ValueError, match="not an anchor"):
        Target("A", anchor)


@pytest.mark.parametrize(
    ("text", "anchor"),
    [("Key Findings (2)", "key-findings-2"), ("Übersicht", "bersicht"), ("模型", "section"), ("_main", "main")],
)
def test_anchors_are_made_of_headings(text: str, anchor: str) -> None:
    assert anchor_of(text) == anchor
    assert Heading(2, text, anchor).anchor == anchor


def test_a_ragged_table_and_an_odd_language_are_refused() -> None:
    with pytest.raises(ValueError, match="does not have 2 cells"):
        Table(("a", "b"), ((inlines("1"),),), "Caption")
    with pytest.raises(ValueError, match="not the name of a language"):
        CodeBlock("x", "py\n```")


def test_neighbours_of_one_kind_are_joined() -> None:
    parts = inlines(
        "a", "b", Strong("c"), Strong(""), Strong("d"), "", Code("e"), LineBreak(), LineBreak(), Link("", "x")
    )
    assert joined(parts) == (Text("ab"), Strong("cd"), Code("e"), LineBreak(), LineBreak())


def test_blocks_are_values() -> None:
    assert Paragraph(inlines("a")) == Paragraph((Text("a"),))
    assert Text("a") != Strong("a")
    assert hash(Bullets((inlines("a"),))) == hash(Bullets((inlines("a"),)))
