"""The report of a trial that ran, as a browser shows it: light, dark, on a phone and on paper."""

import re
from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from chimera_dagster.align.kept_note import KeptNote
from chimera_dagster.measure.telemetry import Telemetry
from chimera_dagster.steps import trial
from chimera_dagster.steps.checks import SECTIONS
from tests.conftest import Project
from tests.desk import desk_in, faithful, saying
from tests.e2e.browser import CONTRASTS, TOUCHING, Opened, Scheme, chromium, look
from tests.unit.measure.fake_nvml import FakeGpu, FakeNvml

pytestmark = pytest.mark.browser

# Of each chart by its title, what its axes are: across, and upwards where it has such an axis.
AXES = {
    "Throughput by configuration": ["tok/s"],
    "Time to the first token by configuration": ["ms"],
    "Chunks received over time": ["s since the request was sent", "chunks"],
    "Time between chunks": ["ms between chunks", "% of gaps"],
    "Each GPU during the trial": [
        "s since the trial began",
        "GPU utilisation, %",
        "GPU memory in use, MiB",
        "GPU power, W",
    ],
}


SPEC: dict[str, Any] = {"repeats": 3, "grid": {"num_ctx": [4096]}, "max_tokens": 900}


def text_of(notes: Sequence[KeptNote]) -> str:
    """An answer of which most sentences stand, one is wrong in a figure, and one is advice of its own."""
    advice = "Consider increasing num_ctx."
    text = faithful(notes).replace("\n1. ", f"\n- {advice}\n1. ")
    advised = [note for note in notes if note.section == "recommendations"]
    figure = next(part.text for note in advised for part in note.text if part.kind == "figure" and part.unit)
    return text.replace(figure, f"9{figure}", 1)


@pytest.fixture(scope="module")
def report(shared_project: Project) -> Generator[Path]:
    gpus = [
        FakeGpu(f"GPU-{number}", PowerUsage=lambda times, watts=60 + 30 * number: 1000 * (watts + 7 * (times % 5)))
        for number in range(2)
    ]
    with desk_in(shared_project.data, shared_project.reports) as desk, pytest.MonkeyPatch.context() as patch:
        patch.setattr(trial, "Telemetry", partial(Telemetry, nvml=FakeNvml(*gpus)))
        desk.run(saying(text_of(desk.notes()), seconds_between=0.02), after=1, **SPEC)
        yield desk.render(**SPEC).page


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_quiet_whole_and_readable(
    browser: Browser, report: Path, tmp_path: Path, scheme: Scheme, width: int
) -> None:
    opened = Opened(browser, report, scheme, width)
    opened.ask("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert opened.ask("matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")
    assert opened.ask("document.documentElement.scrollWidth") <= width
    assert opened.ask(CONTRASTS) == []
    assert opened.ask(TOUCHING) == []
    assert opened.ask(OUTSIDE) == []
    assert opened.ask(SQUEEZED) == []
    charts = dict(opened.ask(CHARTS))
    assert charts.keys() == AXES.keys()
    for title, axes in AXES.items():
        for axis in axes:
            assert any(words.startswith(axis) for words in charts[title]), (title, axis)
    assert (
        opened.ask(
            "[...document.querySelectorAll('a[href^=\"#\"]')].map(e => e.hash.slice(1))"
            ".filter(id => !document.getElementById(id))"
        )
        == []
    )
    assert opened.ask("[...document.querySelectorAll('[id]')].length") == len(
        set(opened.ask("[...document.querySelectorAll('[id]')].map(e => e.id)"))
    )
    assert look(opened.page, tmp_path, f"trial-{scheme}-{width}").stat().st_size > 100_000
    assert opened.events == []
    assert opened.requests == [report.as_uri()]
    assert opened.ask("violations") == []
    opened.page.close()


def test_a_sentence_leads_to_its_notes_in_the_appendix(browser: Browser, report: Path) -> None:
    opened = Opened(browser, report, "light", 1280)
    assert opened.ask("document.querySelectorAll('details[open]').length") == 0
    mark = opened.page.locator('h3#executive-summary ~ p a[href^="#n"]').first
    number = mark.get_attribute("href")
    mark.click()
    assert number == f"#n{opened.page.locator(':target').inner_text()}"
    assert opened.page.locator("tr:has(:target)").evaluate(
        "e => { const r = e.getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight }"
    )
    opened.page.close()


def test_a_sign_of_code_leads_to_why_and_says_it_on_hover(browser: Browser, report: Path) -> None:
    opened = Opened(browser, report, "light", 1280)
    sign = opened.page.locator('a[href^="#s-"]', has_text="‡").first
    why = str(sign.get_attribute("title")).removeprefix("Worded by code: ")
    sign.click()
    row = opened.page.locator("tr:has(:target)")
    assert row.is_visible()
    assert why in row.inner_text()
    opened.page.close()


def test_it_is_a_few_screens_long_and_no_section_is_empty(browser: Browser, report: Path) -> None:
    opened = Opened(browser, report, "light", 1400)
    assert opened.ask("document.documentElement.scrollHeight") <= 4 * 900
    assert opened.page.locator("h3#executive-summary").bounding_box()["y"] < 900  # pyright: ignore[reportOptionalSubscript]
    opened.ask("document.querySelectorAll('details').forEach(e => e.open = true)")
    titles = [re.sub(r"^\d\. ", "", title) for title in opened.ask(TITLES)]
    assert [title for title in titles if title in SECTIONS] == list(SECTIONS)
    assert opened.ask(EMPTY) == []
    opened.page.close()


def test_on_paper_it_is_light_and_has_no_appendix(browser: Browser, report: Path, tmp_path: Path) -> None:
    opened = Opened(browser, report, "dark", 1280)
    opened.page.emulate_media(media="print")
    opened.page.set_viewport_size({"width": 673, "height": 900})  # A4 without its margins
    assert opened.ask("document.querySelectorAll('details.screen-only').length") > 2
    assert opened.ask("[...document.querySelectorAll('details')].filter(e => e.checkVisibility()).length") == 0
    assert opened.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert opened.ask(CONTRASTS) == []
    assert opened.ask("[...document.querySelectorAll('.scroll')].every(e => e.scrollWidth <= e.clientWidth)")
    assert look(opened.page, tmp_path, "trial-print").stat().st_size > 100_000
    pdf = opened.page.pdf(path=tmp_path / "trial.pdf", format="A4", print_background=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 6
    assert opened.events == []
    assert opened.requests == [report.as_uri()]
    opened.page.close()


TITLES = "[...document.querySelectorAll('h2, h3')].map(e => e.textContent)"
# Headings below which nothing is to be read until the next one.
EMPTY = """() => { const lines = document.querySelector('main').innerText.split('\\n').map(line => line.trim());
  const titles = [...document.querySelectorAll('h2, h3, h4')].map(e => e.textContent);
  const found = lines.filter(line => line);
  return titles.slice(1).filter(title => { const at = found.indexOf(title);
    return at < 0 || at + 1 >= found.length || titles.includes(found[at + 1]) && !/Appendix/.test(title) }) }"""
CHARTS = """[...document.querySelectorAll('svg.chart')].map(
  svg => [svg.querySelector('title').textContent, [...svg.querySelectorAll('text')].map(e => e.textContent)])"""
# Words of a chart that leave the page.
OUTSIDE = """[...document.querySelectorAll('svg.chart text')].filter(e => { const r = e.getBoundingClientRect();
  return r.width && (r.left < 0 || r.right > document.documentElement.clientWidth) }).map(e => e.textContent)"""
# Cells that are far higher than wide, as a column that another one leaves no room.
SQUEEZED = """[...document.querySelectorAll('td, th')].filter(e => { const r = e.getBoundingClientRect();
  return r.width && e.textContent.length > 60 && r.width < 120 }).map(e => e.textContent)"""
