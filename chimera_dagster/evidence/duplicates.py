"""Files that hold the same runs in another form, such as a CSV and the JSON that it was exported from."""

from collections import Counter

import numpy as np
import pandas as pd

from chimera_dagster.evidence.partial_copies import Numbers, partial_copies
from chimera_dagster.schemas import FAILED

_DIGITS = 9  # on which two formats of one number agree, whatever unit and precision they were written in
# With a fixed seed, token counts and sizes repeat from run to run; times, rates and power repeat only in copies.
_TELLING_UNITS = ("ms", "tok/s", "W", "J")
_TELLING_DIGITS = 3
_EXACT_DIGITS = 6
_LEAST_TELLING = 6


def duplicate_runs(measurements: pd.DataFrame) -> dict[str, str]:
    """Files of schemas.Measurements whose runs are all in another file too, each with that file.

    A run is a record's raw numbers (no aggregate, not FAILED) as (metric, value), values rounded to nine significant
    digits; model, parameters and record names may differ, as formats name them differently. But files that name no
    model are not duplicates if their paths name different ones, or if only one of the paths names one. A run that a
    file has twice must be in the other file twice too, which may hold more runs, and more numbers of a run. Of two
    files with the same runs, the later one by path is the duplicate.

    Small files agree by chance. So a duplicate needs six different numbers that no two runs share: times, rates, power
    or energy of three significant digits or more. Zeros of failed runs, token counts and rounded values are not
    evidence. One record is enough if it holds six such numbers. If the other file has more numbers of a run, each run
    needs two such numbers, or one of six digits. The file that a duplicate maps to is never a duplicate itself.
    """
    raw = measurements[measurements["aggregate"].isna() & (measurements["metric"] != FAILED)]
    if raw.empty:
        return {}
    codes, names = pd.factorize(raw["file"])
    paths = [str(name) for name in names]
    mantissas, exponents = _rounded(raw["value"].to_numpy("float64"))
    numbers = _hashed(pd.factorize(raw["metric"])[0], mantissas, exponents)
    models = _models_outside(raw, codes, len(paths))
    records = pd.factorize(raw["record"])[0]
    pairs = _contained(codes, records, numbers, paths, models)
    telling = _is_telling(mantissas, raw["unit"])
    rest = ~np.isin(codes, list(pairs))
    runs = pd.factorize(codes[rest].astype("int64") * (int(records.max()) + 1) + records[rest])[0]
    exact = telling[rest] & _has_digits(mantissas[rest], _EXACT_DIGITS)
    parts = partial_copies(Numbers(codes[rest], runs.astype("int64"), numbers[rest], telling[rest], exact))
    pairs |= _of_larger(parts, np.bincount(codes, minlength=len(paths)), paths, models)
    telling &= np.isin(codes, list(pairs))
    enough = _with_evidence(codes[telling], numbers[telling])
    return {paths[file]: paths[_last(pairs, file)] for file in pairs if file in enough}


def _of_larger(
    parts: dict[int, list[int]], sizes: "np.ndarray", paths: list[str], models: list[str | None]
) -> dict[int, int]:
    """Each file with the largest of those that hold its runs and that `models` do not tell apart."""
    found: dict[int, int] = {}
    for file, others in parts.items():
        larger = [
            other for other in others if sizes[other] > sizes[file] and len({models[file], models[other]} - {None}) < 2
        ]
        if larger:
            found[file] = max(larger, key=lambda other: (sizes[other], paths[other]))
    return found


def _last(pairs: dict[int, int], file: int) -> int:
    while file in pairs:
        file = pairs[file]
    return file


def _rounded(values: "np.ndarray") -> tuple["np.ndarray", "np.ndarray"]:
    """Decimal mantissas of nine digits and their exponents; 0 is 0 times 1."""
    sizes = np.abs(values)
    exponents = np.floor(np.log10(sizes, where=sizes > 0, out=np.zeros_like(sizes))).astype("int64")
    # A power of ten above 300 may overflow; smaller values keep fewer digits.
    scale = np.clip(_DIGITS - 1 - exponents, -300, 300)
    mantissas = np.rint(values * np.power(10.0, scale)).astype("int64")
    carried = np.abs(mantissas) == 10**_DIGITS  # 999.9999999999 is 1000
    return np.where(carried, mantissas // 10, mantissas), np.where(carried, exponents + 1, exponents)


def _hashed(*columns: "np.ndarray") -> "np.ndarray":
    """One 64-bit hash for each row of equally long integer columns."""
    hashed = np.zeros(len(columns[0]), dtype="uint64")
    for column in columns:
        hashed = pd.util.hash_array(hashed ^ pd.util.hash_array(column.astype("uint64")))
        hashed += np.uint64(0x9E3779B97F4A7C15)  # otherwise equal columns would cancel out
    return hashed


def _models_outside(raw: pd.DataFrame, codes: "np.ndarray", count: int) -> list[str | None]:
    """The model of each file that its path alone names, empty if nothing does; None for files that name models."""
    itself = raw["model_source"].notna().to_numpy() & (raw["model_source"] != "path").to_numpy()
    names = np.bincount(codes, weights=itself, minlength=count) > 0
    first = np.unique(codes, return_index=True)[1]
    models = raw["model"].astype("object").fillna("").iloc[first].tolist()
    return [None if named else str(model) for model, named in zip(models, names.tolist(), strict=True)]


def _contained(
    files: "np.ndarray", records: "np.ndarray", numbers: "np.ndarray", paths: list[str], models: list[str | None]
) -> dict[int, int]:
    """Each file whose runs are all in an earlier one, with the first such file that `models` do not tell apart."""
    ids, keys = pd.factorize(files.astype("int64") * (int(records.max()) + 1) + records)
    runs = np.zeros(len(keys), dtype="uint64")  # a hash that doesn't depend on the order of a run's numbers
    np.add.at(runs, ids, numbers)
    owners = keys // (int(records.max()) + 1)
    _, places, times = np.unique(runs, return_inverse=True, return_counts=True)
    alone = times[places] == 1  # nearly all, as a rule; a file with such a run is not a duplicate
    held: dict[int, Counter[int]] = {}
    for owner, run in zip(owners[~alone].tolist(), runs[~alone].tolist(), strict=True):
        held.setdefault(owner, Counter())[run] += 1
    unlike = set(owners[alone].tolist())
    holders: dict[int, list[int]] = {}
    found: dict[int, int] = {}
    for file in sorted(held, key=paths.__getitem__):
        if file not in unlike:
            # A file that holds every run holds the rarest one.
            candidates = min((holders.get(run, []) for run in held[file]), key=len)
            may_be = (earlier for earlier in candidates if len({models[file], models[earlier]} - {None}) < 2)
            first = next((earlier for earlier in may_be if held[file] <= held[earlier]), None)
            if first is not None:
                found[file] = first
        for run in held[file]:
            holders.setdefault(run, []).append(file)
    return found


def _is_telling(mantissas: "np.ndarray", units: "pd.Series") -> "np.ndarray":
    return _has_digits(mantissas, _TELLING_DIGITS) & units.isin(_TELLING_UNITS).to_numpy()


def _has_digits(mantissas: "np.ndarray", digits: int) -> "np.ndarray":
    return mantissas % 10 ** (_DIGITS - digits + 1) != 0


def _with_evidence(files: "np.ndarray", numbers: "np.ndarray") -> set[int]:
    different = pd.DataFrame({"file": files, "number": numbers}).drop_duplicates()
    counts = different["file"].value_counts()
    return set(counts.index[counts >= _LEAST_TELLING].tolist())
