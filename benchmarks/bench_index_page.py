"""runs/index.html of 1,000 trials: how long it takes to write, and in headless Chromium against one of 10 trials.

    python -m benchmarks.bench_index_page

A page is ready when a click on a column's header has sorted the table and the next frame is drawn; the time counts
from the navigation. Written is the time of to_html alone.
"""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np
from playwright.sync_api import Browser

from chimera_dagster.compare.comparison import Comparison, compare
from chimera_dagster.records.store import Store
from chimera_dagster.render.html_writer import to_html
from chimera_dagster.render.index.index_page import build_index
from chimera_dagster.spec.goals import Goals
from chimera_dagster.steps.index import write_index
from tests.e2e.browser import CHROMIUM, chromium
from tests.simulated import large_sweep

ROUNDS = 9
SIDES = {10: (1, 10, 1), 1_000: (10, 10, 10)}  # trials: models, contexts, temperatures
GOALS = Goals(want={"throughput_tok_s": 1, "quality": 0.5}, limits=["ttft_ms <= 2000"])
TABLE = "[aria-label='Valid trials']"
FRAME = "new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"
READY = f"""window.ready = new Promise(done => addEventListener('load', async () => {{
  document.querySelectorAll("{TABLE} thead button")[5].click();
  done(await {FRAME});
}}))"""
SORT = f"""async () => {{ const began = performance.now();
  document.querySelectorAll("{TABLE} thead button")[6].click(); return await {FRAME} - began }}"""
FILTER = f"""async () => {{ const field = document.querySelector("input"), began = performance.now();
  field.value = "model-1:1b num_ctx=2048"; field.dispatchEvent(new Event("input")); return await {FRAME} - began }}"""
WEIGH = f"""async () => {{ const slider = document.querySelector(".weigh input"), began = performance.now();
  slider.value = "0"; slider.dispatchEvent(new Event("input")); return await {FRAME} - began }}"""


class Took(NamedTuple):
    """Milliseconds."""

    ready: float
    sort: float
    filter: float
    weigh: float


def compared(shape: tuple[int, int, int]) -> Comparison:
    return compare(large_sweep(np.random.default_rng(1), *shape), GOALS, datetime.now(UTC))


def write(folder: Path, shape: tuple[int, int, int]) -> Path:
    store = Store(folder)
    write_index(store, compared(shape))
    return store.index


def written_ms(shape: tuple[int, int, int]) -> float:
    page = build_index(None, compared(shape), None)
    times: list[float] = []
    for _ in range(ROUNDS):
        began = perf_counter()
        to_html(page)
        times.append(1e3 * (perf_counter() - began))
    return median(times)


def take(browser: Browser, path: Path) -> Took:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(READY)
    page.goto(path.as_uri())
    took = Took(page.evaluate("window.ready"), *(page.evaluate(act) for act in (SORT, FILTER, WEIGH)))
    page.close()
    return took


def main() -> None:
    print(f"written: {written_ms(SIDES[1_000]):.0f} ms for 1,000 trials, {written_ms(SIDES[10]):.1f} ms for 10")
    if CHROMIUM is None:
        print("no Chromium on this machine; on Debian: apt-get install chromium")
        return
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        paths = {trials: write(Path(folder, str(trials)), shape) for trials, shape in SIDES.items()}
        rounds = [{trials: take(browser, path) for trials, path in paths.items()} for _ in range(ROUNDS)]
        sizes = {trials: path.stat().st_size / 2**10 for trials, path in paths.items()}
        markdown = paths[1_000].with_suffix(".md").stat().st_size / 2**10
    few, many = (Took(*map(median, zip(*(each[trials] for each in rounds), strict=True))) for trials in SIDES)
    ratio = median(each[1_000].ready / each[10].ready for each in rounds)
    print(
        f"ready_ratio: {ratio:.2f} ({many.ready:.0f} ms with 1,000 trials, {few.ready:.0f} ms with 10; "
        f"sorted in {many.sort:.0f} against {few.sort:.0f} ms, filtered in {many.filter:.0f} against "
        f"{few.filter:.0f} ms, weighed in {many.weigh:.0f} against {few.weigh:.0f} ms; "
        f"{sizes[1_000]:.0f} against {sizes[10]:.0f} KiB, index.md {markdown:.0f} KiB)"
    )


if __name__ == "__main__":
    main()
