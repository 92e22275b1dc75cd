"""A flag that a threshold in a measured column decides is an outcome; a setting that divides numbers is none."""

import pytest

from chimera_dagster.ingest.outcomes import outcomes_among
from chimera_dagster.ingest.unlisted_settings import settings_among

NAMES = ("model", "window_k", "decode_tok_s", "flag", "started")
SPEEDS = {"lynx:7b": 60.0, "wren:8b": 45.0, "ibex:14b": 28.0, "puma:70b": 9.0}
WINDOWS = (0, 8, 16, 32)


def rows(flag_of: object, *, repeats: int = 1) -> list[list[object]]:
    assert callable(flag_of)
    found: list[list[object]] = []
    for model, speed in SPEEDS.items():
        for window in WINDOWS:
            for _ in range(repeats):
                rate = round(speed / (1 + window / 16), 1)
                found.append([model, window, rate, flag_of(model, window, rate), f"2026-01-02T03:04:{len(found):02}"])
    return found


@pytest.mark.parametrize(("yes", "no"), [(True, False), ("yes", "no"), (1, 0)])
def test_a_flag_that_says_whether_a_rate_is_below_a_limit_is_an_outcome(yes: object, no: object) -> None:
    table = rows(lambda _, __, rate: yes if rate < 12 else no)
    assert outcomes_among(NAMES, [3], table) == {3}
    assert "flag" not in settings_among(NAMES, table)


def test_a_setting_that_is_crossed_with_the_others_is_none() -> None:
    table = rows(lambda *_: "off")
    table += [[model, window, float(str(rate)) * 20, "on", at] for model, window, rate, _, at in table]
    assert outcomes_among(NAMES, [3], table) == frozenset()


def test_a_setting_that_opens_a_gap_is_none() -> None:
    table = [[f"m{number}:7b", 0, 10 + number, "off", ""] for number in range(6)]
    table += [[f"n{number}:7b", 0, 100 + number, "on", ""] for number in range(6)]
    assert outcomes_among(NAMES, [3], table) == frozenset()


def test_a_flag_that_follows_no_limit_is_none() -> None:
    assert outcomes_among(NAMES, [3], rows(lambda _, window, __: window > 8)) == frozenset()


def test_few_records_tell_nothing() -> None:
    assert outcomes_among(NAMES, [3], rows(lambda _, __, rate: rate < 12)[:7]) == frozenset()
