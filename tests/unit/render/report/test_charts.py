"""What is drawn is what the table says, read back from the drawing by its own axes."""

import itertools
from collections.abc import Callable

import pytest

from chimera_dagster.render.blocks import Chart
from chimera_dagster.render.report.charts import (
    Estimate,
    Trace,
    latency_distribution,
    throughput_by_configuration,
    token_timeline,
    ttft_by_configuration,
)
from chimera_dagster.render.report.telemetry_chart import Span, telemetry_over_time
from chimera_dagster.render.scale import linear, logarithmic
from chimera_dagster.render.svg import spread, wrapped
from tests.drawing import SVG, Drawing, number, share
from tests.unit.render.pages import text_of
from tests.unit.render.trials import estimates, samples, spans, traces


def cells(chart: Chart) -> list[list[str]]:
    return [[text_of(cell) for cell in row] for row in chart.table.rows]


def near(value: float) -> object:
    return pytest.approx(value, rel=0.006, abs=0.02)


def drawn(chart: Chart | None) -> tuple[Chart, Drawing]:
    assert chart is not None
    return chart, Drawing(chart.svg)


@pytest.mark.parametrize("make", [throughput_by_configuration, ttft_by_configuration])
def test_configurations_stand_where_their_table_says(make: Callable[..., Chart | None]) -> None:
    chart, drawing = drawn(make(estimates(9)))
    value_at = drawing.across()
    dots = drawing.all("circle", "dot")
    assert len(dots) == len(cells(chart)) == 9
    whiskers = [each for each in drawing.all("line", "whisker") if each.get("y1") == each.get("y2")]
    shown = {each.attrib["y1"]: [value_at(share(each.attrib[end])) for end in ("x1", "x2")] for each in whiskers}
    values = [each.text for each in drawing.all("text", "value")]
    for dot, (_, mean, low, high, n), words in zip(dots, cells(chart), values, strict=True):
        assert value_at(share(dot.attrib["cx"])) == near(float(mean))
        interval = shown.get(dot.attrib["cy"])
        assert ("open" in dot.attrib["class"]) == (interval is None) == (low == "none") == (int(n) < 3)
        if interval is not None:
            assert interval == [near(float(low)), near(float(high))]
        assert words == f"{mean}, n={n}"


def test_the_best_comes_first_and_the_rest_is_counted() -> None:
    chart, drawing = drawn(throughput_by_configuration(estimates(32)))
    means = [float(row[1]) for row in cells(chart)]
    assert means == sorted(means, reverse=True)
    assert len(means) == 32
    assert len(drawing.all("circle", "dot")) == 15
    assert "and 17 more" in [each.text for each in drawing.all("text", "label")]
    chart, _ = drawn(ttft_by_configuration(estimates(32), limit=32))
    means = [float(row[1]) for row in cells(chart)]
    assert means == sorted(means)
    assert "and" not in [each.text.split()[0] for each in Drawing(chart.svg).all("text", "label") if each.text]


def test_times_of_very_different_lengths_are_on_a_logarithmic_axis() -> None:
    _, drawing = drawn(ttft_by_configuration([Estimate("a", 1, 20), Estimate("b", 1, 30), Estimate("c", 1, 2_000)]))
    ticks = {number(each.text): share(each.attrib["x"]) for each in drawing.all("text", "x-tick")}
    assert ticks == pytest.approx({10: 0, 100: 1 / 3, 1000: 2 / 3, 10_000: 1}, abs=1e-4)
    assert [share(each.attrib["cx"]) for each in drawing.all("circle", "dot")] == pytest.approx(
        [0.1003, 0.159, 0.767], abs=1e-4
    )


def test_an_interval_that_reaches_below_zero_is_drawn_from_there() -> None:
    wide = [Estimate("a", 3, 30, -12, 72), Estimate("b", 3, 20, 15, 25), Estimate("c", 3, -5, -6, -4)]
    chart, drawing = drawn(throughput_by_configuration(wide[:2]))
    value_at = drawing.across()
    bars = [each for each in drawing.all("line", "whisker") if each.get("y1") == each.get("y2")]
    assert [[value_at(share(bar.attrib[end])) for end in ("x1", "x2")] for bar in bars] == [[0, near(72)], [15, 25]]
    assert len(drawing.all("line", "whisker")) == len(bars) + 3  # its end at 0 is open
    assert "A bar that is open at 0" in chart.description
    assert [row[2] for row in cells(chart)] == ["-12", "15"]
    _, drawing = drawn(throughput_by_configuration(wide))
    assert number(drawing.all("text", "x-tick")[0].text) < -6  # what is below 0 itself is a matter of the file


def test_a_label_of_a_file_can_do_nothing() -> None:
    label = "<script>alert(1)</script>\u202e\x00 & \"'"
    chart, drawing = drawn(throughput_by_configuration([Estimate(label, 1, 1)]))
    assert "<script" not in chart.svg
    assert [each.text for each in drawing.all("text", "label")] == ["<script>alert(1)</script>\\u202e\\x00 & \"'"]


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        ("short", ["short"]),
        ("x" * 44, ["x" * 44]),
        ("model:1b, num_ctx=1024, temperature=0.2, top_p=1", ["model:1b, num_ctx=1024, temperature=0.2,", "top_p=1"]),
        ("x" * 50, ["x" * 44, "x" * 6]),
        (f"a {'b' * 30}{'c' * 30}", ["a", f"{'b' * 21}…{'c' * 21}"]),
    ],
)
def test_long_labels_are_wrapped_and_then_cut_in_their_middle(label: str, lines: list[str]) -> None:
    assert wrapped(label) == lines


def test_each_call_is_drawn_through_its_chunks() -> None:
    calls = traces(2)
    chart, drawing = drawn(token_timeline(calls))
    value_at, chunk_at = drawing.across(), drawing.down(0, len(drawing.all("text", "y-tick")))
    lines = drawing.all("path", "line")
    assert [each.attrib["class"] for each in lines] == ["line s1", "line s2"] * 2
    table = cells(chart)
    for line, dot, call in zip(lines, drawing.all("circle", "dot"), calls, strict=True):
        [run] = drawing.runs(line)
        rows = [(float(at), int(chunk)) for name, chunk, at in table if name == call.name]
        assert len(rows) == 60
        assert rows[0] == (round(call.at_ms[0], 1), 1)
        assert rows[-1] == (round(call.at_ms[-1], 1), len(call.at_ms))
        assert [(value_at(x) * 1e3, chunk_at(y)) for x, y in run] == [
            (pytest.approx(at, abs=0.3), pytest.approx(chunk, abs=0.01)) for at, chunk in rows
        ]
        assert value_at(share(dot.attrib["cx"])) * 1e3 == pytest.approx(call.at_ms[0], abs=0.3)
    assert [each.text for each in drawing.all("text", "label")] == [call.name for call in calls]


def test_names_at_the_ends_of_lines_do_not_touch() -> None:
    _, drawing = drawn(token_timeline([Trace(f"report {n}", "report", [1, 2, 3]) for n in range(20)]))
    labels = drawing.all("text", "label")
    assert len(labels) == 12
    heights = sorted(float(each.attrib["y"]) for each in labels)
    assert min(after - before for before, after in itertools.pairwise(heights)) >= 12.9
    assert spread([0, 0, 100, 99], 0, 100, 10) == [0, 10, 100, 90]


def test_the_distribution_has_the_percentiles_of_its_table() -> None:
    calls = traces(2)
    chart, drawing = drawn(latency_distribution(calls))
    value_at, share_at = drawing.across(), drawing.down(0, len(drawing.all("text", "y-tick")))
    [line] = drawing.all("path", "line")
    [run] = drawing.runs(line)
    rows = [(float(ms), float(percent)) for _, percent, ms in cells(chart)]
    assert [(value_at(x), share_at(y)) for x, y in run] == [(near(ms), near(percent)) for ms, percent in rows]
    marks = [value_at(share(each.attrib["x1"])) for each in drawing.all("line", "mark")]
    named = {name: float(ms) for name, _, ms in cells(chart)}
    assert marks == [near(named[name]) for name in ("p50", "p95", "p99")]
    assert [each.text.split()[0] for each in drawing.all("text", "label") if each.text] == ["p50", "p95", "p99"]
    gaps = sorted(after - before for call in calls for before, after in zip(call.at_ms, call.at_ms[1:], strict=False))
    assert sum(gap <= named["p95"] for gap in gaps) / len(gaps) == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize(("gpus", "panels"), [(0, 2), (1, 3), (2, 3)])
def test_telemetry_is_drawn_as_measured(gpus: int, panels: int) -> None:
    calls = spans(traces(1))
    chart, drawing = drawn(telemetry_over_time(samples(calls, gpus), calls))
    value_at = drawing.across()
    assert len(drawing.all("rect", "span")) == panels * len(calls)
    for rect, call in zip(drawing.all("rect", "span"), calls, strict=False):
        begin = share(rect.attrib["x"])
        assert value_at(begin) * 1e3 == pytest.approx(call.start_ms, abs=1)
        assert value_at(begin + share(rect.attrib["width"])) * 1e3 == pytest.approx(call.end_ms, abs=1)
    sources = list(dict.fromkeys(row[1] for row in cells(chart)))
    assert sources == (["host"] if not gpus else [f"GPU {number}" for number in range(gpus)])
    paths, ticks = drawing.all("path", "line"), drawing.all("text", "y-tick")
    assert len(paths) == panels * len(sources)
    first = 0
    for panel in range(panels):
        count = 1 + next(
            (
                n
                for n, (a, b) in enumerate(zip(ticks[first:], ticks[first + 1 :], strict=False))
                if number(b.text) <= number(a.text)
            ),
            len(ticks) - first - 1,
        )
        level_at = drawing.down(first, count)
        first += count
        for place, source in enumerate(sources):
            runs = drawing.runs(paths[panel * len(sources) + place])
            rows = [(row[0], row[2 + panel]) for row in cells(chart) if row[1] == source]
            told = [(pytest.approx(float(at), abs=0.02), near(float(value))) for at, value in rows if value != "none"]
            assert [(value_at(x), level_at(y)) for run in runs for x, y in run] == told
    assert {row[-1] for row in cells(chart)} == {"analysis 1", "report 1", "between calls"}


def test_a_line_breaks_where_nothing_was_measured() -> None:
    calls = [Span("report 1", 0, 900)]
    seen = [each._replace(cpu_pct=None) if 3 <= each.sample <= 4 else each for each in samples(calls)]  # type: ignore[union-attr]
    chart, drawing = drawn(telemetry_over_time(seen, calls))
    cpu, _ = drawing.all("path", "line")
    assert [len(run) for run in drawing.runs(cpu)] == [3, 14]
    assert [row[2] for row in cells(chart)][2:6].count("none") == 2


def test_nothing_measured_is_no_chart() -> None:
    assert throughput_by_configuration([]) is None
    assert ttft_by_configuration([]) is None
    assert token_timeline([Trace("report 1", "report", [])]) is None
    assert latency_distribution([Trace("report 1", "report", [1, 2]), Trace("report 2", "report", [5])]) is None
    assert telemetry_over_time([], [Span("report 1", 0, 1)]) is None


def test_a_chart_is_the_same_each_time_and_small() -> None:
    calls = spans(traces(3))

    def charts() -> list[Chart | None]:
        return [
            throughput_by_configuration(estimates(30)),
            token_timeline(traces(5)),
            latency_distribution(traces(5)),
            telemetry_over_time(samples(calls, 2), calls),
        ]

    once = charts()
    assert once == charts()
    assert all(chart is not None and len(chart.svg) < 60_000 for chart in once)


def test_a_chart_has_a_name_and_words_of_its_own() -> None:
    chart, drawing = drawn(throughput_by_configuration(estimates(3)))
    assert drawing.root.attrib["role"] == "img"
    assert drawing.root.findtext(f"{SVG}title") == chart.title
    assert drawing.root.findtext(f"{SVG}desc") == chart.description


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0, 9.3], ["0", "2", "4", "6", "8", "10"]),
        ([96, 104], ["96", "98", "100", "102", "104"]),
        ([0.012, 0.031], ["0.00", "0.01", "0.02", "0.03", "0.04"]),
        ([1200, 5700], ["0", "2,000", "4,000", "6,000"]),
        ([5, 5], ["4.4", "4.6", "4.8", "5.0", "5.2", "5.4", "5.6"]),
        ([0, 0], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([-3, 4], ["-4", "-2", "0", "2", "4"]),
    ],
)
def test_ticks_are_round_numbers_around_the_values(values: list[float], ticks: list[str]) -> None:
    scale = linear(values)
    assert scale.tick_texts() == ticks
    assert scale.low <= min(values) <= max(values) <= scale.high


def test_an_axis_refuses_what_it_cannot_place() -> None:
    for values in ([], [float("nan")], [1, float("inf")]):
        with pytest.raises(ValueError, match="finite"):
            linear(values)
    with pytest.raises(ValueError, match="logarithmic axis can't show 0"):
        logarithmic([0, 1])
    assert logarithmic([3, 40]).tick_texts() == ["2", "5", "10", "20", "50"]
    assert logarithmic([5, 5]).tick_texts() == ["5", "10"]
    assert logarithmic([0.02, 3]).tick_texts() == ["0.01", "0.1", "1", "10"]


@pytest.mark.parametrize("gaps", [[0.0] * 5, [5.0] * 5, [0.0, 0.0, 8.0], [0.001, 90_000.0, 3.0]])
def test_gaps_of_every_kind_can_be_drawn(gaps: list[float]) -> None:
    times = [10.0, *(10 + sum(gaps[: number + 1]) for number in range(len(gaps)))]
    chart, drawing = drawn(latency_distribution([Trace("report 1", "report", times)]))
    assert cells(chart)[-1][0] == "maximum"
    assert float(cells(chart)[-1][2]) == pytest.approx(max(gaps), abs=0.01)
    assert all(-1e-6 <= x <= 1 + 1e-6 for run in drawing.runs(drawing.all("path", "line")[0]) for x, _ in run)
