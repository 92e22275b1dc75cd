"""One file, well formed whatever its texts say, in which nothing can load or act."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from importlib.resources import files
from typing import get_args

import pytest
from hypothesis import given, settings

from chimera_dagster.render.blocks import (
    Beside,
    Block,
    Bullets,
    Byline,
    Chart,
    Code,
    CodeBlock,
    Criterion,
    Details,
    Heading,
    Inline,
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
    Weighed,
    Weighing,
    inlines,
)
from chimera_dagster.render.html_writer import to_html
from chimera_dagster.text.foreign import visible
from tests.unit.render.hostile import HOSTILE, HOSTILE_LINKS
from tests.unit.render.pages import pages, with_words, words_of

VOID = {"meta", "link", "br"}


class Seen(HTMLParser):
    """Tags with their attributes' names, and what is read in the body; fails where tags do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.hrefs: list[str] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "bdi":
            return
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.hrefs += [value or "" for name, value in attrs if name == "href"]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "bdi":
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def body(*blocks: Block) -> str:
    html = to_html(Page("T", "en", blocks))
    return html.split('tabindex="-1">\n')[1].split("\n</main>")[0]


@settings(max_examples=100, deadline=None)
@given(page=pages)
def test_texts_change_nothing_but_what_is_read(page: Page) -> None:
    html = Seen(to_html(page))
    assert html.tags == Seen(to_html(with_words(page, lambda _: "x"))).tags
    assert set(html.hrefs) <= {"#_main", "data:,", "a.csv", "#b", "https://c.d/(e)_*f*|`g`&copy=1"}
    for text in words_of(page):
        assert re.sub(r"\s", "", visible(text)) in re.sub(r"\s", "", html.words)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stays_in_its_place(text: str) -> None:
    page = Page(text, "en", (Heading(2, text), Paragraph(inlines(text, Code(text))), Details(text, (CodeBlock(text),))))
    html = to_html(page)
    assert Seen(html).tags == Seen(to_html(with_words(page, lambda _: "x"))).tags
    html.encode()  # no lone surrogate
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08]", html)


@pytest.mark.parametrize("href", HOSTILE_LINKS)
def test_a_link_that_could_act_is_its_text(href: str) -> None:
    assert body(Paragraph((Link("words", href),))) == "<p>words</p>"


@pytest.mark.parametrize("text", HOSTILE)
def test_the_hint_of_a_link_stays_in_its_attribute(text: str) -> None:
    assert body(Paragraph((Link("x", "#a"),))) == '<p><a href="#a">x</a></p>'
    seen = Seen(body(Paragraph((Link("x", "#a", hint=text),))))
    assert [tag for tag in seen.tags if tag[0] != "p"] == [("a", ("href", "title"))]
    assert seen.words == "x"


def test_what_is_written() -> None:
    assert body(
        Heading(2, "A & B", "a"),
        Paragraph(inlines(Strong("x"), LineBreak(), Link("y", "z?a=1&b=2"), " שלום")),
        Paragraph((Target("F<1", "f1"), Link("F1", "#f1", "evidence"))),
        Numbered((inlines("one"),), start=3),
        Note("bad", (CodeBlock("\n  a < b"),)),
        Table(("name", "ms"), ((inlines("n"), inlines("1")),), 'The "times"', frozenset({1})),
    ) == (
        '<h2 id="a">A &amp; B</h2>\n'
        '<p><strong>x</strong><br><a href="z?a=1&amp;b=2">y</a><bdi> שלום</bdi></p>\n'
        '<p><span id="f1">F&lt;1</span><a href="#f1">F1</a></p>\n'
        '<ol start="3">\n<li>one</li>\n</ol>\n'
        '<div class="note bad" role="note">\n<p class="kind">Problem</p>\n'
        "<pre>\n<code>\n  a &lt; b</code></pre>\n</div>\n"
        '<div class="scroll" role="region" aria-label="The &#34;times&#34;" tabindex="0"><table>\n'
        "<caption><span>The &#34;times&#34;</span></caption>\n"
        '<thead>\n<tr><th scope="col">name</th><th class="n" scope="col">ms</th></tr>\n</thead>\n'
        '<tbody>\n<tr><th scope="row">n</th><td class="n">1</td></tr>\n</tbody>\n</table></div>'
    )


KINDS: list[Block] = [
    Heading(2, "x"),
    *(Paragraph((part,)) for part in (Text("x"), Strong("x"), Code("x"), Target("x", "t"), Link("x", "a"))),
    Bullets(("x",)),
    Numbered(("x",)),
    Table(("x",), (), "x"),
    CodeBlock("x"),
    Note("info", (Paragraph("x"),)),
    Details("x", (Paragraph((LineBreak(), Text("x"))),)),
    Details(Heading(2, "x"), (Paragraph("y"),)),
    Byline("x"),
    Beside(((Paragraph("x"),), (Paragraph("y"),))),
    Chart(Svg("<svg></svg>"), "x", "x", Table(("x",), (), "x")),
    Part(Heading(2, "x", "x"), "x", (Paragraph("x"),)),
]


def test_every_kind_of_block_and_inline_has_its_markup() -> None:
    """The templates name kinds as text, so that nothing but this notices one that they lack."""
    inlines_of = [part for block in KINDS if isinstance(block, Paragraph) for part in block.content]
    assert {type(block) for block in KINDS} == set(get_args(Block))
    assert {type(part) for part in inlines_of} | {LineBreak} == set(get_args(Inline))
    for block in KINDS:
        assert re.search(r"<\w.*x.*</\w", body(block), re.S), block
    assert "<br>" in body(Paragraph((LineBreak(),)))


def test_what_is_not_printed_is_marked_and_a_folded_section_can_be_linked_to() -> None:
    folded = Details(Heading(2, "Appendix", "appendix"), (Paragraph("a"),), on_paper=False)
    assert body(folded) == (
        '<details class="screen-only">\n<summary><h2 id="appendix">Appendix</h2></summary>\n<p>a</p>\n</details>'
    )
    assert body(Details("More", (Paragraph("a"),))).startswith("<details>\n<summary>More</summary>")


def test_nothing_is_markup_but_a_drawing() -> None:
    templates = files("chimera_dagster.render").joinpath("templates")
    sources = [path.read_text() for path in templates.iterdir() if path.name.endswith(".j2")]
    assert len(sources) == 2
    assert re.findall(r"[\w.]+ *\| *safe", "".join(sources)) == ["block.svg|safe"]
    assert "autoescape" not in "".join(sources)


def test_a_chart_has_its_drawing_and_its_values() -> None:
    table = Table(("ms",), ((inlines("1"),),), "Values", frozenset({0}))
    html = body(Chart(Svg("<svg></svg>"), "T < U", "D.", table))
    assert html.startswith("<figure>\n<figcaption><strong>T &lt; U</strong> D.</figcaption>\n<svg></svg>\n<details>")
    assert "<summary>Values of this chart (1 row)</summary>" in html


def test_only_a_page_with_an_interactive_table_has_a_script_and_names_it_by_its_digest() -> None:
    rows = tuple((inlines(f"n{number}"), inlines(str(number))) for number in range(200))
    table = Table(("name", "ms"), rows, "Times", frozenset({1}), interactive=True)
    html = to_html(Page("T", "en", (table,)))
    assert '<div class="scroll interactive" role="region"' in html
    assert html.count("<tr>") == 201
    [script] = re.findall(r"<script>(.*?)</script>", html, re.S)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:" in html


def test_a_table_carries_what_its_rows_are_weighed_by() -> None:
    criterion = Criterion("ms", "time & more", 1.0, True, False, True)
    weighing = Weighing("the goals", (criterion,), (Weighed(0, (-0.1,)), None), 1)
    table = Table(("name", "ms"), (("a", "1"), ("b", "2")), "Times", frozenset({1}), True, weighing)
    html = to_html(Page("T", "en", (Part(Heading(2, "A", "a"), "Lead", (table,)),)))
    first, second = map(unescape, re.findall(r'<t(?:able|r) data-\w+="([^"]+)"', html))
    assert json.loads(first) == ["the goals", [["ms", "time & more", 1.0, True, False, True]], 1]
    assert json.loads(second) == [0, [-0.1]]
    assert "<script>" in html  # an interactive table in a part needs it too


def test_a_part_is_a_section_with_its_own_contents() -> None:
    first = Part(Heading(2, "A", "a"), "What A is.", (Paragraph("x"),))
    second = Part(Heading(2, "B", "b"), "What B is.", (Heading(3, "C", "c"), Heading(3, "D")))
    html = to_html(Page("T", "en", (first, second)))
    begin = '<section class="part" aria-labelledby="a">\n<h2 id="a">A</h2>\n<p class="lead">What A is.</p>\n<p>x</p>'
    assert begin in html
    assert '<li><a href="#b">B</a><ul>\n<li><a href="#c">C</a></li>\n</ul></li>' in re.sub(r"\n(?=</li>)", "", html)
    assert "<nav" not in to_html(Page("T", "en", (first,)))


def test_the_file_needs_nothing_and_runs_nothing() -> None:
    html = to_html(Page("T", "de", (Heading(2, "A", "a"), Heading(2, "B", "b"), Heading(2, "C", "c"))))
    assert html == to_html(Page("T", "de", (Heading(2, "A", "a"), Heading(2, "B", "b"), Heading(2, "C", "c"))))
    assert '<html lang="de">' in html
    assert html.index("charset") < html.index("default-src 'none'") < html.index("<title>")
    tags = {tag for tag, _ in Seen(html).tags}
    assert not tags & {"script", "img", "iframe", "object", "embed", "base", "form"}
    assert "url(" not in html
    assert "@import" not in html
    assert '<nav aria-label="Contents"><ul>\n<li><a href="#a">A</a></li>' in html
    assert "<nav" not in to_html(Page("T", "en", (Heading(2, "A", "a"),)))
