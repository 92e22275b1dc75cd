"""Pages to write: random ones, and the same with other texts in them."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from hypothesis import strategies as st

from chimera_dagster.render.blocks import (
    Beside,
    Bullets,
    Byline,
    Chart,
    Code,
    CodeBlock,
    Content,
    Details,
    Heading,
    LineBreak,
    Link,
    Note,
    Numbered,
    Page,
    Paragraph,
    Part,
    Strong,
    Svg,
    Table,
    Target,
    Text,
)
from tests.unit.render.hostile import HOSTILE, HOSTILE_LINKS

_WORDS = {"text", "title", "caption", "summary", "description", "content", "lead"}
_signs = st.text(st.sampled_from("ab1 .\\`*_[]()<>#+-=|~&;!:$@\n\"'/ש€"), min_size=1, max_size=12)
texts = st.one_of(_signs, st.sampled_from(HOSTILE), st.text(min_size=1, max_size=12)).filter(lambda text: text.strip())
_words = st.one_of(texts.map(Text), texts.map(Strong), texts.map(Code), st.builds(Target, texts, st.just("t")))
_links = st.builds(Link, texts, st.sampled_from(("a.csv", "#b", "https://c.d/(e)_*f*|`g`&copy=1", *HOSTILE_LINKS)))
_lines = st.lists(st.one_of(_words, _links, st.just(LineBreak())), min_size=1, max_size=5).filter(
    lambda parts: any(not isinstance(part, LineBreak) for part in parts)
)
contents = st.one_of(texts, _lines.map(tuple))
_items = st.lists(contents, min_size=1, max_size=3).map(tuple)
tables = st.integers(1, 3).flatmap(
    lambda width: st.builds(
        Table,
        st.tuples(*[texts] * width),
        st.lists(st.tuples(*[contents] * width), max_size=2).map(tuple),
        texts,
        st.just(frozenset({width - 1})),
    )
)
_leaves = st.one_of(
    st.builds(Heading, st.just(2), texts),
    st.builds(Paragraph, contents),
    st.builds(Byline, contents),
    st.builds(Bullets, _items),
    st.builds(Numbered, _items, st.integers(0, 20)),
    tables,
    st.builds(CodeBlock, texts, st.sampled_from(("", "json"))),
    st.builds(Chart, st.just(Svg("<svg></svg>")), texts, texts, tables),
)
_few = st.lists(_leaves, min_size=1, max_size=2).map(tuple)
blocks = st.one_of(
    _leaves,
    st.builds(Note, st.sampled_from(("info", "warning", "bad", "view")), _few),
    st.builds(Details, texts, _few, st.booleans()),
    st.builds(Details, st.builds(Heading, st.just(2), texts), _few),
    st.builds(Beside, st.tuples(_few, _few)),
)
_parts = st.builds(Part, st.builds(Heading, st.just(2), texts, st.just("p")), contents, _few)
_blocks = st.tuples(st.lists(blocks, max_size=4), st.lists(_parts, max_size=1)).map(
    lambda lists: (*lists[0], *lists[1])
)
pages = st.builds(Page, texts, st.just("en"), _blocks)


def with_words(node: Any, change: Callable[[str], str]) -> Any:
    """The same page, or part of one, with each text changed; the addresses of links stay."""
    if isinstance(node, tuple):
        return tuple(change(each) if isinstance(each, str) else with_words(each, change) for each in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    changed = {
        field.name: change(value) if field.name in _WORDS and isinstance(value, str) else with_words(value, change)
        for field in fields(node)
        for value in [getattr(node, field.name)]
    }
    return replace(node, **changed)


def words_of(node: Any) -> list[str]:
    """Every text in its order."""
    found: list[str] = []

    def note(text: str) -> str:
        found.append(text)
        return text

    with_words(node, note)
    return found


def text_of(content: Content) -> str:
    """What is read of a cell, a paragraph or an item."""
    return content if isinstance(content, str) else "".join(part.text for part in content if hasattr(part, "text"))  # pyright: ignore
