"""Every figure a reader sees went through one formatter."""

import pytest

from chimera_dagster.evidence.figures import format_value, render_statement


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
        (0.71, "share", "0.71"),
    ],
)
def test_values_are_rendered_with_their_unit(value: float, unit: str, shown: str) -> None:
    assert format_value(value, unit) == shown


def test_counts_of_a_statement_have_no_unit() -> None:
    template = "{{x}}: {value} ({n} of {of}, {low} to {high})"
    values = {"value": 21.94, "n": 5, "of": 23, "low": 0.5, "high": 1e3}
    assert render_statement(template, values, "%") == "{x}: 21.9 % (5 of 23, 0.5 % to 1000 %)"
    with pytest.raises(KeyError, match="low"):
        render_statement("{value} {low}", {"value": 1}, "")
