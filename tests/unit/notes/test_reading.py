import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chimera_dagster.notes.reading import reading, times


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (95.3, "ms", "95 ms"),
        (0.157, "ms", "0.16 ms"),
        (363.2, "ms", "363 ms"),
        (999.6, "ms", "1.0 s"),
        (2313.0, "ms", "2.3 s"),
        (29_987.0, "ms", "30 s"),
        (119_960.0, "ms", "120 s"),
        (180_000.0, "ms", "3 min"),
        (5_400_000.0, "ms", "1.5 h"),
        (48.52, "tok/s", "48.5 tok/s"),
        (1240.4, "tok/s", "1,240 tok/s"),
        (8030.0, "MiB", "7.84 GiB"),
        (512.0, "MiB", "512 MiB"),
        (0.625, "share", "62.5 %"),
        (0.55, "share", "55 %"),
        (12.4, "%", "12 %"),
        (0.43, "%", "0.43 %"),
        (5.1234, "score", "5.123"),
        (1240, "", "1,240"),
        (3.84, "", "3.84"),
        (0.0, "ms", "0 ms"),
    ],
)
def test_figures_are_rounded_for_reading(value, unit, said):
    assert reading(value, unit) == said


@pytest.mark.parametrize(
    ("ratio", "said"), [(1.87, "1.9"), (3.0, "3.0"), (9.96, "10"), (22.4, "22"), (1240.0, "1,240")]
)
def test_ratios_have_one_decimal_at_most(ratio, said):
    assert times(ratio) == said


SCALE = {"ms": 1.0, "s": 1e3, "min": 6e4, "h": 3.6e6, "tok/s": 1.0, "MiB": 1.0, "GiB": 1024.0, "%": 1.0}


@given(st.floats(1e-6, 1e9), st.sampled_from(["ms", "tok/s", "MiB", "%"]))
def test_a_figure_as_read_is_near_its_value(value, unit):
    figure, said_unit = reading(value, unit).rsplit(" ", 1)
    assert math.isclose(float(figure.replace(",", "")) * SCALE[said_unit], value, rel_tol=0.051)
