"""Sittings: files that were measured one soon after the other, as their rows' timestamps tell."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Span = tuple[float, float]  # first and last time of a file, in seconds since 1970

_GAP_S = 15 * 60  # without a measurement: a script that runs on leaves shorter ones
_WITH_TIME = r"\d{4}-?\d\d-?\d\d[T ]\d\d"  # a day alone does not say what followed what
_EPOCH = pd.Timestamp(0, tz="UTC")
_YEARS = (_EPOCH, pd.Timestamp("2200-01-01", tz="UTC"))
_PER_SECOND = {10: 1, 13: 1000, 16: 10**6, 19: 10**9}  # by the digits of a time in seconds, ms, us or ns since 1970


def spans_of_files(measurements: pd.DataFrame) -> dict[str, Span]:
    """The first and last time of each file, of timestamps in ISO 8601 with a time of the day, or as numbers since 1970.

    A time without a zone counts as UTC. A table without that column has none.
    """
    if "timestamp" not in measurements:
        return {}
    rows = measurements.loc[measurements["timestamp"].notna().to_numpy(), ["file", "timestamp"]].drop_duplicates()
    if rows.empty:
        return {}
    codes, texts = pd.factorize(rows["timestamp"].astype("str"))
    seconds = pd.Series(_seconds(pd.Series(texts))[codes])
    by_file = seconds.groupby(rows["file"].astype("str").to_numpy()).agg(["min", "max"]).dropna()
    return {str(file): (first, last) for file, first, last in by_file.itertuples()}


def times_of_records(measurements: pd.DataFrame) -> dict[tuple[str, str], float]:
    """The time of each file and record in seconds since 1970, as `spans_of_files` reads it; none without one."""
    if "timestamp" not in measurements:
        return {}
    columns = ["file", "record", "timestamp"]
    rows = measurements.loc[measurements["timestamp"].notna().to_numpy(), columns].drop_duplicates(columns[:2])
    if rows.empty:
        return {}
    codes, texts = pd.factorize(rows["timestamp"].astype("str"))
    seconds = _seconds(pd.Series(texts))[codes].tolist()
    names = zip(rows["file"].astype("str"), rows["record"].astype("str"), seconds, strict=True)
    return {(file, record): at for file, record, at in names if not np.isnan(at)}


def sittings_of_files(spans: Mapping[str, Span]) -> dict[str, int]:
    """The sitting of each file, numbered by time: one for files with gaps of less than 15 minutes between them."""
    found: dict[str, int] = {}
    number, until = -1, -np.inf
    for file, (first, last) in sorted(spans.items(), key=lambda item: (item[1], item[0])):
        number += first - until >= _GAP_S
        until = max(until, last)
        found[file] = number
    return found


def in_one_go(items: NDArray[np.int64], sessions: NDArray[np.int64], sittings: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sessions of runs, with those of an item that follow each other in a sitting as one.

    `sessions` are numbered by time, and `sittings` are -1 where they aren't known. An item that took turns with others
    in a sitting, between its sessions or within one, keeps them: a drift of the machine met the others too. Those of
    an item that did not would all share it.
    """
    rows = np.unique(np.stack([sittings, sessions, items]), axis=1)
    rows = rows[:, rows[0] >= 0]
    found = sessions.copy()
    for sitting in np.unique(rows[0]).tolist():
        _, session, item = rows[:, rows[0] == sitting]
        _, place, size = np.unique(session, return_inverse=True, return_counts=True)
        for each in np.unique(item).tolist():
            own = place[item == each]
            if len(own) == own[-1] - own[0] + 1 and (size[own] == 1).all():
                here = (sittings == sitting) & (items == each)
                found[here] = found[here].min()
    return found


def _seconds(texts: "pd.Series[str]") -> NDArray[np.float64]:
    """Seconds since 1970, NaN where a text is not a time of the day."""
    whole = texts.str.fullmatch(r"\d+(\.\d+)?")
    parts = texts.where(whole).str.partition(".")[0].str.len().map(_PER_SECOND)
    numbers = pd.to_numeric(texts.where(whole), errors="coerce") / parts
    timed = texts.where(texts.str.match(_WITH_TIME) & ~whole)
    times = pd.to_datetime(timed, format="ISO8601", utc=True, errors="coerce")
    # The zero time of a language and the end of all time are not times of a run, and too far apart for nanoseconds.
    seconds = times.where(times.between(*_YEARS)).astype("datetime64[ns, UTC]").sub(_EPOCH).dt.total_seconds()
    return numbers.fillna(seconds).to_numpy("float64")
