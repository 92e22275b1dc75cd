"""Which runs were measured in one session: the unit over which a difference must hold."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.sittings import Span

# The time at which a tool started, as names of files and folders hold it: 20251002-151824, 2025-10-02T15-18-24, or
# seconds since 1970
_STAMP = re.compile(
    r"(?<!\d)(?:20\d{2}-?[01]\d-?[0-3]\d[-_T]?[0-2]\d[-_:]?[0-5]\d(?:[-_:]?[0-5]\d)?|1[4-9]\d{8})(?!\d)"
)
_DIGITS = re.compile(r"\d+")
_ROUNDS = ("session", "session_id", "round", "round_id", "round_index")  # labels, the widest first
_LEAST_REQUESTS = 3  # files of one record each that count as the requests of one session


def sessions_of_files(paths: Iterable[str], spans: Mapping[str, Span] | None = None) -> dict[str, int]:
    """The session of each file, numbered from 0: one for each file, and one for files with the same time in the path.

    A tool that writes several files in one go puts its start in all their names, or into their folder's. Numbers follow
    the times of `spans`, those of other files come after them.
    """
    known = spans or {}
    names = {
        path: _session_name(path)
        for path in sorted(set(paths), key=lambda path: (known.get(path, (np.inf, np.inf)), path))
    }
    codes = {name: code for code, name in enumerate(dict.fromkeys(names.values()))}
    return {path: codes[name] for path, name in names.items()}


def _session_name(path: str) -> str:
    stamps = [found[0] for part in PurePosixPath(path).parts if (found := _STAMP.search(part))]
    return "\0" + stamps[-1] if stamps else path


def sessions_of_runs(runs: pd.DataFrame, of_files: Mapping[str, int]) -> NDArray[np.int64]:
    """The session of each run; `runs` are ordered as their files are, with categorical columns.

    That of its file, but for two cases. Files whose names differ in a number alone and hold one run each are requests
    of one session, as some tools write a file for each. Runs with a label `session` or `round` are sessions of their
    own if the rounds of their file follow each other and each has several of the models or settings: rounds of one
    model after the other are repeats.
    """
    file = _codes(runs["file"])
    names = [str(name) for name in runs["file"].cat.categories]
    of_file = np.array([of_files[name] for name in names], dtype="int64")
    _join_requests(names, np.bincount(file, minlength=len(names)), of_file)
    session = of_file[file]
    rounds = _rounds(runs["labels"])
    if (rounds < 0).all():
        return session
    width = int(rounds.max()) + 1
    numbered = np.where(_are_sessions(runs, file, rounds)[file], rounds, -1)
    return np.where(numbered < 0, session, len(of_files) + session * width + numbered)


def _are_sessions(runs: pd.DataFrame, file: NDArray[np.int64], rounds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Of each file, whether its rounds are: no two of them are mixed, and none has one model and setting alone."""
    joint = file * (int(rounds.max()) + 2) + rounds + 1
    starts = np.concatenate(([True], joint[1:] != joint[:-1]))
    found, first, place = np.unique(joint, return_index=True, return_inverse=True)
    of_round = file[first]
    pieces = np.bincount(file[starts], minlength=int(file.max()) + 1)
    in_order = pieces == np.bincount(of_round, minlength=len(pieces))
    setups = [_codes(runs[name]) for name in ("model", "params", "conditions", "backend", "gpu")]
    different = np.unique(np.stack([place.ravel(), *setups]), axis=1)[0]
    alone = np.bincount(different, minlength=len(found)) < 2
    return in_order & (np.bincount(of_round[alone], minlength=len(pieces)) == 0)


def _join_requests(names: list[str], counts: NDArray[np.int64], of_file: NDArray[np.int64]) -> None:
    alike: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        if counts[place] == 1 and not _STAMP.search(name):
            alike.setdefault(_DIGITS.sub("#", name), []).append(place)
    for pattern, places in alike.items():
        if "#" in pattern and len(places) >= _LEAST_REQUESTS:
            of_file[places] = of_file[places[0]]


def _rounds(labels: "pd.Series[str]") -> NDArray[np.int64]:
    """A code for each run's session or round, -1 without one."""
    found = [json.loads(text) for text in labels.cat.categories]
    values = [next((json.dumps(each[name]) for name in _ROUNDS if name in each), None) for each in found]
    codes = pd.factorize(np.array(values, dtype="object"))[0].astype("int64")
    return np.append(codes, -1)[labels.cat.codes.to_numpy()]


def _codes(column: "pd.Series[str]") -> NDArray[np.int64]:
    return column.cat.codes.to_numpy().astype("int64")
