"""Requests that failed in load tests, as the files count them."""

import json
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

import pandas as pd

from chimera_dagster.evidence.runs import MOST_SOURCES
from chimera_dagster.evidence.setups import Setup, canonical, setup_of
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import every, files_in_words
from chimera_dagster.notes.note import Scope, Source
from chimera_dagster.notes.phrase import Phrase, count, number, phrase, subject
from chimera_dagster.schemas import COMPLETED_REQUESTS, FAILED_REQUESTS

_TOTALS = "Aggregated"  # Locust's name of the row that sums up the others of its file


class _Record(NamedTuple):
    """What one record counts, and of what."""

    file: str
    record: str
    model: str | None
    setup: Setup
    failed: int
    requests: int | None

    @property
    def counts(self) -> tuple[object, ...]:
        """Equal if two files of a folder, as a JSON and a CSV of one load test, may count the same failures."""
        return PurePosixPath(self.file).parent, self.model, self.failed


class AtSetup(NamedTuple):
    """Of one setup; `requests` is None if the files do not say how many there were."""

    setup: Setup
    failed: int
    requests: int | None


class FailedRequests(NamedTuple):
    """Requests of a model, or of files that name none. `setups` have failures, the one with the most first.

    If that is a single setup, the requests are those of that setup, and `elsewhere` is whether others had requests too.
    """

    model: str | None
    failed: int
    requests: int | None
    setups: Sequence[AtSetup]
    sources: tuple[Source, ...]
    elsewhere: bool

    @property
    def share(self) -> float:
        """0 if it is not known."""
        return self.failed / self.requests if self.requests else 0.0

    @property
    def scope(self) -> Scope:
        files = len({file for file, _ in self.sources})
        setup = self.setups[0].setup if len(self.setups) == 1 else {}
        return Scope(() if self.model is None else (self.model,), setup, n=self.requests or 0, files=files)

    @property
    def of_requests(self) -> Phrase:
        """`8 of 20 requests of m`, `3 requests in a.csv`; without a capital at the beginning."""
        if self.requests is None:
            said = count(self.failed, "request")
        elif self.failed < self.requests:
            said = phrase("{n} of {m}", n=number(self.failed), m=count(self.requests, "request"))
        else:
            said = every(self.requests, "request")
        if self.model is None:
            return phrase(
                "{said} in {names}", said=said, names=files_in_words(sorted({file for file, _ in self.sources}))
            )
        return phrase("{said} of {model}", said=said, model=subject(self.model))

    @property
    def of_setting(self) -> Phrase:
        """As `of_requests`, for sentences that do not name the setup: `1 of 6 requests of m in one setting`."""
        return phrase("{said} in one setting", said=self.of_requests) if self.elsewhere else self.of_requests


def failed_requests(data: NoteContext) -> list[FailedRequests]:
    """By model, the largest share first; models without a failure are left out.

    How many requests there were is the completed and the failed ones together, or else the n that a record states.
    """
    by_model: dict[str | None, list[_Record]] = {}
    for each in _once(_records(data)):
        by_model.setdefault(each.model, []).append(each)
    found = [_of_model(model, records) for model, records in by_model.items() if any(each.failed for each in records)]
    return sorted(found, key=lambda each: (-each.share, each.model or ""))


def _records(data: NoteContext) -> list[_Record]:
    """The records that count failures."""
    raw, key = data.data.raw, ["file", "record"]
    rows = raw[(raw["metric"] == FAILED_REQUESTS).to_numpy()].drop_duplicates(key)
    if rows.empty:
        return []
    table = data.data.table
    table = table[
        (table["file"].isin(rows["file"].unique()) & table["record"].isin(rows["record"].unique())).to_numpy()
    ]
    completed = _by_record(table[(table["metric"] == COMPLETED_REQUESTS).to_numpy()], "value")
    stated = _by_record(table[table["n"].notna().to_numpy()], "n")
    found: list[_Record] = []
    columns = (rows[name].tolist() for name in (*key, "model", "backend", "gpu", "conditions", "labels", "value"))
    for file, record, model, backend, gpu, conditions, labels, value in zip(*columns, strict=True):
        place, failed = (str(file), str(record)), int(value)
        done = completed.get(place, json.loads(labels).get(COMPLETED_REQUESTS))  # some tables have it as a label
        requests = failed + int(done) if isinstance(done, int | float) else None
        if requests is None and place in stated:
            requests = max(failed, stated[place])
        name = model if isinstance(model, str) else None
        found.append(_Record(*place, name, setup_of(backend, gpu, conditions), failed, requests))
    return found


def _by_record(rows: pd.DataFrame, column: str) -> dict[tuple[str, str], int]:
    """The largest value of each record."""
    found: dict[tuple[str, str], int] = {}
    for file, record, value in zip(*(rows[name].tolist() for name in ("file", "record", column)), strict=True):
        found[str(file), str(record)] = max(int(value), found.get((str(file), str(record)), 0))
    return found


def _once(records: Sequence[_Record]) -> list[_Record]:
    """Without rows that sum up others of their file, and without what a file of another kind counts too.

    Of two files with as many failures, one of which doesn't say of how many requests, the other one is kept.
    """
    single = {each.file for each in records if each.setup.get("task") != _TOTALS}
    kept: set[int] = set()
    kinds: dict[tuple[object, ...], dict[int | None, str]] = {}
    for place in sorted(range(len(records)), key=lambda place: records[place].requests is None):
        each = records[place]
        if each.setup.get("task") == _TOTALS and each.file in single:
            continue
        kind, known = PurePosixPath(each.file).suffix, kinds.setdefault(each.counts, {})
        others = known.values() if each.requests is None else [known.get(each.requests, kind)]
        if all(other == kind for other in others):
            known.setdefault(each.requests, kind)
            kept.add(place)
    return [each for place, each in enumerate(records) if place in kept]


def _of_model(model: str | None, records: Sequence[_Record]) -> FailedRequests:
    by_setup: dict[str, list[_Record]] = {}
    for each in records:
        by_setup.setdefault(canonical(each.setup), []).append(each)
    setups = [AtSetup(group[0].setup, sum(each.failed for each in group), _total(group)) for group in by_setup.values()]
    setups = sorted((each for each in setups if each.failed), key=lambda each: -each.failed)
    sources = tuple((each.file, each.record) for each in records if each.failed)[:MOST_SOURCES]
    failed, requests = sum(each.failed for each in records), _total(records)
    elsewhere = len(setups) == 1 < len(by_setup)
    if elsewhere:
        _, failed, requests = setups[0]
    return FailedRequests(model, failed, requests, setups, sources, elsewhere)


def _total(records: Sequence[_Record]) -> int | None:
    """None if a record with failures does not say of how many; one without does not matter."""
    if any(each.failed and each.requests is None for each in records):
        return None
    return sum(each.requests or 0 for each in records)
