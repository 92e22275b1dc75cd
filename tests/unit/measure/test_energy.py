"""Energy against values computed by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chimera_dagster.measure.energy import Energy, counter_joules, energy_of, power_joules
from chimera_dagster.measure.samples import GpuSample


def gpu(*points: tuple[float, float | None, float | None], name: str = "GPU-a", **reasons: str) -> list[GpuSample]:
    """Samples of (ms, W, mJ)."""
    return [
        GpuSample(number, at, name, power_w=power, energy_mj=energy, reasons=reasons)
        for number, (at, power, energy) in enumerate(points)
    ]


def test_counter_is_read_between_its_neighbours() -> None:
    samples = gpu((0, 500, 1000), (100, 500, 11_000), (200, 500, 31_000), (300, 500, 41_000))
    # at 50 ms: 6 J, at 250 ms: 36 J; the power would say 100 J
    assert energy_of([samples], 50, 250) == Energy(pytest.approx(30.0), "counter")


def test_counter_that_stands_still_gives_way_to_the_power() -> None:
    samples = gpu((0, 100, 1000), (100, 200, 1000), (200, 200, 1000), (300, 300, 1000), (400, 300, 9000))
    # 50 to 100 ms: 150 to 200 W, then 100 ms at 200 W, then 200 to 250 W
    expected = 0.05 * 175 + 0.1 * 200 + 0.05 * 225
    assert energy_of([samples], 50, 250) == Energy(pytest.approx(expected), "power samples")
    assert energy_of([samples], 50, 350).source == "counter"  # it moved in this longer window


def test_counter_that_is_absent_gives_way_to_the_power() -> None:
    samples = gpu((0, 100, None), (100, 300, None), energy_mj="Not Supported")
    assert energy_of([samples], 0, 100) == Energy(pytest.approx(20.0), "power samples")


def test_counter_carries_over_a_gap_that_the_power_does_not() -> None:
    points = [(0, 100, 0.0), (100, 100, 10_000), (1600, 100, 160_000), (1700, 100, 170_000)]
    assert energy_of([gpu(*points)], 50, 1650) == Energy(pytest.approx(160.0), "counter")
    # an end inside the gap could be anywhere on the counter's way
    without = energy_of([gpu(*points)], 50, 800)
    assert without == Energy(None, None, "1.5 s lie between two power samples")
    powerless = gpu(*((at, power, None) for at, power, _ in points))
    assert energy_of([powerless], 50, 1650).joules is None
    assert energy_of([powerless], 20, 90).joules == pytest.approx(7.0)  # the gap does not touch this window


@pytest.mark.parametrize(("start", "end"), [(-1, 50), (50, 101), (-5, 200)])
def test_window_beyond_the_samples_has_no_energy(start: float, end: float) -> None:
    found = energy_of([gpu((0, 100, 0), (100, 100, 1000))], start, end)
    assert found == Energy(None, None, "the power samples do not reach both ends of the window")


def test_window_between_two_samples_has_its_share() -> None:
    samples = gpu((0, 100, 0), (100, 200, 15_000))
    assert energy_of([samples], 20, 40) == Energy(pytest.approx(3.0), "counter")
    powered = gpu((0, 100, None), (100, 200, None))
    assert energy_of([powered], 20, 40) == Energy(pytest.approx(0.02 * 130), "power samples")


def test_one_sample_tells_no_energy() -> None:
    assert energy_of([gpu((50, 100, 1000))], 0, 100).joules is None
    assert energy_of([], 0, 100) == Energy(None)
    assert energy_of([gpu((0, 100, 0), (100, 100, 1000))], 50, 50).reason == "the window has no length"


def test_power_that_is_not_told_says_why() -> None:
    silent = gpu((0, None, None), (100, None, None), power_w="Not Supported")
    assert energy_of([silent], 0, 100) == Energy(None, None, "Not Supported")


def test_several_gpus_add_up_from_one_kind_of_source() -> None:
    counted = gpu((0, 100, 0), (100, 100, 12_000))
    other = gpu((0, 50, 500), (100, 50, 4500), name="GPU-b")
    assert energy_of([counted, other], 0, 100) == Energy(pytest.approx(16.0), "counter")
    uncounted = gpu((0, 50, None), (100, 50, None), name="GPU-b")
    assert energy_of([counted, uncounted], 0, 100) == Energy(pytest.approx(15.0), "power samples")
    silent = gpu((0, None, None), (100, None, None), name="GPU-b", power_w="Not Supported")
    assert energy_of([counted, silent], 0, 100).joules is None


gaps = st.lists(st.floats(1, 900), min_size=2, max_size=20)
shares = st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)).map(sorted)


def at_times(gaps: list[float]) -> list[float]:
    return [sum(gaps[:count]) for count in range(len(gaps) + 1)]


@given(gaps, st.floats(0, 1000), shares)
def test_constant_power_times_time(gaps: list[float], power: float, cut: list[float]) -> None:
    times = at_times(gaps)
    start, _, end = (share * times[-1] for share in cut)
    joules = power_joules([(at, power) for at in times], start, end)
    assert joules == pytest.approx(power * (end - start) / 1e3, abs=1e-6)


@given(gaps, shares, st.data())
def test_adjacent_windows_add_up(gaps: list[float], cut: list[float], data: st.DataObject) -> None:
    times = at_times(gaps)
    start, middle, end = (share * times[-1] for share in cut)
    powers = data.draw(st.lists(st.floats(0, 1000), min_size=len(times), max_size=len(times)))
    points = list(zip(times, powers, strict=True))
    parts = power_joules(points, start, middle) + power_joules(points, middle, end)
    assert parts == pytest.approx(power_joules(points, start, end), abs=1e-6)
    counter = list(zip(times, at_times(powers[1:]), strict=True))
    whole, first, second = (counter_joules(counter, *ends) for ends in ((start, end), (start, middle), (middle, end)))
    if first is not None and second is not None:
        assert whole == pytest.approx(first + second, abs=1e-6)
