"""The leaderboard ordered by a reader's weights, against the order that the code computes for the same weights."""

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from chimera_dagster.compare.comparison import compare
from chimera_dagster.compare.observed import Observed
from chimera_dagster.records.store import Store
from chimera_dagster.render.index.leaderboard import gap_words
from chimera_dagster.render.index.order import order_of
from chimera_dagster.spec.goals import DEFAULT_WEIGHTS, Goals, MetricName
from chimera_dagster.spec.trial import ParamSet
from chimera_dagster.steps.index import write_index
from tests.e2e.browser import CONTRASTS, Opened, Scheme, chromium
from tests.simulated import in_full, simulated_sweep

pytestmark = pytest.mark.browser

SLIDERS: dict[MetricName, str] = {
    "throughput_tok_s": "decode throughput",
    "ttft_ms": "time to first token",
    "quality": "quality score",
}
PHONE = 390
BOARD = "[aria-label='Valid trials']"
ORDER = f"""(() => {{
  const heads = [...document.querySelectorAll("{BOARD} thead th")].map(head => head.textContent);
  return [...document.querySelectorAll("{BOARD} tbody tr")].map(row => [
    `${{row.cells[0].textContent}}|${{row.cells[heads.indexOf("report")].textContent}}`,
    row.cells[heads.indexOf("behind the best")].textContent]) }})()"""
ENERGY: MetricName = "joules_per_token"
Ranks = list[tuple[str, str]]


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as browser:
        yield browser


def sweep() -> list[Observed]:
    """Twelve trials, of which two are equal, two are equal but for a metric without a slider, and two lack a metric."""
    rng = np.random.default_rng(5)
    trials = in_full(simulated_sweep(lambda cell: 100 + cell.num_ctx / 100, rng, num_ctx=(2048, 8192), noise=0.03), rng)
    trials[1] = trials[0].model_copy(update={"params": trials[1].params})
    thrifty = {**trials[2].values, ENERGY: [each / 2 for each in trials[2].values[ENERGY]]}
    trials[3] = trials[2].model_copy(update={"params": trials[3].params, "values": thrifty})
    for place, lost in ((4, "quality"), (5, "ttft_ms")):
        kept = {name: values for name, values in trials[place].values.items() if name != lost}
        trials[place] = trials[place].model_copy(update={"values": kept})
    return trials


def ranks(trials: list[Observed], goals: Goals) -> Ranks:
    """Key and distance of each trial in the code's order; no ties, which need a test."""
    order = order_of(compare(trials, goals, datetime.now(UTC)))
    return [(trial.key, gap_words(order, trial).removesuffix(", tie")) for trial in order.trials]


def opened(
    browser: Browser,
    folder: Path,
    goals: Goals,
    trials: list[Observed] | None = None,
    width: int = 1400,
    scheme: Scheme = "light",
) -> Opened:
    store = Store(folder)
    write_index(store, compare(sweep() if trials is None else trials, goals, datetime.now(UTC)))
    return Opened(browser, store.index, scheme, width)


def shown(page: Opened) -> Ranks:
    return [(key, gap) for key, gap in page.ask(ORDER)]


def move(page: Opened, weights: dict[MetricName, float]) -> None:
    for name, weight in weights.items():
        page.page.get_by_role("slider", name=SLIDERS[name]).fill(f"{weight:g}")


@pytest.mark.parametrize(
    "weights",
    [
        {"throughput_tok_s": 1, "ttft_ms": 1, "quality": 0.2},
        {"throughput_tok_s": 3, "ttft_ms": 0.5, "quality": 4.9},
        {"throughput_tok_s": 1, "ttft_ms": 0, "quality": 5},
        {"throughput_tok_s": 0, "ttft_ms": 2, "quality": 2},
        {"throughput_tok_s": 0.4, "ttft_ms": 0, "quality": 0},
        {"throughput_tok_s": 0, "ttft_ms": 3, "quality": 0},
        {"throughput_tok_s": 0, "ttft_ms": 0, "quality": 1.5},
    ],
)
@pytest.mark.parametrize("limits", [[], ["ttft_ms <= 80"]])
def test_the_browser_orders_as_the_code_does(
    browser: Browser, tmp_path: Path, weights: dict[MetricName, float], limits: list[str]
) -> None:
    trials = sweep()
    page = opened(browser, tmp_path, Goals(limits=limits), trials)
    move(page, weights)
    wanted = ranks(trials, Goals(want={name: weight for name, weight in weights.items() if weight}, limits=limits))
    found, ranked = shown(page), sum(gap != "–" for _, gap in wanted)
    assert found[:ranked] == wanted[:ranked]
    assert 2 < ranked < len(trials) or (not limits and weights["ttft_ms"] == weights["quality"] == 0)
    assert {gap for _, gap in found[ranked:]} <= {"–"}
    assert {key for key, _ in found} == {trial.key for trial in trials}
    [best] = [trial for trial in trials if trial.key == wanted[0][0]]
    expect(page.page.locator(".weigh strong")).to_contain_text(f"{best.model}, num_ctx={best.params.num_ctx}")
    expect(page.page.locator(".weigh output")).to_contain_text("By your weights")
    given = ", ".join(f"{name}: {weight:g}" for name, weight in weights.items() if weight)
    expect(page.page.locator(".weigh output")).to_contain_text(f"want: {{{given}}} under goals in sweep.yaml")
    assert page.events == []
    page.page.close()


def test_equal_trials_are_in_the_order_of_their_names(browser: Browser, tmp_path: Path) -> None:
    """By TTFT, in which they are equal; by throughput they are in the reverse order."""
    one, trials = sweep()[0], list[Observed]()
    for place, model in enumerate(("a:1b", "b:1b", "é:1b", "\ufb01:1b", "\U0001f999:1b"), start=1):
        values = one.values | {"throughput_tok_s": [place * each for each in one.values["throughput_tok_s"]]}
        trials.append(one.model_copy(update={"model": model, "values": values}))
    page = opened(browser, tmp_path, Goals(), trials)
    keys = [trial.key for trial in trials]
    assert [key for key, _ in shown(page)] == keys[::-1]
    move(page, {"throughput_tok_s": 0, "quality": 0})
    assert shown(page) == [*zip(keys, ["0 %, best", *["0.0 %"] * 4], strict=True)]
    page.page.close()


def test_weights_of_the_sweep_without_a_slider_stay(browser: Browser, tmp_path: Path) -> None:
    trials, want = sweep(), {"quality": 0.75, ENERGY: 20.0}
    page = opened(browser, tmp_path, Goals.model_validate({"want": want}), trials)
    expect(page.page.locator(".weigh")).to_contain_text("These weights stay: energy per token 20.")
    assert page.page.get_by_role("slider").count() == 3
    move(page, {"throughput_tok_s": 40})
    wanted = ranks(trials, Goals.model_validate({"want": {**want, "throughput_tok_s": 40}}))
    assert shown(page)[:11] == wanted[:11]
    page.page.close()


def test_back_restores_the_order_and_the_ties_of_the_sweep(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, Goals(want={"throughput_tok_s": 1.25, "quality": 1}))
    written = shown(page)
    assert any(gap.endswith(", tie") for _, gap in written)
    expect(page.page.locator(".weigh output")).to_contain_text("By the goals of the sweep")
    expect(page.page.locator(".weigh label").first).to_contain_text("1.25")
    move(page, {"ttft_ms": 5, "throughput_tok_s": 0})
    assert shown(page) != written
    assert not any(gap.endswith(", tie") for _, gap in shown(page))
    page.page.get_by_role("button", name="Back to the goals of the sweep").click()
    assert shown(page) == written
    assert page.ask("[...document.querySelectorAll('.weigh label > :last-child')].map(e => e.textContent)") == [
        *("1.25", "1", "0")
    ]
    page.page.close()


def test_without_any_weight_nothing_is_ranked(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, Goals())
    move(page, dict.fromkeys(DEFAULT_WEIGHTS, 0.0))
    expect(page.page.locator(".weigh output")).to_have_text("No trial can be ranked by these weights.")
    assert {gap for _, gap in shown(page)} == {"–"}
    page.page.close()


def test_it_goes_with_sorting_and_filtering(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, Goals())
    page.page.get_by_role("searchbox").first.fill("a:1b")
    head = page.page.locator(f"{BOARD} thead th").filter(has_text="peak_memory_mib")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    move(page, {"throughput_tok_s": 0, "ttft_ms": 0})
    assert page.page.locator(f"{BOARD} [aria-sort]").count() == 0
    assert page.page.locator(f"{BOARD} tbody tr:visible").count() == 6
    by_gap = [gap for _, gap in shown(page)]
    assert by_gap[1] != "0.0 %"
    page.page.locator(f"{BOARD} thead th").filter(has_text="behind").get_by_role("button").click()
    assert [gap for _, gap in shown(page)] == by_gap  # sorted by the new distances, not by those of the sweep
    page.page.close()


def test_the_keyboard_moves_a_slider_and_a_reader_hears_its_weight(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, Goals())
    slider = page.page.get_by_role("slider", name="quality score")
    slider.focus()
    page.page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "weight 2.1")
    expect(page.page.get_by_role("group", name="Weigh for yourself").get_by_role("status")).to_contain_text("By your")
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Enter")
    expect(slider).to_have_attribute("aria-valuetext", "weight 2")
    assert page.ask("document.activeElement.textContent") == "Back to the default goals"
    page.page.close()


@pytest.mark.parametrize("goals", [Goals(limits=["ttft_ms <= 1"]), Goals(want={"error_rate": 1})])
def test_without_an_answer_or_with_one_trial_there_are_no_sliders(
    browser: Browser, tmp_path: Path, goals: Goals
) -> None:
    one = sweep()[0].model_copy(update={"params": ParamSet(top_k=1)})
    for trials in ([one], sweep() if goals.limits else [one]):
        page = opened(browser, tmp_path, goals, trials)
        assert page.page.get_by_role("slider").count() == 0
        assert page.page.locator(".weigh").count() == 0
        page.page.close()


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_tables_scroll_within_themselves_with_a_shade_at_the_edge(
    browser: Browser, tmp_path: Path, scheme: Scheme, width: int
) -> None:
    page = opened(browser, tmp_path, Goals(), width=width, scheme=scheme)
    move(page, {"ttft_ms": 3.3})
    assert page.ask("document.documentElement.scrollWidth") <= width
    box = page.page.locator(BOARD)
    assert box.evaluate("e => e.scrollWidth > e.clientWidth") or width > PHONE
    assert box.evaluate("e => getComputedStyle(e).backgroundImage").count("linear-gradient") == 4
    seen = page.ask(f"""[...document.querySelectorAll("{BOARD} thead th")]
        .filter(e => e.getBoundingClientRect().right <= innerWidth).map(e => e.textContent)""")
    assert seen[:3] == ["model", "parameters", "behind the best"]
    assert page.ask(CONTRASTS) == []
    assert page.events == []
    assert page.ask("violations") == []
    page.page.close()
