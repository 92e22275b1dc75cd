"""The raw runs of one file that a summary's row sums up, and the aggregates that they give."""

import json
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.findings.finding_context import joint_codes, slices_of_files
from chimera_dagster.schemas import FAILED

_KEYS = ("metric", "model", "params", "conditions", "prompt", "backend", "gpu")


class _Cell(NamedTuple):
    """Positions of the rows of one metric that share all that a summary could name."""

    model: str | None
    prompt: str | None
    backend: str | None
    gpu: str | None
    conditions: dict[str, Any]
    places: NDArray[np.int64]


class RawRows:
    """Raw rows of a folder, in the order of FindingContext.table, with what `Runs` of each file need of them."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows
        self.files = slices_of_files(rows)
        self.record, self.records = rows["record"].cat.codes.to_numpy("int64"), rows["record"].cat.categories
        self.values = rows["value"].to_numpy("float64")
        self.failed = (rows["metric"] == FAILED).to_numpy("bool")
        # A column without a unit of its own was not converted.
        unit, given = (rows[name].astype("str").fillna("nan") for name in ("unit", "original_unit"))
        self.own = (unit == given).to_numpy("bool")
        self.cell = joint_codes(rows, _KEYS)
        first = rows.iloc[np.unique(self.cell, return_index=True)[1]]
        self.named = list(zip(*([_text(name) for name in first[key]] for key in _KEYS), strict=True))


class Runs:
    """Raw rows of one file: its records in order, which of them failed, and the other rows by what they name."""

    def __init__(self, raw: RawRows, file: str) -> None:
        self.file, part = file, raw.files[file]
        self.rows = raw.rows.iloc[part]
        codes, self.record = np.unique(raw.record[part], return_inverse=True)
        self.records = [str(name) for name in raw.records[codes]]
        self.values, self._own = raw.values[part], raw.own[part]
        failed = raw.failed[part]
        self.failed = set(self.record[failed].tolist())
        self._cells: dict[tuple[str, str], list[_Cell]] = {}
        self._projected: dict[tuple[str, ...], dict[str, list[str]]] = {}
        self._names: set[str] = set()
        self._gather(raw, raw.cell[part], np.flatnonzero(~failed))
        self._params = [json.loads(text) for text in dict.fromkeys(params for _, params in self._cells)]
        self.conditions_in = cache(self._conditions_in)
        self._named_alike = cache(self._all_named_alike)
        self._depths: dict[int, tuple[NDArray[np.int64], dict[str, int]]] = {}

    def _gather(self, raw: RawRows, codes: NDArray[np.int64], good: NDArray[np.int64]) -> None:
        order = good[np.argsort(codes[good], kind="stable")]
        for places in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(order) else []:
            metric, model, params, under, prompt, backend, gpu = raw.named[codes[places[0]]]
            conditions = json.loads(str(under))
            self._names.update(conditions)
            found = _Cell(model, prompt, backend, gpu, conditions, places)
            self._cells.setdefault((str(metric), str(params)), []).append(found)

    def _conditions_in(self, conditions: str) -> str:
        """Those conditions of a summary's row that the raw runs have too, as canonical JSON."""
        return _canonical({name: value for name, value in json.loads(conditions).items() if name in self._names})

    def matching(self, row: Any) -> NDArray[np.int64] | None:
        """Positions of the raw rows that a summary's row (a named tuple) sums up, or None.

        Of a JSON document's own runs, those count that stand nearest to the row: in the object that holds both. In
        JSON Lines, that is the line.
        """
        named = (_text(row.model), _text(row.prompt), _text(row.backend), _text(row.gpu))
        places = self._named_alike(str(row.metric), str(row.params), str(row.conditions), *named)
        return places if places is None or str(row.file) != self.file else self._nearest(str(row.record), places)

    def _all_named_alike(
        self,
        metric: str,
        params: str,
        under: str,
        model: str | None,
        prompt: str | None,
        backend: str | None,
        gpu: str | None,
    ) -> NDArray[np.int64] | None:
        conditions = json.loads(self.conditions_in(under))
        found = [
            cell.places
            for known in self._with(params)
            for cell in self._cells.get((metric, known), [])
            if None in (model, cell.model) or model == cell.model
            if None in (prompt, cell.prompt) or prompt == cell.prompt
            if None in (backend, cell.backend) or backend == cell.backend
            if None in (gpu, cell.gpu) or gpu == cell.gpu
            if all(cell.conditions.get(name) == value for name, value in conditions.items())
        ]
        return np.concatenate(found) if found else None

    def _nearest(self, record: str, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those places whose records share most of the pointer `record`."""
        is_line = record.startswith("line ")
        if not (record.startswith("/") or is_line):
            return places
        parts = record.split("/")
        for depth in range(len(parts), 0 if is_line else 1, -1):
            codes, known = self._at_depth(depth)
            code = known.get("/".join(parts[:depth]))
            if code is not None and (near := codes[self.record[places]] == code).any():
                return places[near]
        return places

    def _at_depth(self, depth: int) -> tuple[NDArray[np.int64], dict[str, int]]:
        """By record, a code of the first `depth` parts of its pointer, and the codes of these."""
        if depth not in self._depths:
            codes, names = pd.factorize(
                np.array(["/".join(name.split("/")[:depth]) for name in self.records], "object")
            )
            self._depths[depth] = codes.astype("int64"), {str(name): code for code, name in enumerate(names)}
        return self._depths[depth]

    def _with(self, params: str) -> list[str]:
        """Parameter sets, as JSON, that hold all that is named."""
        named = json.loads(params)
        names = tuple(sorted(named))
        if names not in self._projected:
            groups: dict[str, list[str]] = {}
            for known in self._params:
                key = _canonical({name: known.get(name) for name in names})
                groups.setdefault(key, []).append(_canonical(known))
            self._projected[names] = groups
        return self._projected[names].get(_canonical(named), [])

    def expected(self, aggregate: str, places: NDArray[np.int64]) -> tuple[float, float]:
        """Smallest and largest value that a definition of the aggregate gives."""
        values = np.sort(self.values[places])
        n = len(values)
        if aggregate == "std":
            return (0.0, 0.0) if n < 2 else (float(np.std(values)), float(np.std(values, ddof=1)))
        if aggregate.startswith("p"):
            # The order statistics that the definitions of Hyndman and Fan (Am. Stat. 50, 1996) interpolate between.
            share = int(aggregate[1:]) / 100
            ranks = (share * n, share * (n - 1) + 1, share * (n + 1))
            low, high = int(np.floor(min(ranks))), int(np.ceil(max(ranks)))
            return float(values[max(low, 1) - 1]), float(values[min(max(high, 1), n) - 1])
        if aggregate == "median":  # of an even number, some tools take the lower or the upper one
            return float(values[(n - 1) // 2]), float(values[n // 2])
        single = {"mean": np.mean, "min": np.min, "max": np.max}[aggregate](values)
        return float(single), float(single)

    def slack(self, places: NDArray[np.int64]) -> float:
        """How far the aggregate can be off because the raw values are rounded to the printed digits."""
        return max(map(tolerance, self.values[places].tolist(), self._own[places].tolist()))


def tolerance(value: float, own_unit: bool) -> float:
    """Half a unit in the last digit printed; trailing zeros of a converted whole number don't count as digits."""
    mantissa, _, exponent = f"{value:.11e}".partition("e")
    digits = len(mantissa.lstrip("-").replace(".", "").rstrip("0"))
    last = int(exponent) - max(digits, 1) + 1
    return 0.5 * 10.0 ** (min(last, 0) if own_unit or value == 0 else last)


def _canonical(values: dict[str, Any]) -> str:
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
