"""Every figure a reader sees went through one formatter."""

import pytest

from chimera_dagster.evidence.figures import format_value


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (68.0, "", "68"),
        (104.123, "tok/s", "104 tok/s"),
        (57.26, "tok/s", "57.3 tok/s"),
        (2656.4, "ms", "2656 ms"),
        (0.07684, "s", "0.0768 s"),
        (1e-9, "s", "1e-09 s"),
        (-3.0, "%", "-3 %"),
    ],
)
def test_values_are_rendered_with_their_unit(value: float, unit: str, shown: str) -> None:
    assert format_value(value, unit) == shown
