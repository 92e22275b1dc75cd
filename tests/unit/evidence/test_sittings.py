"""Sittings of files, and what they mean for a difference between models."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.findings.finding_context import FindingContext
from chimera_dagster.evidence.findings.ranking import model_contests
from chimera_dagster.evidence.sittings import in_one_go, sittings_of_files, spans_of_files
from tests.unit.evidence.findings.tables import no_files
from tests.unit.evidence.tables import measurements

START = datetime(2026, 3, 2, 17, 39, tzinfo=UTC)


def folder(models: str, minutes: list[float], *, timed: bool = True) -> pd.DataFrame:
    """A file for each letter of `models`, started at these minutes; `b` takes 30 % longer than `a`."""
    rng = np.random.default_rng(4)
    rows = []
    for number, (model, minute) in enumerate(zip(models, minutes, strict=True)):
        for place in range(5):
            time = START + timedelta(minutes=minute, seconds=5 * place)
            rows.append(
                {
                    "file": f"{model}/{99 - number:02}.csv",
                    "record": f"row {place + 1}",
                    "model": model,
                    "value": float((130 if model == "b" else 100) * np.exp(rng.normal(0, 0.02))),
                    "timestamp": time.isoformat() if timed else None,
                }
            )
    return measurements(*rows)


def judged(table: pd.DataFrame):
    [found] = model_contests(FindingContext(no_files(), table))
    return found


def test_models_that_ran_one_after_the_other_within_minutes_are_told_apart_in_this_session_alone():
    found = judged(folder("aaaaaabbbbbb", list(range(12))))
    assert found.certainty_of("a", "b") is Certainty.IN_SESSION
    assert found.contest.apart
    assert {item: len(sessions) for item, sessions in found.contest.sessions.items()} == {"a": 1, "b": 1}


@pytest.mark.parametrize(
    ("models", "minutes"),
    [
        ("abababababab", list(range(12))),
        ("aaaaaabbbbbb", [24 * 60.0 * day for day in range(12)]),
        ("aabbaabbaabb", [24 * 60.0 * (place // 4) + place for place in range(12)]),
    ],
    ids=["in turn", "each on a day of its own", "a block each, on three days"],
)
def test_models_that_took_turns_or_ran_on_several_days_differ(models, minutes):
    assert judged(folder(models, minutes)).certainty_of("a", "b") is Certainty.HOLDS


def test_files_without_timestamps_are_sessions_as_before():
    assert judged(folder("aaaaaabbbbbb", list(range(12)), timed=False)).certainty_of("a", "b") is Certainty.HOLDS


def test_a_sitting_ends_with_a_gap_of_a_quarter_of_an_hour():
    spans = {"z": (0.0, 100.0), "y": (50.0, 2000.0), "x": (2899.0, 2899.0), "w": (3799.0, 4000.0)}
    assert sittings_of_files(spans) == {"z": 0, "y": 0, "x": 0, "w": 1}


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        ("2026-03-02T17:39:00+01:00", 1772469540),
        ("2026-03-02 16:39:00", 1772469540),
        ("20260302T163900Z", 1772469540),
        ("1772469540.5", 1772469540.5),
        ("1772469540500", 1772469540.5),
    ],
)
def test_times_are_read_as_tools_write_them(stamp, seconds):
    table = measurements({"record": "row 1", "value": 1.0, "timestamp": stamp})
    assert spans_of_files(table) == {"a.csv": (seconds, seconds)}


@pytest.mark.parametrize("stamp", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"])
def test_the_ends_of_all_time_say_nothing_and_leave_the_other_times(stamp):
    rows = [("row 1", stamp), ("row 2", "2026-03-02T16:39:00Z")]
    table = measurements(*({"record": record, "value": 1.0, "timestamp": time} for record, time in rows))
    assert spans_of_files(table) == {"a.csv": (1772469540, 1772469540)}


@pytest.mark.parametrize("stamp", ["2026-03-02", "yesterday", "3", "2026-03-02T45:00:00", None])
def test_what_is_no_time_of_a_day_says_nothing(stamp):
    table = measurements({"record": "row 1", "value": 1.0, "timestamp": stamp})
    assert spans_of_files(table) == {}


def test_only_the_item_that_did_not_take_turns_is_one_session():
    items, sessions = np.array([0, 1, 0, 1, 2, 2, 2]), np.arange(7)
    assert in_one_go(items, sessions, np.zeros(7, dtype="int64")).tolist() == [0, 1, 2, 3, 4, 4, 4]


def test_items_that_share_a_session_took_turns_in_it():
    items, sessions = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
    assert in_one_go(items, sessions, np.zeros(4, dtype="int64")).tolist() == [0, 0, 1, 1]
    assert in_one_go(np.array([0, 0, 1, 1]), np.arange(4), np.full(4, -1)).tolist() == [0, 1, 2, 3]
