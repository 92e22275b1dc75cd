"""A page with everything in it, hostile texts too, as a browser shows it: light, dark, on a phone and on paper."""

from collections.abc import Generator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from chimera_dagster.render import blocks as document
from chimera_dagster.render.blocks import (
    Block,
    Bullets,
    Code,
    CodeBlock,
    Details,
    Heading,
    LineBreak,
    Link,
    Note,
    Numbered,
    Paragraph,
    Strong,
    Table,
    Target,
    anchor_of,
    inlines,
)
from chimera_dagster.render.html_writer import to_html
from chimera_dagster.render.report.charts import (
    latency_distribution,
    throughput_by_configuration,
    token_timeline,
    ttft_by_configuration,
)
from chimera_dagster.render.report.telemetry_chart import telemetry_over_time
from tests.e2e.browser import CONTRASTS, OPEN_TABLES, TOUCHING, Opened, chromium, look
from tests.unit.render.hostile import HOSTILE, HOSTILE_LINKS
from tests.unit.render.trials import estimates, samples, spans, traces

pytestmark = pytest.mark.browser

PHONE, PAPER, DESK = 360, 673, 1280  # paper: A4 without its margins


def section(title: str, *blocks: Block) -> list[Block]:
    return [Heading(2, title, anchor_of(title)), *blocks]


def everything() -> document.Page:
    """A report as it will be, with every kind of block, and what hostile files would put into it."""
    calls = traces(2)
    windows = spans(calls)
    facts = Table(
        ("fact", "statement", "value", "n", "from"),
        tuple(
            (
                inlines(Target(f"F{number}", f"f{number}")),
                inlines(
                    f"mean throughput of smollm2:135m at num_ctx={1024 * number}, 95 % interval 55.1 to 59.3 tok/s"
                ),
                inlines("57.2 tok/s"),
                inlines(str(number * 7)),
                inlines(Link("param_tuning/smollm2_135m_top_k_runs.csv", "../a.csv"), f", row {number}"),
            )
            for number in range(1, 9)
        ),
        "Every chart in this report and where it comes from",
        frozenset({2, 3}),
    )
    charts = [
        throughput_by_configuration(estimates(25), limit=8),
        ttft_by_configuration(estimates(3)),
        token_timeline(calls),
        latency_distribution(calls),
        telemetry_over_time(samples(windows, gpus=2), windows),
        telemetry_over_time(samples(windows), windows),
    ]
    hostile = tuple((inlines(text), inlines(Code(text)), inlines(Strong(text))) for text in HOSTILE)
    blocks: list[Block] = [
        Paragraph(
            inlines(
                *(Strong("Date:"), " 2026-11-23", LineBreak(), Strong("Model:"), " smollm2:135m", LineBreak()),
                *(Strong("Configuration:"), " num_ctx=4096, temperature=0.2", LineBreak()),
                *(Strong("Validity:"), " incomplete"),
            )
        ),
        Note(
            "info",
            (
                Paragraph(
                    inlines(
                        "The words below are smollm2:135m's own. ", Strong("[…]"), " marks a chart that it made up."
                    )
                ),
            ),
        ),
        Note("warning", (Paragraph(inlines("The model was loaded during the call (", Code("cold"), ").")),)),
        Note("bad", (Paragraph(inlines("The text is not usable: it cites no fact; it repeats itself.")),)),
        *section(
            "In the model's words",
            Paragraph(
                inlines("The fastest, at ", Strong("57.2 tok/s"), " (", Link("F3", "#f3", "evidence"), "), is it.")
            ),
        ),
        *section(
            "Metrics",
            Bullets((inlines("Throughput: 108.17 tok/s"), inlines("TTFT: 584.74 ms (mean, n=2 calls)"))),
            Numbered((inlines("first"), inlines("second"))),
            CodeBlock('{"total files": 5,\n "by kind": {"csv": 3, "json": 1, "markdown": 1}}', "json"),
        ),
        *section("Charts", *[chart for chart in charts if chart is not None]),
        *section("Evidence", facts, Details("The prompt", (CodeBlock("You are a technical writer.\n\nWrite."),))),
        *section(
            "Hostile",
            Heading(3, HOSTILE[0]),
            Table(("text", "code", "strong"), hostile, HOSTILE[3]),
            Bullets(tuple(inlines(Link(href, href)) for href in HOSTILE_LINKS)),
            CodeBlock("\n".join(HOSTILE)),
        ),
    ]
    return document.Page("Technical Report: Chimera Agent B Analysis", "en", tuple(blocks))


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("html") / "report.html"
    path.write_text(to_html(everything()), encoding="utf-8")
    return path


@pytest.fixture(params=[("light", DESK), ("dark", DESK), ("light", PHONE), ("dark", PHONE)], ids=str)
def opened(request: pytest.FixtureRequest, browser: Browser, report: Path) -> Generator[Opened]:
    seen = Opened(browser, report, *request.param)
    yield seen
    seen.page.close()


def test_nothing_runs_and_nothing_is_loaded(opened: Opened, report: Path) -> None:
    opened.page.hover("main")
    assert opened.events == []
    assert opened.requests == [report.as_uri()]
    assert opened.ask("violations") == []
    assert opened.page.title() == "Technical Report: Chimera Agent B Analysis"
    assert (
        opened.ask(
            "document.querySelectorAll('script, img, iframe, object, [onload], [onerror], [onmouseover]').length"
        )
        == 0
    )
    hrefs = opened.ask("[...document.links].map(e => e.getAttribute('href'))")
    assert {href for href in hrefs if not href.startswith("#")} == {"../a.csv"}


def test_the_policy_stops_what_would_slip_through(opened: Opened) -> None:
    opened.ask(
        "const s = document.createElement('script'); s.textContent = 'document.title = \"owned\"';"
        "document.body.append(s); const i = new Image(); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i);"
        "const d = document.createElement('div'); d.innerHTML = '<b onclick=\"document.title = 1\">x</b>';"
        "document.body.append(d); d.firstChild.click()"
    )
    opened.page.wait_for_function("violations.length >= 3")
    assert {name.split("-")[0] for name in opened.ask("violations")} == {"script", "img"}
    assert opened.page.title() == "Technical Report: Chimera Agent B Analysis"


def test_it_can_be_found_ones_way_in(opened: Opened) -> None:
    levels = opened.ask("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(e => +e.tagName[1])")
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for landmark in ("header", "nav[aria-label]", "main"):
        assert opened.page.locator(landmark).count() == 1
    assert opened.ask("[...document.querySelectorAll('[id]')].map(e => e.id).length") == opened.ask(
        "new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"
    )
    assert opened.ask(
        "[...document.querySelectorAll('a[href^=\"#\"]')]"
        ".every(e => document.getElementById(e.getAttribute('href').slice(1)))"
    )
    assert opened.ask("[...document.querySelectorAll('th')].every(e => ['col', 'row'].includes(e.scope))")
    assert opened.ask("[...document.querySelectorAll('table')].every(e => e.caption && e.caption.textContent.trim())")
    assert opened.page.get_by_role("img").count() == opened.page.locator("svg.chart").count() == 6
    assert opened.page.get_by_role("img", name="Throughput by configuration", exact=True).count() == 1
    described = opened.ask(
        "[...document.querySelectorAll('svg.chart')].every(e => e.querySelector('desc').textContent)"
    )
    assert described


def test_the_keyboard_reaches_what_scrolls_and_shows_where_it_is(opened: Opened) -> None:
    boxes = opened.ask(
        "[...document.querySelectorAll('*')].filter(e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX))"
        ".map(e => [e.tabIndex, e.getAttribute('aria-label') || '', e.getAttribute('role')])"
    )
    assert boxes
    assert all(index == 0 and label and role == "region" for index, label, role in boxes)
    opened.page.keyboard.press("Tab")
    skip = opened.page.locator(".skip")
    assert skip.evaluate("e => e === document.activeElement && e.getBoundingClientRect().top >= 0")
    assert skip.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    opened.page.keyboard.press("Enter")
    assert opened.ask("document.activeElement.id") == "_main"


def test_words_and_lines_stand_out_from_their_ground(opened: Opened) -> None:
    assert opened.ask(CONTRASTS) == []


def test_it_fits_the_screen_and_no_words_of_a_chart_touch(opened: Opened) -> None:
    width = opened.ask("document.documentElement.clientWidth")
    assert opened.ask("document.documentElement.scrollWidth") <= width
    assert opened.ask(
        "[...document.querySelectorAll('svg.chart text')].every(e => parseFloat(getComputedStyle(e).fontSize) >= 12)"
    )
    outside = opened.ask(
        "[...document.querySelectorAll('svg.chart text')].filter(e => { const r = e.getBoundingClientRect();"
        "return r.left < 0 || r.right > document.documentElement.clientWidth }).map(e => e.textContent)"
    )
    assert outside == []
    assert opened.ask(TOUCHING) == []


def test_on_paper_all_is_open_and_nothing_is_cut(browser: Browser, report: Path, tmp_path: Path) -> None:
    opened = Opened(browser, report, "dark", DESK)
    assert opened.ask(OPEN_TABLES) == 0
    opened.page.emulate_media(media="print")
    opened.page.wait_for_function(f"{OPEN_TABLES} === document.querySelectorAll('details table').length")
    boxes = "[...document.querySelectorAll('.scroll')]"
    assert opened.ask(f"{boxes}.every(e => getComputedStyle(e).overflowX === 'visible')")
    charts = "[...document.querySelectorAll('svg.chart')]"
    assert opened.ask(f"{charts}.every(e => getComputedStyle(e).breakInside === 'avoid')")
    assert opened.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    opened.page.set_viewport_size({"width": PAPER, "height": 900})
    assert opened.ask(f"{boxes}.every(e => e.scrollWidth <= e.clientWidth)")
    assert opened.page.pdf(path=tmp_path / "report.pdf", format="A4", print_background=True).startswith(b"%PDF-")


def test_it_is_drawn_in_both_schemes(opened: Opened, tmp_path: Path) -> None:
    ground = opened.ask("getComputedStyle(document.body).backgroundColor")
    dark = opened.ask("matchMedia('(prefers-color-scheme: dark)').matches")
    assert ground == ("rgb(21, 24, 29)" if dark else "rgb(255, 255, 255)")
    assert look(opened.page, tmp_path, "dark" if dark else "light").stat().st_size > 50_000
