import time

import pytest

from chimera_dagster.ingest.quantities import decimal_mark, is_two_ways, number_as, quantity_in, seconds_in


@pytest.mark.parametrize(
    ("cell", "number", "mark"),
    [
        ("1.234,5", 1234.5, ","),
        ("1 234,5", 1234.5, ","),
        ("1\u202f234,5", 1234.5, ","),
        ("1'234.5", 1234.5, "."),
        ("1’234’567", 1234567, None),
        ("1,234.5", 1234.5, "."),
        ("1.234.567", 1234567, ","),
        ("1,234,567", 1234567, "."),
        ("0,125", 0.125, ","),
        ("1234,567", 1234.567, ","),
        ("45.2", 45.2, "."),
        ("-3,25", -3.25, ","),
        (",5", 0.5, ","),
        ("5.", 5, None),
        ("1e3", 1000, None),
    ],
)
def test_a_cell_that_can_be_read_in_one_way(cell, number, mark):
    assert number_as(cell, comma=True) == number_as(cell, comma=False) == number
    assert decimal_mark(cell) == mark


def test_a_cell_that_can_be_read_in_two_ways():
    assert is_two_ways("1,234")
    assert (number_as("1,234", comma=True), number_as("1,234", comma=False)) == (1.234, 1234)
    assert (number_as("1.234", comma=True), number_as("1.234", comma=False)) == (1234, 1.234)
    assert decimal_mark("1.234") is None


@pytest.mark.parametrize("cell", ["1.234.5", "1,23,4", "1_000", "1.2.3", "", "-", ",", "\u0663", "1e999", "2026-01"])
def test_what_is_not_a_number(cell):
    assert number_as(cell, comma=True) is None
    assert number_as(cell, comma=False) is None


@pytest.mark.parametrize(
    ("cell", "quantity"),
    [
        ("45.2 tok/s", (45.2, "tok/s")),
        ("95%", (95, "%")),
        ("6.0 GB", (6, "GB")),
        ("1,002.5 tok/s", (1002.5, "tok/s")),
        ("45 tokens per second", (45, "tokens per second")),
        ("18 token(s)", (18, "token(s)")),
        ("~ 5 s", (5, "s")),
        ("99 ± 1 ms", (99, "ms")),
        ("99 ms ± 1 ms", (99, "ms")),
        ("350ms", (350, "ms")),
        ("1m27s", (87, "s")),
        ("1 min 27 s", (87, "s")),
        ("2h3m", (7380, "s")),
        ("1h2m3.5s", (3723.5, "s")),
        ("12", (12, None)),
        ("12 widgets", None),
        ("7b", None),
        ("gemma3:270m", None),
        ("10 ms 5", None),
        ("1:27", None),
        ("5m", None),
    ],
)
def test_a_number_with_its_unit(cell, quantity):
    assert quantity_in(cell) == quantity


@pytest.mark.parametrize(
    ("cell", "seconds"), [("1:27", 87), ("1:02:03.5", 3723.5), ("0 days 00:01:30", 90), ("5m", 300)]
)
def test_a_duration_in_a_column_of_durations(cell, seconds):
    assert seconds_in(cell, clock=True) == seconds


@pytest.mark.parametrize(
    "cell", ["1" * 80, " " * 79 + "x", "1 " * 40, "1," * 40, "1." * 40, "1h" * 40, "1:" * 40, "1 ± " * 20, "9 a" * 26]
)
def test_hostile_cells_take_no_time(cell):
    started = time.process_time()
    for place in range(200):
        quantity_in(f"{cell[:-3]}{place}", clock=True)
        number_as(f"{cell * 50}{place}", comma=True)
    assert time.process_time() - started < 0.5
