"""Statistics of the runs of a folder, computed for what a claim says and no sooner."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from chimera_dagster.evidence.cold_runs import is_cold
from chimera_dagster.evidence.fact_context import TIMED
from chimera_dagster.evidence.runs import failed_runs, raw_runs
from chimera_dagster.evidence.setups import setups_of
from chimera_dagster.evidence.statistics import describe
from chimera_dagster.grounding.evidence_rows import Params, Statistic
from chimera_dagster.schemas import FAILED, LOAD, TTFT


class Runs:
    """Runs that did not fail, each once, indexed by metric, model and parameters; counts of those that failed.

    `units` is the unit of each metric that any run has, `models` are the models with runs.
    """

    def __init__(self, measurements: pd.DataFrame, duplicates: Mapping[str, str]) -> None:
        runs = raw_runs(measurements, duplicates)
        self._runs = runs[runs["metric"] != FAILED].reset_index(drop=True)
        self._failed = failed_runs(measurements, duplicates)
        self._cache: dict[object, Statistic | None] = {}
        self._value = self._runs["value"].to_numpy("float64")
        self._model, models = _codes(self._runs["model"])
        self._params, params = _codes(self._runs["params"])
        metric, metrics = _codes(self._runs["metric"])
        unit, units = _codes(self._runs["unit"])
        self._setup, _ = setups_of(self._runs, params=False)
        self._file, self._file_names = _codes(self._runs["file"])
        self.models = frozenset(models)
        self._model_code = {name: code for code, name in enumerate(models)}
        self._sets: list[dict[str, float]] = [json.loads(text) for text in params]
        self._rows: dict[str, np.ndarray] = {}
        self.units: dict[str, str] = {}
        for code, name in enumerate(metrics):
            rows = np.flatnonzero(metric == code)
            known = unit[rows] >= 0
            if known.any():
                # A metric of an unknown unit is another one.
                of_unit = int(np.bincount(unit[rows][known]).argmax())
                self._rows[name] = rows[unit[rows] == of_unit]
                self.units[name] = units[of_unit]
        self._cold, self._loads = self._starts()

    def timed_files(self) -> set[str]:
        """Files with a time or a rate of a named model's run."""
        rows = self._runs[self._model >= 0]
        return set(rows.loc[rows["metric"].isin(list(TIMED)).to_numpy(), "file"].astype("str").unique())

    def statistic(
        self, metric: str, model: str | None, params: Params | None = None, runs: str = "all", *, exact: bool = False
    ) -> Statistic | None:
        """Statistics of the runs of a metric; None where there is none.

        `model` None: of all models together. `params`: runs that have these values, with `exact` and no other
        parameter. `runs`: "all", "warm" or "cold".
        """
        given = dict(params or {})
        key = (metric, model, tuple(sorted(given.items())), runs, exact)
        if key not in self._cache:
            rows = self._select(metric, model, given, runs, exact=exact)
            self._cache[key] = self._describe(metric, rows) if len(rows) else None
        return self._cache[key]

    def mean(self, metric: str, model: str | None, params: Params | None = None, runs: str = "all") -> float | None:
        rows = self._select(metric, model, dict(params or {}), runs)
        return float(self._value[rows].mean()) if len(rows) else None

    def alike(
        self, metric: str, models: Sequence[str], params: Params | None = None, runs: str = "all"
    ) -> dict[str, float] | None:
        """Means of models over the setups (engine, GPU, conditions) that all of them have, or None.

        A setup has the same weight for each, by the runs of all together. Models without a run are left out.
        """
        rows = {model: self._select(metric, model, dict(params or {}), runs) for model in models}
        rows = {model: places for model, places in rows.items() if len(places)}
        if not rows:
            return {}
        common = sorted(set.intersection(*(set(self._setup[places].tolist()) for places in rows.values())))
        if not common:
            return None
        weights = [sum(int((self._setup[places] == setup).sum()) for places in rows.values()) for setup in common]
        means = {
            model: [self._value[places[self._setup[places] == setup]].mean() for setup in common]
            for model, places in rows.items()
        }
        return {model: float(np.average(of_model, weights=weights)) for model, of_model in means.items()}

    def count(self, metric: str, model: str | None) -> int:
        return len(self._select(metric, model, {}, "all"))

    def params_of(self, model: str | None, name: str) -> list[float]:
        """Values of a parameter that runs of the model have, sorted; of any model for None."""
        rows = self._model == self._model_code[model] if model in self._model_code else slice(None)
        sets = np.unique(self._params[rows])
        return sorted({float(self._sets[code][name]) for code in sets if name in self._sets[code]})

    def sets_of(self, model: str, metric: str) -> list[dict[str, float]]:
        """Parameter sets of the model with runs of the metric."""
        rows = self._select(metric, model, {}, "all")
        return [self._sets[code] for code in np.unique(self._params[rows])]

    def trend(self, metric: str, model: str, name: str) -> list[tuple[float, float]] | None:
        """(value of the parameter, geometric mean relative to all values), sorted; cold runs are left out.

        Only runs that differ in this parameter alone are compared: each set of the other parameters is a block, and a
        value's mean is over the blocks that hold it. None below two values.
        """
        rows = self._select(metric, model, {}, "all")
        rows = rows[~self._cold[rows] & (self._value[rows] > 0)]
        blocks: dict[str, dict[float, list[float]]] = {}
        for code in np.unique(self._params[rows]):
            rest = dict(self._sets[code])
            if name not in rest:
                continue
            level = float(rest.pop(name))
            mean = float(np.log(self._value[rows[self._params[rows] == code]]).mean())
            blocks.setdefault(json.dumps(rest, sort_keys=True), {}).setdefault(level, []).append(mean)
        levels: dict[float, list[float]] = {}
        for block in blocks.values():
            if len(block) > 1:
                centre = float(np.mean([np.mean(means) for means in block.values()]))
                for level, means in block.items():
                    levels.setdefault(level, []).append(float(np.mean(means)) - centre)
        if len(levels) < 2:
            return None
        return sorted((level, float(np.exp(np.mean(each)))) for level, each in levels.items())

    def records(self, model: str | None = None) -> int:
        """Runs that did not fail: records with a time or a rate."""
        of = self._runs["metric"].isin(list(TIMED)).to_numpy()
        if model is not None:
            of = of & (self._model == self._model_code.get(model, -2))
        return len(self._runs.loc[of, ["file", "record"]].drop_duplicates())

    def failures(self, model: str | None = None) -> int:
        return len(self._failed if model is None else self._failed[(self._failed["model"] == model).to_numpy()])

    def success_of(self, file: str) -> tuple[int, int]:
        """Runs of a file that did not fail, and all of them."""
        failed = int((self._failed["file"] == file).sum())
        of_file = self._runs[
            (self._runs["file"] == file).to_numpy() & self._runs["metric"].isin(list(TIMED)).to_numpy()
        ]
        good = of_file["record"].nunique()
        return good, good + failed

    def _select(
        self, metric: str, model: str | None, params: Params, runs: str, *, exact: bool = False
    ) -> "np.ndarray":
        rows = self._rows.get(metric, np.array([], dtype="int64"))
        if model is not None:
            rows = rows[self._model[rows] == self._model_code.get(model, -2)]
        if params or exact:
            fits = [
                all(each.get(name) == value for name, value in params.items())
                and (not exact or len(each) == len(params))
                for each in self._sets
            ]
            rows = rows[np.array(fits, dtype=bool)[self._params[rows]]] if fits else rows
        if runs != "all":
            kept = self._cold[rows] if runs == "cold" else ~self._cold[rows]
            rows = rows[kept & self._loads[rows]] if self._loads[rows].any() else rows[kept]
        return rows

    def _describe(self, metric: str, rows: "np.ndarray") -> Statistic:
        values = self._value[rows]
        table = describe(values, np.zeros(len(values), dtype="int64"), 1).iloc[0]
        files = tuple(self._file_names[code] for code in np.unique(self._file[rows])[:3])
        found = {str(name): float(value) for name, value in table.items()} | {"total": float(values.sum())}
        return Statistic(found, self.units[metric], len(values), files)

    def _starts(self) -> tuple["np.ndarray", "np.ndarray"]:
        """Of each row, whether its run loaded the model first, and whether its file gives load times."""
        runs = self._runs
        keys = ["file", "record"]
        load, ttft = (
            runs.loc[(runs["metric"] == name).to_numpy(), [*keys, "value"]]
            .drop_duplicates(keys)
            .rename(columns={"value": name})
            .astype({"file": "str", "record": "str"})
            for name in (LOAD, TTFT)
        )
        if load.empty:
            return np.zeros(len(runs), dtype=bool), np.zeros(len(runs), dtype=bool)
        timed = runs.loc[runs["metric"].isin((TTFT, LOAD)).to_numpy() & runs["model"].notna().to_numpy()]
        records = timed[[*keys, "model"]].drop_duplicates(keys).astype("str")
        records = records.merge(load, how="left").merge(ttft, how="left")
        cold = records.loc[is_cold(records), keys]
        names = pd.MultiIndex.from_frame(runs[keys].astype("str"))
        return names.isin(pd.MultiIndex.from_frame(cold)), runs["file"].isin(load["file"].unique()).to_numpy()


def _codes(column: "pd.Series[Any]") -> tuple["np.ndarray", list[str]]:
    codes, names = pd.factorize(column)
    return codes, [str(name) for name in names]
