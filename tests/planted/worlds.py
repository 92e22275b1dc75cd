"""Folders of results, as the checker sees them and as plain tables, from which truth is computed."""

import csv
import json
import random
from functools import cached_property
from math import log
from pathlib import Path

import pandas as pd
from scipy import stats

from chimera_dagster.evidence.duplicates import duplicate_runs
from chimera_dagster.evidence.summary import summarise
from chimera_dagster.grounding import EvidenceIndex, index_evidence
from chimera_dagster.ingest.folder import read_in_memory
from tests.conftest import CORPUS, ROOT
from tests.planted.phrasings import THROUGHPUT, TTFT


class World:
    """A folder as the checker sees it (`ground`) and as plain tables, from which truth is computed."""

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self._rows: dict[tuple[str, str], pd.DataFrame] = {}
        self._values: dict[tuple[str, str, str, str], float] = {}
        self._trends: dict[tuple[str, str, str], int] = {}
        self._p: dict[tuple[str, str, str], float] = {}
        read = read_in_memory(root)
        self.files, self.table = read.files, read.measurements
        self.evidence_index: EvidenceIndex = index_evidence(read.files, read.measurements, summarise(read.measurements))
        raw = read.measurements
        raw = raw[raw["aggregate"].isna() & ~raw["error"] & raw["metric"].isin([THROUGHPUT, TTFT])]
        raw = raw[raw["unit"].notna() & ~raw["file"].isin(list(duplicate_runs(read.measurements)))]
        self.raw = raw.assign(sets=[json.loads(text) for text in raw["params"]])

    @cached_property
    def models(self) -> list[str]:
        named = self.raw.groupby("model")["metric"].nunique()
        return sorted(str(name) for name in named[named == 2].index)

    def rows(
        self, metric: str, model: str, params: dict[str, float] | None = None, exact: bool = False
    ) -> pd.DataFrame:
        if (metric, model) not in self._rows:
            self._rows[metric, model] = self.raw[(self.raw["metric"] == metric) & (self.raw["model"] == model)]
        rows = self._rows[metric, model]
        if params:
            fits = [
                all(each.get(k) == v for k, v in params.items()) and (not exact or len(each) == len(params))
                for each in rows["sets"]
            ]
            rows = rows[fits]
        return rows

    def value(self, metric: str, model: str, aggregate: str = "mean", params: dict[str, float] | None = None) -> float:
        key = (metric, model, aggregate, str(params))
        if key not in self._values:
            self._values[key] = self._value(metric, model, aggregate, params)
        return self._values[key]

    def _value(self, metric: str, model: str, aggregate: str, params: dict[str, float] | None) -> float:
        values = self.rows(metric, model, params)["value"]
        if values.empty:
            return float("nan")
        if aggregate == "p95":
            return float(values.quantile(0.95))
        return float(getattr(values, aggregate)())

    def levels(self, model: str, name: str) -> list[float]:
        sets = self.rows(THROUGHPUT, model)["sets"]
        return sorted({float(each[name]) for each in sets if name in each})

    @cached_property
    def swept(self) -> list[tuple[str, str]]:
        names = ("num_ctx", "temperature", "top_k", "top_p", "repeat_penalty", "num_gpu")
        return [(model, name) for model in self.models for name in names if len(self.levels(model, name)) > 1]

    def trend(self, metric: str, model: str, name: str) -> int:
        """1 or -1 where runs that differ in nothing else go that way from the least to the most value, else 0."""
        if (metric, model, name) not in self._trends:
            self._trends[metric, model, name] = self._trend(metric, model, name)
        return self._trends[metric, model, name]

    def _trend(self, metric: str, model: str, name: str) -> int:
        rows = self.rows(metric, model)
        rows = rows[~self.cold(rows)]
        rows = rows[[name in each for each in rows["sets"]]]
        if rows.empty:
            return 0
        rows = rows.assign(
            level=[float(each[name]) for each in rows["sets"]],
            rest=[json.dumps({k: v for k, v in each.items() if k != name}, sort_keys=True) for each in rows["sets"]],
            log=rows["value"].map(log),
        )
        cells = rows.groupby(["rest", "level"])["log"].mean().reset_index()
        cells = cells[cells.groupby("rest")["level"].transform("nunique") > 1]
        if cells.empty:
            return 0
        cells["log"] -= cells.groupby("rest")["log"].transform("mean")
        means = cells.groupby("level")["log"].mean()
        tau = sum((b > a) - (b < a) for i, a in enumerate(means.tolist()) for b in means.tolist()[i + 1 :])
        ends = float(means.iloc[-1] - means.iloc[0])
        return int((ends > 0) - (ends < 0)) if ends * tau > 0 else 0

    def cold(self, rows: pd.DataFrame) -> "pd.Series[bool]":
        load = self.table[(self.table["metric"] == "load_ms") & self.table["aggregate"].isna()]
        load = load.drop_duplicates(["file", "record"]).set_index(["file", "record"])["value"]
        runs = self.raw[self.raw["model"].isin(rows["model"])].drop_duplicates(["file", "record"])
        loads = pd.Series(
            [load.get((f, r), 0.0) for f, r in zip(runs["file"], runs["record"], strict=True)], index=runs.index
        )
        known = runs["file"].isin({f for f, _ in load.index})
        usual = loads[known].quantile(0.5, interpolation="lower") if known.any() else 0.0
        slow = {
            (f, r) for f, r, ms in zip(runs["file"], runs["record"], loads, strict=True) if ms > 500 and ms > 5 * usual
        }
        return pd.Series([(f, r) in slow for f, r in zip(rows["file"], rows["record"], strict=True)], index=rows.index)

    def p_value(self, metric: str, one: str, two: str) -> float:
        """Welch's t-test of logarithms without any correction: what it does not find, no corrected test does."""
        if (metric, one, two) not in self._p:
            self._p[metric, one, two] = self._p_value(metric, one, two)
        return self._p[metric, one, two]

    def _p_value(self, metric: str, one: str, two: str) -> float:
        sides = []
        for model in (one, two):
            rows = self.rows(metric, model)
            sides.append(rows[~self.cold(rows)]["value"].map(log))
        return float(stats.ttest_ind(*sides, equal_var=False).pvalue) if min(map(len, sides)) > 2 else 1.0


def synthetic(root: Path, seed: int, models: dict[str, tuple[float, float]], *, telemetry: bool, repeats: int) -> Path:
    """A folder with a sweep of each model: CSV files of runs around a throughput and a TTFT that follow parameters."""
    random_ = random.Random(seed)
    for model, (rate, ttft) in models.items():
        path = root / "sweeps" / f"{model.replace(':', '_')}_runs.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            more = ["gpu_utilization_pct", "power_draw_w"] if telemetry else []
            writer.writerow(
                ["run", "model", "num_ctx", "temperature", "tokens_per_second", "ttft_ms", *more, "timestamp"]
            )
            run = 0
            for repeat in range(repeats):
                for ctx in (512, 1024, 4096):
                    for temperature in (0.2, 0.8):
                        run += 1
                        fast = rate * (1 - 0.04 * (ctx / 1024)) * random_.lognormvariate(0, 0.03)
                        first = (
                            ttft * (1 + 0.2 * ctx / 1024) * (1 + 0.3 * temperature) * random_.lognormvariate(0, 0.06)
                        )
                        beside = (
                            [f"{random_.uniform(70, 99):.1f}", f"{random_.uniform(80, 140):.1f}"] if telemetry else []
                        )
                        stamp = f"2026-0{1 + repeat % 9}-1{ctx % 7}T10:00:00"
                        writer.writerow([run, model, ctx, temperature, f"{fast:.3f}", f"{first:.2f}", *beside, stamp])
    (root / "README.md").write_text("Sweeps of several models.\n")
    return root


def worlds(scratch: Path) -> list[World]:
    found = [World("data/reports", ROOT / "data" / "reports")]
    if CORPUS.exists():
        found.append(World("a real folder of 101 files", CORPUS))
    four = {"alpha:7b": (42.0, 310.0), "beta:3b": (88.0, 150.0), "gamma:1b": (151.0, 95.0), "delta:13b": (23.5, 820.0)}
    close = {"alpha:7b": (42.0, 310.0), "alpha:7b-q4": (42.1, 309.0), "omega-mini": (61.0, 205.0)}
    found.append(World("4 models, telemetry", synthetic(scratch / "four", 1, four, telemetry=True, repeats=4)))
    found.append(World("3 models, two alike", synthetic(scratch / "close", 2, close, telemetry=False, repeats=3)))
    one = {"solo:2b": (75.0, 180.0)}
    found.append(World("1 model", synthetic(scratch / "one", 3, one, telemetry=False, repeats=3)))
    return found
