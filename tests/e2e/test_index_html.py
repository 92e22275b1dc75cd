"""The page over all trials as its reader uses it: sorted, filtered, pointed at, on a phone, without script."""

import json
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from chimera_dagster.compare.comparison import Comparison, compare
from chimera_dagster.compare.observed import Observed
from chimera_dagster.errors import EngineError
from chimera_dagster.records.store import Store, write_text
from chimera_dagster.render.index.index_page import TITLE
from chimera_dagster.spec.goals import Goals, MetricName
from chimera_dagster.spec.trial import ParamSet
from chimera_dagster.steps.index import write_index
from chimera_dagster.steps.report import render_trial
from chimera_dagster.steps.sweep_comparison import load_comparison, read_comparison, write_comparison
from tests.conftest import Project
from tests.desk import Desk, desk_in
from tests.e2e.browser import CONTRASTS, TOUCHING, Opened, Scheme, chromium, look
from tests.simulated import in_full, large_sweep, simulated_sweep
from tests.stub_ollama import Answer
from tests.unit.render.hostile import HOSTILE, HOSTILE_LINKS
from tests.waiting import wait_for

pytestmark = pytest.mark.browser

PHONE, DESK, LANDSCAPE = 360, 1280, 1001  # the last one: A4 without its margins
GOALS = Goals(want={"throughput_tok_s": 1, "quality": 0.5}, limits=["ttft_ms <= 100000"])
HALVES = ("What your benchmarks say", "Which model and setting writes the report, and how fast")
SPEC = {"repeats": 3, "max_tokens": 1000}
BOARD = "[aria-label='Valid trials']"
# Model and key of the rows that are shown, in their order.
ROWS = f"""(() => {{
  const report = [...document.querySelectorAll("{BOARD} thead th")].findIndex(head => head.textContent === "report");
  return [...document.querySelectorAll("{BOARD} tbody tr")].filter(row => !row.hidden)
    .map(row => [0, report].map(column => row.cells[column].textContent)) }})()"""


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def small(shared_project: Project) -> Generator[Store]:
    """Trials that ran, one that failed and one that has not run, against a baseline of which half was faster."""
    with desk_in(shared_project.data, shared_project.reports) as desk:
        for number in range(1, 7):
            _run(desk, number)
        comparison = read_comparison(desk.store, GOALS)
        document = json.loads(comparison.model_dump_json())
        for place, trial in enumerate(document["trials"]):
            trial["values"] = {name: [of * (1 + place % 2) for of in them] for name, them in trial["values"].items()}
        write_text(desk.store.baseline, json.dumps(document))
        write_comparison(desk.store, comparison)
        write_index(desk.store, comparison)
        yield desk.store


def _run(desk: Desk, number: int) -> None:
    spec = SPEC | {"grid": {"num_ctx": [2048 if number % 2 else 20480], "top_k": [number]}}
    desk.store.register(desk.plan(**spec))
    if number == 5:
        with pytest.raises(EngineError):
            desk.run(Answer(status=400, body={"error": "not today"}), **spec)
    elif number < 5:
        desk.run(**spec)
        render_trial(desk.store, desk.plan(**spec))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """1,000 trials: some are not valid, failed, have not run, or lack energy."""
    trials = large_sweep(np.random.default_rng(1))
    trials[::20] = [each.model_copy(update={"spoiled_by": {"throttled": "at 60 %"}}) for each in trials[::20]]
    trials[1::20] = [
        Observed(model=each.model, params=each.params, state="failed", error="It ended.") for each in trials[1::20]
    ]
    trials[2::20] = [Observed(model=each.model, params=each.params, state="missing") for each in trials[2::20]]
    trials[4::20] = [
        each.model_copy(update={"values": {of: them for of, them in each.values.items() if of != "joules_per_token"}})
        for each in trials[4::20]
    ]
    return written(tmp_path_factory.mktemp("large"), trials, GOALS)


def written(folder: Path, trials: list[Observed], goals: Goals) -> Store:
    store = Store(folder)
    comparison = compare(trials, goals, datetime.now(UTC))
    write_comparison(store, comparison)
    write_index(store, comparison)
    return store


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["small", "large"])
def test_it_is_quiet_whole_and_readable(
    browser: Browser, request: pytest.FixtureRequest, tmp_path: Path, size: str, scheme: Scheme, width: int
) -> None:
    store: Store = request.getfixturevalue(size)
    opened = Opened(browser, store.index, scheme, width)
    assert opened.ask("document.documentElement.scrollWidth") <= width
    assert opened.ask("matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")
    if size == "small":  # each text is measured, of which 1,000 trials have too many
        assert opened.ask(CONTRASTS) == []
    assert opened.ask(TOUCHING) == []
    assert look(opened.page, tmp_path, f"{size}-{scheme}-{width}").stat().st_size > 50_000
    assert opened.events == []
    assert opened.requests == [store.index.as_uri()]
    assert opened.ask("violations") == []
    opened.page.close()


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("metric", ["ttft_ms", "throughput_tok_s", "joules_per_token"])
def test_a_column_of_numbers_is_sorted_both_ways_and_what_is_missing_is_last(
    browser: Browser, request: pytest.FixtureRequest, size: str, metric: MetricName
) -> None:
    store: Store = request.getfixturevalue(size)
    comparison = load_comparison(store)
    opened = Opened(browser, store.index, "light", DESK)
    header = opened.page.locator(f"{BOARD} thead th").filter(has_text=metric)
    if metric == "joules_per_token" and size == "small":
        assert header.count() == 0  # nobody measured it
        opened.page.close()
        return
    for direction in ("ascending", "descending"):
        header.get_by_role("button").click()
        expect(header).to_have_attribute("aria-sort", direction)
        assert opened.page.locator(f"{BOARD} [aria-sort]").count() == 1
        means = means_of(comparison, metric, opened.ask(ROWS))
        known = [mean for mean in means if mean is not None]
        assert None not in means[: len(known)]
        assert len(means) == sum(trial.is_valid for trial in comparison.trials)
        assert known == pytest.approx(
            sorted(known, reverse=direction == "descending"), rel=0.01
        )  # three digits are shown
    assert (None in means) == (metric == "joules_per_token")
    opened.page.close()


def means_of(comparison: Comparison, metric: MetricName, rows: list[tuple[str, str]]) -> list[float | None]:
    trials = {(trial.model, trial.params.key): trial for trial in comparison.trials}
    return [trials[model, key].mean(metric) for model, key in rows]


def test_words_are_sorted_as_people_count(browser: Browser, large: Store) -> None:
    opened = Opened(browser, large.index, "light", DESK)
    opened.page.locator(f"{BOARD} thead button").filter(has_text="model").first.click()
    models = list(dict.fromkeys(row[0] for row in opened.ask(ROWS)))
    assert models == [f"model-{number}:{number}b" for number in range(1, 11)]
    opened.page.close()


@pytest.mark.parametrize(
    ("size", "typed", "wanted"),
    [
        ("small", "num_ctx=2048", {"num_ctx": 2048}),
        ("small", "num_ctx=20480", {"num_ctx": 20480}),
        ("small", "NUM_CTX=2048, top_k=3", {"num_ctx": 2048, "top_k": 3}),
        ("large", "model-1:1b num_ctx=2048", {"num_ctx": 2048, "model": "model-1:1b"}),
        ("large", "temperature=0.2", {"temperature": 0.2}),
        ("large", "temperature=0 model-10", {"temperature": 0.0, "model": "model-10:10b"}),
    ],
)
def test_it_is_filtered_by_words(
    browser: Browser, request: pytest.FixtureRequest, size: str, typed: str, wanted: dict[str, object]
) -> None:
    store: Store = request.getfixturevalue(size)
    opened = Opened(browser, store.index, "light", DESK)
    trials = [trial for trial in load_comparison(store).trials if trial.is_valid]
    opened.page.get_by_role("searchbox", name="Filter: Valid trials").fill(typed)
    keys = {
        f"{trial.model}|{trial.params.key}"
        for trial in trials
        if wanted.items() <= ({"model": trial.model} | trial.params.options()).items()
    }
    assert {f"{model}|{key}" for model, key in opened.ask(ROWS)} == keys
    assert 0 < len(keys) < len(trials)
    assert opened.page.locator(".filter output").first.inner_text() == f"{len(keys)} of {len(trials)}"
    opened.page.close()


def test_a_filter_finds_parts_of_words_and_says_where_there_is_nothing(browser: Browser, small: Store) -> None:
    opened = Opened(browser, small.index, "light", DESK)
    field, count = opened.page.get_by_role("searchbox").first, opened.page.locator(".filter output").first
    for typed, said in (("num_ctx=20", "4 of 4"), ("smollm", "4 of 4"), ("nothing-like-it", "0 of 4"), ("", "4 of 4")):
        field.fill(typed)
        expect(count).to_have_text(said)
    opened.page.close()


def test_a_dot_says_its_trial_when_it_is_pointed_at_or_reached_by_keys(browser: Browser, small: Store) -> None:
    opened = Opened(browser, small.index, "light", DESK)
    said = opened.page.locator(".pointed")
    titles = opened.ask(
        "[...document.querySelectorAll('circle')].sort((a, b) => parseFloat(a.getAttribute('cx'))"
        " - parseFloat(b.getAttribute('cx'))).map(dot => dot.textContent)"
    )
    assert len(titles) == 4
    expect(said).to_contain_text("Point at a dot")
    topmost = opened.page.locator("circle").last  # what is drawn later may cover a dot
    topmost.hover(force=True)
    expect(said).to_have_text(topmost.text_content() or "")
    assert opened.page.locator("circle[tabindex='0']").count() == 1
    opened.page.locator("circle[tabindex='0']").focus()
    for _ in titles:
        opened.page.keyboard.press("ArrowLeft")
    for title in titles:
        expect(said).to_have_text(title)
        assert "smollm2:135m, num_ctx=" in title and "decode throughput" in title
        assert opened.ask("document.activeElement.textContent") == title
        opened.page.keyboard.press("ArrowRight")
    expect(said).to_have_text(titles[-1])
    opened.page.close()


def test_the_keyboard_alone_sorts_and_scrolls(browser: Browser, large: Store) -> None:
    opened = Opened(browser, large.index, "light", DESK)
    box = opened.page.get_by_role("region", name="Valid trials")
    assert box.evaluate("e => e.tabIndex === 0 && e.scrollHeight > e.clientHeight")
    opened.page.locator(f"{BOARD} thead button").filter(has_text="quality").focus()
    opened.page.keyboard.press("Enter")
    expect(opened.page.locator(f"{BOARD} thead th").filter(has_text="quality")).to_have_attribute(
        "aria-sort", "ascending"
    )
    box.focus()
    opened.page.keyboard.press("End")
    wait_for(lambda: box.evaluate("e => e.scrollTop > 1000 || null"), "the table to scroll")
    header = opened.page.locator(f"{BOARD} thead th").first
    assert header.bounding_box() is not None and header.evaluate(
        "e => Math.abs(e.getBoundingClientRect().top - e.closest('.interactive').getBoundingClientRect().top) < 2"
    )
    opened.page.close()


def test_a_report_opens_by_its_link(browser: Browser, small: Store) -> None:
    opened = Opened(browser, small.index, "light", DESK)
    links = opened.page.locator(f"{BOARD} tbody a")
    assert links.count() == 4
    key = links.first.inner_text()
    links.first.click()
    opened.page.wait_for_url("**/report.html")
    assert f"/{key}/report.html" in opened.page.url
    assert "Technical Report" in opened.page.locator("body").inner_text()
    for path in ("comparison.json", "comparison.csv"):
        assert (small.runs / path).exists()
    opened.page.close()


@pytest.mark.parametrize("media", ["screen", "print"])
def test_a_hundred_rows_are_drawn_until_all_are_asked_for_or_printed(
    browser: Browser, large: Store, media: Literal["screen", "print"]
) -> None:
    opened = Opened(browser, large.index, "light", LANDSCAPE)
    drawn = opened.page.locator(f"{BOARD} tbody tr:visible")
    assert drawn.count() == 100
    said = opened.page.locator(".filter output").first
    expect(said).to_have_text("850 of 850, first 100 shown")
    if media == "print":
        opened.page.emulate_media(media="print")
        assert opened.ask("[...document.querySelectorAll('.scroll')].every(e => e.scrollWidth <= e.clientWidth)")
    else:
        opened.page.get_by_role("button", name="Show all").first.click()
        expect(said).to_have_text("850 of 850")
    assert drawn.count() == 850
    opened.page.close()


@pytest.mark.parametrize(("size", "trials"), [("small", 4), ("large", 850)])
def test_without_script_it_is_whole(browser: Browser, request: pytest.FixtureRequest, size: str, trials: int) -> None:
    store: Store = request.getfixturevalue(size)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(store.index.as_uri())
    assert page.locator(f"{BOARD} tbody tr:visible").count() == trials
    assert page.locator(f"{BOARD} tbody a:visible").count() == trials
    assert page.locator("input, button").count() == 0
    for heading in (
        *HALVES,
        "Recommendation",
        "Leaderboard",
        "Pareto front",
        "Effects of the parameters",
        "Not ranked",
    ):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(page.locator("svg.chart")).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_hostile_names_and_texts_run_nothing(browser: Browser, tmp_path: Path, width: int) -> None:
    trials = in_full(
        simulated_sweep(lambda _: 100, np.random.default_rng(1), models=HOSTILE, num_ctx=(2048,)),
        np.random.default_rng(2),
    )
    texts = [text for text in HOSTILE if text.isprintable()]
    for place, text in enumerate(texts):
        trials[3 * place] = trials[3 * place].model_copy(update={"spoiled_by": {text: text}})
        trials[3 * place + 1] = trials[3 * place + 1].model_copy(update={"text": text})
    for place, href in enumerate(HOSTILE_LINKS[:-1]):
        trials[3 * place + 2] = trials[3 * place + 2].model_copy(update={"href": href})
    for place, text in enumerate(texts[:10]):
        trials.append(Observed(model=text, params=ParamSet(top_k=place), state="failed", error=text))
    store = Store(tmp_path)
    write_index(store, compare(trials, GOALS, datetime.now(UTC)))
    opened = Opened(browser, store.index, "light", width)
    opened.page.locator(f"{BOARD} thead button").first.click()
    opened.page.get_by_role("searchbox").first.fill(HOSTILE[0])
    opened.page.locator("circle").last.hover(force=True)
    opened.ask("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert opened.page.title() == TITLE
    assert opened.events == []
    assert opened.requests == [store.index.as_uri()]
    assert opened.ask("violations") == []
    assert (
        opened.ask("document.querySelectorAll('main script, img, iframe, [onload], [onerror], [onmouseover]').length")
        == 0
    )
    assert opened.ask("document.documentElement.scrollWidth") <= width
    hrefs = opened.ask("[...document.links].map(each => each.getAttribute('href'))")
    assert not {href for href in hrefs if href in HOSTILE_LINKS}
    opened.page.close()
