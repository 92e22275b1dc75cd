"""The numbers of a folder as arrays: which of them a scope names, and their aggregates."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.setups import setup_of
from chimera_dagster.grounding.scope import Reading, Scope

Places = NDArray[np.int64]
_SHOWN = 3
_TEXTS = ("metric", "unit", "file", "record")


class Rows:
    """`raw` has one row a number of a run, `stated` aggregates of metrics that no run has; see FindingContext.

    `cold` has the `file` and `record` of every run that had to load its model.
    """

    def __init__(self, raw: pd.DataFrame, stated: pd.DataFrame, cold: pd.DataFrame) -> None:
        rows = pd.concat([raw, stated]) if len(stated) else raw
        rows = rows[rows["value"].notna() & rows["unit"].notna()]
        self._value = rows["value"].to_numpy("float64")
        self._text = {name: rows[name].astype("str").to_numpy("object") for name in _TEXTS}
        self._model = rows["model"].astype("object").to_numpy()
        codes, texts = pd.factorize(rows["conditions"].astype("str") + "\x00" + rows["params"].astype("str"))
        self._setup, self.setups = codes, [setup_of(None, None, *text.split("\x00")) for text in texts]
        loaded = set(cold[["file", "record"]].astype("str").itertuples(index=False, name=None))
        names = zip(self._text["file"], self._text["record"], strict=True)
        self._cold = np.fromiter((name in loaded for name in names), dtype=bool, count=len(rows))
        conditions = rows["conditions"].astype("str").to_numpy("object")
        usual = Counter(conditions).most_common(1)
        self._usual = conditions == usual[0][0] if usual else np.zeros(0, dtype=bool)
        self._places: dict[Scope, Places] = {}

    @cached_property
    def units(self) -> dict[str, str]:
        """The commonest unit of each metric."""
        pairs = Counter(zip(self._text["metric"], self._text["unit"], strict=True))
        return {metric: unit for (metric, unit), _ in reversed(pairs.most_common())}

    @cached_property
    def levels(self) -> dict[str, set[float]]:
        """Every value of each parameter and numeric condition."""
        found: dict[str, set[float]] = {}
        for setup in self.setups:
            for name, value in setup.items():
                if isinstance(value, int | float):
                    found.setdefault(name, set()).add(float(value))
        return found

    def places(self, scope: Scope) -> Places:
        """The rows of a scope. Runs are cold by the name of their file alone only if no others are."""
        if scope not in self._places:
            self._places[scope] = self._find(scope)
        return self._places[scope]

    def _find(self, scope: Scope) -> Places:
        chosen = (self._text["metric"] == scope.metric) & (self._text["unit"] == self.units.get(scope.metric, ""))
        if scope.model is not None:
            chosen &= self._model == scope.model
        if scope.files is not None:
            chosen &= np.isin(self._text["file"], list(scope.files))
        if scope.levels:
            fits = [all(setup.get(name) == value for name, value in scope.levels) for setup in self.setups]
            chosen &= np.array(fits, dtype=bool)[self._setup]
        if scope.runs != "all":
            cold = chosen & self._cold
            if not cold.any():
                cold = chosen & np.fromiter(("cold" in file for file in self._text["file"]), dtype=bool)
            chosen = cold if scope.runs == "cold" else chosen & ~cold
        return np.flatnonzero(chosen)

    def usual(self, places: Places) -> Places:
        """Those under the conditions that most numbers of the folder have, whatever their parameters."""
        return places[self._usual[places]]

    def settings(self, places: Places) -> int:
        return len(np.unique(self._setup[places]))

    def runs_a_setting(self) -> set[int]:
        """How many runs of a model a setting has, by metric."""
        return set(Counter(zip(self._model, self._text["metric"], self._setup, strict=True)).values())

    def reading(self, name: str, words: str, places: Places) -> Reading:
        """An aggregate of rows, of which there is at least one."""
        value = aggregate(name, self._value[places])
        return Reading(f"{name} {words}", value, str(self._text["unit"][places[0]]), len(places), self._where(places))

    def _where(self, places: Places) -> str:
        files, records = (self._text[name][places[:_SHOWN]] for name in ("file", "record"))
        return where(list(zip(files, records, strict=True)), len(places))

    def shared(self, scope: Scope, models: Sequence[str]) -> dict[str, float]:
        """Geometric means of models over the settings that all of them have, each of the same weight; maybe none."""
        rows = {model: self.places(scope._replace(model=model)) for model in models}
        common = sorted(set.intersection(*(set(self._setup[each].tolist()) for each in rows.values())))
        if not common or not all((self._value[each] > 0).all() for each in rows.values()):
            return {}
        return {
            model: float(
                np.exp(np.mean([np.log(self._value[each[self._setup[each] == code]]).mean() for code in common]))
            )
            for model, each in rows.items()
        }


def aggregate(name: str, values: NDArray[np.float64]) -> float:  # noqa: PLR0911
    """NaN for an aggregate that can't be computed."""
    match name:
        case "mean":
            return float(values.mean())
        case "geometric mean":
            return float(np.exp(np.log(values).mean())) if (values > 0).all() else float("nan")
        case "median":
            return float(np.median(values))
        case "min" | "max":
            return float(values.min() if name == "min" else values.max())
        case "std":
            return float(values.std(ddof=1)) if len(values) > 1 else float("nan")
        case "total":
            return float(values.sum())
        case _ if name[:1] == "p" and name[1:].isdigit():
            return float(np.percentile(values, int(name[1:])))
        case _:
            return float("nan")


def where(records: Sequence[tuple[str, str]], total: int) -> str:
    """`runs.csv: row 1, row 2, row 3 and 8 more`, of the first records of so many."""
    shown: dict[str, list[str]] = {}
    for file, record in records[:_SHOWN]:
        shown.setdefault(file, []).append(record)
    text = "; ".join(f"{file}: {', '.join(dict.fromkeys(names))}" for file, names in shown.items())
    left = total - min(len(records), _SHOWN)
    return f"{text} and {left} more" if left > 0 else text
