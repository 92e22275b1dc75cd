"""Files that hold the same runs in another form, such as a CSV and the JSON that it was exported from."""

from collections import Counter
from collections.abc import Hashable

import numpy as np
import pandas as pd

from chimera_dagster.schemas import FAILED

_DIGITS = 9  # what two formats of one number agree on, whatever unit and precision they were written in
# Fixed seeds repeat token counts and sizes from run to run; times, rates and power repeat by copying alone.
_TELLING_UNITS = ("ms", "tok/s", "W", "J")
_TELLING_DIGITS = 3
_LEAST_TELLING = 6


def twin_files(measurements: pd.DataFrame) -> dict[str, str]:
    """Files of schemas.Measurements whose runs all stand in an earlier file, each with the first such file.

    Earlier is by path. A run is a record's raw numbers (no aggregate, not FAILED) as a multiset of (metric, value),
    values rounded to nine significant digits; model, parameters and record names may differ, as formats name them
    differently. Runs that stand twice must stand twice in the earlier file too, which may hold more.

    Files agree by chance where they hold little. So a twin needs six different numbers that no two runs share: times,
    rates, power or energy of three significant digits or more. Zeros of failed runs, token counts and rounded values
    are no evidence. One record is enough where it holds six such numbers. What a twin maps to is never a twin itself.
    """
    raw = measurements[measurements["aggregate"].isna() & (measurements["metric"] != FAILED)]
    if raw.empty:
        return {}
    codes, names = pd.factorize(raw["file"])
    paths = [str(name) for name in names]
    mantissas, exponents = _rounded(raw["value"].to_numpy("float64"))
    numbers = _hashed(pd.factorize(raw["metric"])[0], mantissas, exponents)
    runs = _runs_by_file(codes, pd.factorize(raw["record"])[0], numbers)
    enough = _with_evidence(codes, numbers, mantissas, raw["unit"])
    return {paths[twin]: paths[first] for twin, first in _contained(runs, enough, paths)}


def _rounded(values: "np.ndarray") -> tuple["np.ndarray", "np.ndarray"]:
    """Decimal mantissas of nine digits and their exponents; 0 is 0 times 1."""
    sizes = np.abs(values)
    exponents = np.floor(np.log10(sizes, where=sizes > 0, out=np.zeros_like(sizes))).astype("int64")
    # A power of ten beyond 300 may be no float any more; what is smaller keeps fewer digits.
    scale = np.clip(_DIGITS - 1 - exponents, -300, 300)
    mantissas = np.rint(values * np.power(10.0, scale)).astype("int64")
    carried = np.abs(mantissas) == 10**_DIGITS  # 999.9999999999 is 1000
    return np.where(carried, mantissas // 10, mantissas), np.where(carried, exponents + 1, exponents)


def _hashed(*columns: "np.ndarray") -> "np.ndarray":
    """One 64-bit hash a row of equally long integer columns."""
    hashed = np.zeros(len(columns[0]), dtype="uint64")
    for column in columns:
        hashed = pd.util.hash_array(hashed ^ pd.util.hash_array(column.astype("uint64")))
        hashed += np.uint64(0x9E3779B97F4A7C15)  # else equal columns would cancel out
    return hashed


def _runs_by_file(files: "np.ndarray", records: "np.ndarray", numbers: "np.ndarray") -> dict[int, Counter[Hashable]]:
    """How often each run, as a hash that doesn't depend on the order of its numbers, stands in each file."""
    ids, keys = pd.factorize(files.astype("int64") * (int(records.max()) + 1) + records)
    sums = np.zeros(len(keys), dtype="uint64")
    np.add.at(sums, ids, numbers)  # wraps around, as a sum of hashes may
    owners = keys // (int(records.max()) + 1)
    found: dict[int, Counter[Hashable]] = {}
    for owner, run in zip(owners.tolist(), sums.tolist(), strict=True):
        found.setdefault(owner, Counter())[run] += 1
    return found


def _with_evidence(files: "np.ndarray", numbers: "np.ndarray", mantissas: "np.ndarray", units: "pd.Series") -> set[int]:
    telling = units.isin(_TELLING_UNITS).to_numpy() & (mantissas % 10 ** (_DIGITS - _TELLING_DIGITS + 1) != 0)
    different = pd.DataFrame({"file": files[telling], "number": numbers[telling]}).drop_duplicates()
    counts = different["file"].value_counts()
    return set(counts.index[counts >= _LEAST_TELLING].tolist())


def _contained(runs: dict[int, Counter[Hashable]], enough: set[int], paths: list[str]) -> list[tuple[int, int]]:
    """Pairs of a file and the first file in path order that holds all its runs."""
    order = sorted(runs, key=paths.__getitem__)
    holders: dict[Hashable, list[int]] = {}
    found: list[tuple[int, int]] = []
    for file in order:
        if file in enough:
            # Whoever holds every run holds the rarest one.
            candidates = min((holders.get(run, []) for run in runs[file]), key=len)
            first = next((earlier for earlier in candidates if runs[file] <= runs[earlier]), None)
            if first is not None:
                found.append((file, first))
        for run in runs[file]:
            holders.setdefault(run, []).append(file)
    return found
