"""The page about a folder in a browser: light and dark, on a desk, on a phone and on paper."""

from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.render.brief.page import brief_page
from chimera_dagster.render.html_writer import to_html
from chimera_dagster.steps.evidence import Evidence
from tests.conftest import ROOT
from tests.e2e.browser import CONTRASTS, OPEN_TABLES, TOUCHING, Opened, Scheme, chromium, look
from tests.unit.evidence.findings.tables import write_csv

pytestmark = pytest.mark.browser

SAMPLES = ROOT / "data" / "reports"
PHONE, DESK = 390, 1400
_MOST_PAGES = 5  # on paper


def written(folder: Path, path: Path) -> Path:
    read = read_in_memory(folder)
    path.write_text(to_html(brief_page(Evidence(read.files, read.measurements).brief, "../reports/")))
    return path


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(SAMPLES, tmp_path_factory.mktemp("samples") / "brief.html")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models with long names on a server under load."""
    folder = tmp_path_factory.mktemp("reports")
    rows = [
        {
            "model": f"some-organisation/some-model-{model}-70b-instruct-with-a-long-name",
            "concurrency": level,
            "output_tok_s": 400.0 * level / (1 + level / 40) / model,
            "ttft_ms": 80.0 * model + 3.0 * level + step,
        }
        for model in (1, 2, 3)
        for level in (1, 4, 16, 64)
        for step in range(3)
    ]
    write_csv(folder / "load.csv", rows)
    return written(folder, tmp_path_factory.mktemp("loaded") / "brief.html")


@pytest.fixture(
    scope="module", params=[(scheme, width) for width in (PHONE, DESK) for scheme in ("light", "dark")], ids=str
)
def view(request: pytest.FixtureRequest) -> tuple[Scheme, int]:
    return request.param


@pytest.mark.parametrize("name", ["samples", "loaded"])
def test_it_fits_is_readable_and_silent(
    browser: Browser, name: str, view: tuple[Scheme, int], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    opened = Opened(browser, request.getfixturevalue(name), *view)
    width = opened.ask("document.documentElement.clientWidth")
    assert opened.ask("document.documentElement.scrollWidth") <= width
    assert opened.ask(TOUCHING) == []
    assert opened.ask(CONTRASTS) == []
    outside = opened.ask(
        "[...document.querySelectorAll('svg.chart text')].filter(e => { const r = e.getBoundingClientRect();"
        "return r.left < 0 || r.right > document.documentElement.clientWidth }).map(e => e.textContent)"
    )
    assert outside == []
    assert opened.events == []
    assert opened.ask("violations") == []
    assert len(opened.requests) == 1
    assert look(opened.page, tmp_path, f"{name}-{view[0]}-{view[1]}").stat().st_size > 30_000
    opened.page.close()


def test_the_answer_and_its_chart_begin_on_the_first_screen(browser: Browser, samples: Path) -> None:
    opened = Opened(browser, samples, "light", DESK)
    for words in ("How sure this is.", "What to do next."):
        box = opened.page.get_by_text(words).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 900
    chart = opened.page.locator("figure").first.bounding_box()
    assert chart is not None
    assert chart["y"] < 900
    opened.page.close()


def test_a_mark_opens_the_evidence_of_its_sentence(browser: Browser, samples: Path) -> None:
    opened = Opened(browser, samples, "light", DESK)
    assert opened.ask(OPEN_TABLES) == 0
    opened.page.locator("main p a[href='#n1']").click()
    entry = opened.page.locator("#n1")
    entry.wait_for(state="visible")
    assert entry.evaluate("e => { const r = e.getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight }")
    opened.page.close()


def test_paper_has_the_answer_and_not_the_appendix(browser: Browser, samples: Path, tmp_path: Path) -> None:
    opened = Opened(browser, samples, "dark", DESK)
    opened.page.emulate_media(media="print")
    assert opened.ask(
        "[...document.querySelectorAll('.screen-only')].every(e => e.getBoundingClientRect().height === 0)"
    )
    assert opened.ask("document.querySelectorAll('.screen-only').length") > 2
    printed = opened.page.pdf(path=tmp_path / "brief.pdf", format="A4", print_background=True)
    pages = printed.count(b"/Type /Page") - printed.count(b"/Type /Pages")
    assert 1 <= pages <= _MOST_PAGES
    opened.page.close()
