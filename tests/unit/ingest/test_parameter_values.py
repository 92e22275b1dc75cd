import pytest

from chimera_dagster.ingest.parameter_values import parameter


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.800000011920929, 0.8), (1.100000023841858, 1.1), (0.7, 0.7), (1 / 3, 1 / 3), (2.0**-15, 2.0**-15)],
)
def test_a_parameter_kept_in_32_bits_is_as_it_was_before(value, written):
    assert parameter("temperature", value) == written
