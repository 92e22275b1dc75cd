"""Files whose runs are in another file with more numbers: a log of answers beside the table of all figures."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

_ENOUGH = 2  # telling numbers by which a run is recognised, if none of them is exact


class Numbers(NamedTuple):
    """One row for each number of a run. Equal `number`s are equal values of one metric.

    A number is `telling` if two runs seldom have the same by chance, and `exact` if they practically never do.
    """

    file: Codes
    run: Codes
    number: NDArray[np.uint64]
    telling: Flags
    exact: Flags


def partial_copies(rows: Numbers) -> dict[int, list[int]]:
    """The files of which every run is a part of a run of another file, with these other files in ascending order.

    A run is recognised by an exact number or by two telling ones. All of its numbers have to be in one run of the other
    file, and two of its runs in two.
    """
    shared = rows.telling & _in_several_files(rows)
    runs = int(rows.run.max(initial=-1)) + 1
    alone = np.bincount(rows.run[rows.telling & ~shared], minlength=runs) > 0
    recognised = np.bincount(rows.run[shared], minlength=runs) >= _ENOUGH
    recognised |= np.bincount(rows.run[shared & rows.exact], minlength=runs) > 0
    unlike = np.unique(rows.file[(alone | ~recognised)[rows.run]])
    possible = np.setdiff1d(rows.file, unlike)
    if not len(possible):
        return {}
    wanted = np.unique(rows.number[shared & np.isin(rows.file, possible)])
    holders = np.unique(rows.file[shared & np.isin(rows.number, wanted)])
    files = _read(rows, holders)
    having: dict[int, list[int]] = {}  # the files that have a telling number
    for file, held in files.items():
        for number in held.telling:
            having.setdefault(number, []).append(file)
    found = {file: [*_holding(files, having, file)] for file in possible.tolist()}
    return {file: others for file, others in found.items() if others}


def _read(rows: Numbers, files: Codes) -> dict[int, "_File"]:
    own = np.flatnonzero(np.isin(rows.file, files))
    order = own[np.argsort(rows.file[own], kind="stable")]
    starts = np.flatnonzero(np.diff(rows.file[order])) + 1
    return {file: _File(rows, part) for file, part in zip(files.tolist(), np.split(order, starts), strict=True)}


def _in_several_files(rows: Numbers) -> Flags:
    pairs = np.unique(np.stack([rows.number[rows.telling], rows.file[rows.telling].astype("uint64")]), axis=1)
    numbers, counts = np.unique(pairs[0], return_counts=True)
    return np.isin(rows.number, numbers[counts > 1])


class _File:
    """The runs of one file, and in which of them each telling number is."""

    def __init__(self, rows: Numbers, own: Codes) -> None:
        self.runs: dict[int, set[int]] = {}
        self.telling: dict[int, set[int]] = {}
        for run, number, telling in zip(
            rows.run[own].tolist(), rows.number[own].tolist(), rows.telling[own].tolist(), strict=True
        ):
            self.runs.setdefault(run, set()).add(number)
            if telling:
                self.telling.setdefault(number, set()).add(run)

    def holds(self, other: "_File") -> bool:
        """Whether each run of `other` is a part of a run of its own here."""
        taken = set[int]()
        for numbers in other.runs.values():
            near = (self.telling.get(number, set[int]()) for number in numbers if number in other.telling)
            run = next((run for runs in near for run in sorted(runs - taken) if numbers <= self.runs[run]), None)
            if run is None:
                return False
            taken.add(run)
        return True


def _holding(files: dict[int, _File], having: dict[int, list[int]], file: int) -> Iterator[int]:
    own = files[file]
    first = next(iter(own.runs.values()))
    near = {other for number in first if number in own.telling for other in having[number]}
    for other in sorted(near - {file}):
        if len(files[other].runs) >= len(own.runs) and files[other].holds(own):
            yield other
