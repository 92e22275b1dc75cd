"""The raw runs of one file, found by what a summary's row names, and what they sum up to."""

import json
from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from chimera_dagster.evidence.findings.evidence import is_setting
from chimera_dagster.schemas import FAILED


class _Cell(NamedTuple):
    """Rows of one metric that share all that a summary could name."""

    model: str | None
    prompt: str | None
    backend: str | None
    settings: dict[str, Any]
    rows: pd.DataFrame


class Runs:
    """Raw rows of one file: its records in order, which of them failed, and the others by parameter set."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.file = str(rows["file"].iloc[0])
        self.records = [str(name) for name in rows["record"].unique()]
        failed = (rows["metric"] == FAILED).to_numpy()
        self.failed = {str(name) for name in rows.loc[failed, "record"].unique()}
        self._cells: dict[tuple[str, str], list[_Cell]] = {}
        self._projected: dict[tuple[str, ...], dict[str, list[str]]] = {}
        self._params: list[dict[str, Any]] = []
        self._settings: set[str] = set()
        keys = ["metric", "model", "params", "labels", "prompt", "backend"]
        good = rows[~failed]
        good = good.assign(labels=[_settings(str(labels)) for labels in good["labels"]])
        for key, cell in good.groupby(keys, observed=True, dropna=False, sort=True):
            metric, model, params, labels, prompt, backend = (_text(part) for part in key)  # pyright: ignore[reportGeneralTypeIssues]
            found = _Cell(model, prompt, backend, json.loads(labels or "{}"), cell)
            self._settings.update(found.settings)
            self._cells.setdefault((metric or "", params or "{}"), []).append(found)
        self._params = [json.loads(text) for text in dict.fromkeys(params for _, params in self._cells)]

    def settings_in(self, labels: str) -> str:
        """Those labels of a summary's row that the raw runs have too, as canonical JSON."""
        return json.dumps({k: v for k, v in json.loads(labels).items() if k in self._settings}, sort_keys=True)

    def matching(self, row: Any) -> pd.DataFrame | None:
        """Raw rows that a summary's row (a named tuple) sums up; None where there are none."""
        named = json.loads(str(row.params))
        settings = json.loads(self.settings_in(str(row.labels)))
        model, prompt, backend = _text(row.model), _text(row.prompt), _text(row.backend)
        found = [
            cell.rows
            for params in self._with(named)
            for cell in self._cells.get((str(row.metric), params), [])
            if None in (model, cell.model) or model == cell.model
            if None in (prompt, cell.prompt) or prompt == cell.prompt
            if None in (backend, cell.backend) or backend == cell.backend
            if all(cell.settings.get(name) == value for name, value in settings.items())
        ]
        return pd.concat(found) if found else None

    def _with(self, named: dict[str, Any]) -> list[str]:
        """Parameter sets, as JSON, that hold all that is named."""
        names = tuple(sorted(named))
        if names not in self._projected:
            groups: dict[str, list[str]] = {}
            for params in self._params:
                key = _canonical({name: params.get(name) for name in names})
                groups.setdefault(key, []).append(_canonical(params))
            self._projected[names] = groups
        return self._projected[names].get(_canonical({name: named[name] for name in names}), [])

    @staticmethod
    def expected(aggregate: str, rows: pd.DataFrame) -> tuple[float, float]:
        """Smallest and largest value that a definition of the aggregate gives."""
        values = np.sort(rows["value"].to_numpy("float64"))
        n = len(values)
        if aggregate == "std":
            return (0.0, 0.0) if n < 2 else (float(np.std(values)), float(np.std(values, ddof=1)))
        if aggregate.startswith("p"):
            # The order statistics that the definitions of Hyndman and Fan (Am. Stat. 50, 1996) interpolate between.
            share = int(aggregate[1:]) / 100
            places = (share * n, share * (n - 1) + 1, share * (n + 1))
            low, high = int(np.floor(min(places))), int(np.ceil(max(places)))
            return float(values[max(low, 1) - 1]), float(values[min(max(high, 1), n) - 1])
        single = {"mean": np.mean, "median": np.median, "min": np.min, "max": np.max}[aggregate](values)
        return float(single), float(single)

    @staticmethod
    def slack(rows: pd.DataFrame) -> float:
        """How far the printed digits of the raw values can move what they sum up to."""
        same = (rows["unit"].astype("str") == rows["original_unit"].astype("str")).to_numpy()
        values = rows["value"].to_numpy("float64")
        return max(tolerance(float(value), bool(own)) for value, own in zip(values, same, strict=True))


def tolerance(value: float, own_unit: bool) -> float:
    """Half a unit in the last digit printed; trailing zeros of a converted whole number are not taken for digits."""
    digits = np.format_float_positional(float(f"{value:.12g}"), trim="-")
    whole, _, fraction = digits.partition(".")
    if fraction:
        return 0.5 * 10.0 ** -len(fraction)
    zeros = 0 if own_unit else len(whole) - len(whole.rstrip("0"))
    return 0.5 * 10.0 ** (zeros if whole.strip("-0") else 0)


def _settings(labels: str) -> str:
    return _canonical({name: value for name, value in json.loads(labels).items() if is_setting(name)})


def _canonical(values: dict[str, Any]) -> str:
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


def _text(value: Hashable) -> str | None:
    return value if isinstance(value, str) else None
