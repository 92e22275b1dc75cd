"""What the charts of a report draw is what outcome.json, metrics.json and telemetry.parquet say, and nothing else."""

import hashlib
import json
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chimera_dagster.evidence.figures import named_params
from chimera_dagster.measure.telemetry import Telemetry
from chimera_dagster.records.store import TrialFolder
from chimera_dagster.steps import trial
from tests.conftest import Project
from tests.desk import Desk, desk_in, saying
from tests.drawing import Drawing, number, share
from tests.rendered import Drawn, Html
from tests.unit.measure.fake_nvml import FakeGpu, FakeNvml

Documents = tuple[dict[str, Any], dict[str, Any], pd.DataFrame]
TEXT = "Keep the model loaded. " * 12
SPECS: dict[str, dict[str, Any]] = {"gpu": {"repeats": 2}, "host": {"grid": {"num_ctx": [2048]}}}
BY_CONFIGURATION = {
    "Throughput by configuration": ("decode_tok_s", True),
    "Time to the first token by configuration": ("ttft_ms", False),
}


@pytest.fixture(scope="module")
def desk(shared_project: Project) -> Generator[Desk]:
    with desk_in(shared_project.data, shared_project.reports) as desk, pytest.MonkeyPatch.context() as patch:
        power = FakeGpu("GPU-0", PowerUsage=lambda times: 90_000 + 7_000 * (times % 5))
        patch.setattr(trial, "Telemetry", partial(Telemetry, nvml=FakeNvml(power)))
        desk.run(saying(TEXT, seconds_between=0.02), after=1, **SPECS["gpu"])
        patch.setattr(trial, "Telemetry", partial(Telemetry, nvml=FakeNvml()))
        yield desk


def documents(folder: TrialFolder) -> Documents:
    return (
        json.loads(folder.outcome.read_text()),
        json.loads(folder.metrics.read_text()),
        pd.read_parquet(folder.telemetry),
    )


def wrong(page: str, said: Documents) -> dict[str, str]:
    """What each chart of the page draws otherwise than the documents say, by its title."""
    outcome, metrics, samples = said
    checks: dict[str, Callable[[Drawn], None]] = {
        title: partial(check_configurations, metric=metric, highest=highest, outcome=outcome)
        for title, (metric, highest) in BY_CONFIGURATION.items()
    }
    checks |= {
        "Chunks received over time": partial(check_timeline, outcome=outcome, metrics=metrics),
        "Time between chunks": partial(check_gaps, outcome=outcome),
    }
    of_gpu = samples["gpu"].notna()
    name = "The GPU during the trial" if of_gpu.any() else "The host during the trial"
    checks[name] = partial(check_telemetry, outcome=outcome, samples=samples[of_gpu] if of_gpu.any() else samples)
    charts = Html(page).charts()
    assert charts.keys() == checks.keys()
    found: dict[str, str] = {}
    for title, check in checks.items():
        try:
            check(charts[title])
        except AssertionError as error:
            found[title] = str(error)
    return found


def near(value: float, least: float = 1e-6) -> Any:
    """Within a thousandth: a drawing has its places to a hundred thousandth of the width."""
    return pytest.approx(value, rel=1e-3, abs=least)


def told(value: float | None) -> Any:
    """A cell of a table, which has three digits."""
    return "none" if value is None else pytest.approx(value, rel=5.1e-3)


def check_configurations(chart: Drawn, metric: str, highest: bool, outcome: dict[str, Any]) -> None:
    drawing, rows = chart
    wanted = [each for each in outcome["configurations"] if each["metric"] == metric]
    wanted.sort(key=lambda each: -each["mean"] if highest else each["mean"])
    assert len(rows) == len(wanted)
    value_at, dots = drawing.across(), drawing.all("circle", "dot")
    bars = {
        each.attrib["y1"]: each for each in drawing.all("line", "whisker") if each.attrib["y1"] == each.attrib["y2"]
    }
    ends = [
        (each.attrib["y1"], each.attrib["x1"]) for each in drawing.all("line", "whisker") if each not in bars.values()
    ]
    beside = [each.text for each in drawing.all("text", "value")]
    assert len(dots) == len(beside) == min(len(wanted), 15)
    assert len(bars) == sum(each["low"] is not None for each in wanted[:15])
    span = value_at(1) - value_at(0)
    for each, row in zip(wanted, rows, strict=True):
        conditions = json.loads(each["conditions"]) | ({"backend": each["backend"]} if each["backend"] else {})
        named = {f"{name}={value}" for name, value in conditions.items()} | {each["model"]}
        named |= {part for part in named_params(each["params"]).split(", ") if part}
        named |= {f"as {each['file']} states it"} if each["source"] == "stated" else set()
        assert set(row[0].split(", ")) == named
        cells = [cell if cell == "none" else number(cell) for cell in row[1:]]
        assert cells == [told(each["mean"]), told(each["low"]), told(each["high"]), each["n"]]
    for each, dot, words in zip(wanted, dots, beside, strict=False):
        assert value_at(share(dot.attrib["cx"])) == near(each["mean"], span / 1e4)
        assert words is not None
        assert [number(part) for part in words.split(", n=")] == [told(each["mean"]), each["n"]]
        bar = bars.get(_nearest(bars, dot.attrib["cy"]))
        assert (bar is None) == (each["low"] is None)
        if bar is not None:
            begin, end = (value_at(share(bar.attrib[name])) for name in ("x1", "x2"))
            assert (begin, end) == (near(max(each["low"], 0), span / 1e4), near(each["high"], span / 1e4))
    closed = sum(2 if each["low"] >= 0 else 1 for each in wanted[:15] if each["low"] is not None)
    assert len(ends) == closed


def _nearest(bars: dict[str, Any], height: str) -> str:
    return next((at for at in bars if float(at) == float(height)), "")


def check_timeline(chart: Drawn, outcome: dict[str, Any], metrics: dict[str, Any]) -> None:
    drawing, rows = chart
    seconds_at, chunk_at = drawing.across(), drawing.down(0, len(drawing.all("text", "y-tick")))
    lines, dots = drawing.all("path", "line"), drawing.all("circle", "dot")
    calls = outcome["calls"]
    assert len(lines) == len(dots) == len(calls) == len(metrics["calls"])
    longest = max(call["ledger"][-1]["at_ms"] for call in calls)
    for call, of, line, dot in zip(calls, metrics["calls"], lines, dots, strict=True):
        [run] = drawing.runs(line)
        arrived = [entry["at_ms"] for entry in call["ledger"]]
        chunks = [round(chunk_at(y)) for _, y in run]
        assert [chunk_at(y) for _, y in run] == [pytest.approx(chunk, abs=0.01) for chunk in chunks]
        assert (chunks[0], chunks[-1], len(chunks)) == (1, len(arrived), min(len(arrived), 60))
        drawn = [1e3 * seconds_at(x) for x, _ in run]
        assert drawn == [near(arrived[chunk - 1], longest / 1e3) for chunk in chunks]
        assert 1e3 * seconds_at(share(dot.attrib["cx"])) == near(of["ttft_ms"], longest / 1e3)
        name = f"{call['stage']} {call['repeat'] + 1}"
        listed = [(int(chunk), float(at)) for named, chunk, at in rows if named == name]
        assert listed == [(chunk, pytest.approx(arrived[chunk - 1], abs=0.051)) for chunk in chunks]


def check_gaps(chart: Drawn, outcome: dict[str, Any]) -> None:
    drawing, rows = chart
    gaps = [after["at_ms"] - before["at_ms"] for call in outcome["calls"] for before, after in pairwise(call["ledger"])]
    shares = [float(row[1]) for row in rows]
    wanted = np.percentile(gaps, shares)
    assert [float(row[2]) for row in rows] == [pytest.approx(gap, abs=0.0051) for gap in wanted]
    ms_at, share_at = drawing.across(), drawing.down(0, len(drawing.all("text", "y-tick")))
    span = ms_at(1) - ms_at(0)
    [run] = drawing.runs(drawing.all("path", "line")[0])
    assert [(ms_at(x), share_at(y)) for x, y in run] == [
        (pytest.approx(gap, rel=5e-3, abs=span / 1e3), pytest.approx(part, abs=0.05))
        for gap, part in zip(wanted, shares, strict=True)
    ]
    marks = [ms_at(share(each.attrib["x1"])) for each in drawing.all("line", "mark")]
    assert marks == [pytest.approx(gap, rel=5e-3, abs=span / 1e3) for gap in np.percentile(gaps, [50, 95, 99])]


def check_telemetry(chart: Drawn, outcome: dict[str, Any], samples: pd.DataFrame) -> None:
    drawing, rows = chart
    fields = [
        name
        for name in ("gpu_util_pct", "memory_used_mib", "power_w", "cpu_pct", "engine_rss_mib")
        if samples[name].notna().any()
    ]
    paths, spans = drawing.all("path", "line"), drawing.all("rect", "span")
    assert len(paths) == len(fields)
    assert len(samples) <= 120  # above that a point is a mean, which test_charts.py reads
    seconds_at = drawing.across()
    end = max(samples["at_ms"].max(), *(call["sent_ms"] + call["ledger"][-1]["at_ms"] for call in outcome["calls"]))
    for first in range(0, len(spans), len(outcome["calls"])):
        for span, call in zip(spans[first:], outcome["calls"], strict=False):
            begin, width = share(span.attrib["x"]), share(span.attrib["width"])
            assert 1e3 * seconds_at(begin) == near(call["sent_ms"], end / 1e3)
            assert 1e3 * seconds_at(begin + width) == near(call["sent_ms"] + call["ledger"][-1]["at_ms"], end / 1e3)
    for place, (field, path) in enumerate(zip(fields, paths, strict=True)):
        level_at = panel_axis(drawing, place)
        known = samples[samples[field].notna()]
        places = [point for run in drawing.runs(path) for point in run]
        drawn = [(1e3 * seconds_at(x), level_at(y)) for x, y in places]
        top = known[field].max()
        assert drawn == [
            (near(at, end / 1e3), near(value, top / 1e3 + 1e-2))
            for at, value in known[["at_ms", field]].itertuples(index=False)
        ]
        cells = [row[2 + place] for row in rows if row[2 + place] != "none"]
        assert [number(cell) for cell in cells] == [told(value) for value in known[field]]


def panel_axis(drawing: Drawing, place: int) -> Callable[[float], float]:
    """Each panel's ticks go upwards from its bottom; the next panel begins where they fall."""
    ticks = [number(each.text) for each in drawing.all("text", "y-tick")]
    starts = [0, *(at + 1 for at, (before, after) in enumerate(pairwise(ticks)) if after <= before), len(ticks)]
    return drawing.down(starts[place], starts[place + 1] - starts[place])


@pytest.mark.parametrize("kind", SPECS)
def test_every_chart_draws_what_the_documents_say(desk: Desk, kind: str) -> None:
    if kind == "host":
        desk.run(saying(TEXT, seconds_between=0.02), after=1, **SPECS[kind])
    folder = desk.render(**SPECS[kind])
    assert wrong(folder.page.read_text(), documents(folder)) == {}


def scaled(path: str, factor: float) -> Callable[[dict[str, Any]], None]:
    """A change of the numbers at a path of a document, `*` being each of a list."""

    def change(document: dict[str, Any]) -> None:
        *way, last = re.split(r"\.", path)
        found: list[Any] = [document]
        for step in way:
            found = [
                item
                for each in found
                for item in (each if step == "*" else [each[int(step) if step.isdigit() else step]])
            ]
        for each in found:
            if each[last] is not None:
                each[last] *= factor

    return change


@contextmanager
def replaced(folder: TrialFolder, path: Path, content: bytes) -> Generator[None]:
    """A document of a trial is another one, which the metrics take for that of their trial."""
    kept = {each: each.read_bytes() for each in (path, folder.metrics)}
    metrics = json.loads(kept[folder.metrics])
    metrics["documents"][path.name] = hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    folder.metrics.write_text(json.dumps(metrics))
    try:
        yield
    finally:
        for each, before in kept.items():
            each.write_bytes(before)


@pytest.mark.parametrize(
    ("change", "titles"),
    [
        (scaled("configurations.0.mean", 1.02), 1),
        (scaled("configurations.*.mean", 1.02), 2),
        (scaled("configurations.*.low", 0.9), 2),
        (scaled("configurations.*.high", 1.05), 2),
        (scaled("configurations.*.n", 2), 2),
        (scaled("calls.1.ledger.0.at_ms", 0.5), 2),
        (scaled("calls.0.ledger.20.at_ms", 1.05), 2),
        (scaled("calls.2.sent_ms", 1.02), 1),
    ],
    ids=["a mean", "means", "lower ends", "upper ends", "n", "a first chunk", "a later chunk", "a call's begin"],
)
def test_a_chart_of_other_numbers_is_noticed(desk: Desk, change: Callable[[dict[str, Any]], None], titles: int) -> None:
    folder = desk.render(**SPECS["gpu"])
    said = documents(folder)
    planted = json.loads(folder.outcome.read_text())
    change(planted)
    with replaced(folder, folder.outcome, json.dumps(planted).encode()):
        desk.render(**SPECS["gpu"])
        found = wrong(folder.page.read_text(), said)
    assert len(found) == titles, found


@pytest.mark.parametrize("field", ["at_ms", "power_w", "memory_used_mib", "gpu_util_pct"])
def test_telemetry_of_other_numbers_is_noticed(desk: Desk, field: str) -> None:
    folder = desk.render(**SPECS["gpu"])
    said = documents(folder)
    planted = said[2].copy()
    planted.loc[planted.index[len(planted) // 2 :], field] *= 1.02
    with replaced(folder, folder.telemetry, planted.to_parquet(None)):
        desk.render(**SPECS["gpu"])
        found = wrong(folder.page.read_text(), said)
    assert list(found) == ["The GPU during the trial"]
