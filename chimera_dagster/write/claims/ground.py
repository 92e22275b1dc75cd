"""What claims are executed on: the evidence of one folder, indexed once."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from chimera_dagster.evidence.cold_runs import is_cold
from chimera_dagster.evidence.comparisons import LEVEL, holm, log_moments, welch_pairs
from chimera_dagster.evidence.figures import format_value, render_statement
from chimera_dagster.evidence.groundwork import TIMED
from chimera_dagster.evidence.measures import MEASURES
from chimera_dagster.evidence.runs import failed_runs, raw_runs
from chimera_dagster.evidence.statistics import describe
from chimera_dagster.evidence.twins import twin_files
from chimera_dagster.metric_names import FAILED, LOAD, TTFT
from chimera_dagster.write.claims.lexicon import lexicon

Params = Mapping[str, float]
_LEAST_RUNS = 3
_HEADLINE = {
    "throughput_tok_s": "decode_tok_s",
    "ttft_ms": "ttft_ms",
    "tokens_generated": "output_tokens",
    "prompt_eval_ms": "prompt_eval_ms",
    "eval_ms": "eval_ms",
    "load_ms": "load_ms",
    "total_duration_ms": "e2e_ms",
}
_OWN_TELEMETRY = {
    "gpu_util": "gpu_util_mean_pct",
    "gpu_memory": "gpu_memory_peak_mib",
    "power": "power_mean_w",
    "energy": "energy_j",
    "temperature": "temperature_max_c",
    "clock": "sm_clock_mean_mhz",
    "cpu": "host_cpu_mean_pct",
    "memory": "host_memory_peak_mib",
}
_STAMP = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}:\d{2})?")


class TypedFact(NamedTuple):
    """A fact as a typed claim; see schemas.Facts."""

    id: str
    kind: str
    text: str
    value: float
    values: Mapping[str, float]
    unit: str
    n: int
    model: str | None
    metric: str | None
    aggregate: str
    params: Params | None
    runs: str
    statement: str

    @property
    def rendered(self) -> str:
        return format_value(self.value, self.unit)


class Test(NamedTuple):
    """A finding that rests on a test of significance."""

    id: str
    detector: str
    subject: str
    metric: str | None
    p_value: float
    text: str


class Statistic(NamedTuple):
    """A row of `describe` in `unit`; `sum` is the total. `files` are those of the runs, at most three."""

    values: Mapping[str, float]
    unit: str
    n: int
    files: tuple[str, ...]


class Stated(NamedTuple):
    """One number of one record, as a file states it."""

    file: str
    record: str
    value: float
    aggregate: str | None


class File(NamedTuple):
    path: str
    kind: str
    status: str
    modified: datetime


class Ground:
    """The evidence of a folder: names, dates, statistics of its runs, tests and telemetry.

    `files`, `measurements`, `facts` and `findings` are the tables of that name. `metrics` is a trial's metrics.json,
    whose figures are then those of "this trial". `today` is the day of the report.
    """

    def __init__(
        self,
        files: pd.DataFrame,
        measurements: pd.DataFrame,
        facts: pd.DataFrame,
        findings: pd.DataFrame,
        *,
        metrics: Mapping[str, Any] | None = None,
        today: date | None = None,
        twins: Mapping[str, str] | None = None,
    ) -> None:
        self.files = [File(*row) for row in files[["path", "kind", "status", "mtime"]].itertuples(index=False)]
        self.today = today or datetime.now(UTC).date()
        twins = twin_files(measurements) if twins is None else twins
        self._table = measurements
        runs = raw_runs(measurements, twins)
        self._runs = runs[runs["metric"] != FAILED].reset_index(drop=True)
        self._failed = failed_runs(measurements, twins)
        self.facts = {fact.id: fact for fact in _facts(facts)}
        self.findings = frozenset(findings["id"])
        self.tests = list(_tests(findings))
        self.own, self.own_telemetry, self.own_model = _own(metrics)
        self._cache: dict[object, Statistic | None] = {}
        self._prepare()

    def _prepare(self) -> None:
        runs = self._runs
        self._value = runs["value"].to_numpy("float64")
        self._model, models = _codes(runs["model"])
        self._params, params = _codes(runs["params"])
        metric, metrics = _codes(runs["metric"])
        unit, units = _codes(runs["unit"])
        self._file, self._file_names = _codes(runs["file"])
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

    def _starts(self) -> tuple["np.ndarray", "np.ndarray"]:
        """Of each row, whether its run loaded the model first, and whether its file gives load times."""
        runs = self._runs
        keys = ["file", "record"]
        load = runs.loc[(runs["metric"] == LOAD).to_numpy(), [*keys, "value"]].drop_duplicates(keys)
        if load.empty:
            return np.zeros(len(runs), dtype=bool), np.zeros(len(runs), dtype=bool)
        timed = runs.loc[runs["metric"].isin((TTFT, LOAD)).to_numpy() & runs["model"].notna().to_numpy()]
        records = timed[[*keys, "model"]].drop_duplicates(keys).astype("str")
        records = records.merge(
            load.rename(columns={"value": LOAD}).astype({"file": "str", "record": "str"}), how="left"
        )
        cold = records.loc[is_cold(records), keys]
        names = pd.MultiIndex.from_frame(runs[keys].astype("str"))
        return names.isin(pd.MultiIndex.from_frame(cold)), runs["file"].isin(load["file"].unique()).to_numpy()

    @cached_property
    def models(self) -> tuple[str, ...]:
        """Every model tag of the measurements, those with runs first."""
        named = [str(name) for name in self._table["model"].dropna().unique()]
        known = {name.casefold(): name for name in sorted(named) if name in self._model_code}
        for name in sorted(named):
            known.setdefault(name.casefold(), name)
        return tuple(known.values())

    @cached_property
    def run_models(self) -> tuple[str, ...]:
        return tuple(name for name in self.models if name in self._model_code)

    @cached_property
    def params(self) -> dict[str, set[float]]:
        """Every value of each parameter, of any model."""
        found: dict[str, set[float]] = {}
        for text in self._table["params"].dropna().unique():
            for name, value in json.loads(str(text)).items():
                found.setdefault(name, set()).add(float(value))
        return found

    def params_of(self, model: str | None, name: str) -> list[float]:
        """Values of a parameter that runs of the model have, sorted; of any model for None."""
        rows = self._model == self._model_code[model] if model in self._model_code else slice(None)
        sets = np.unique(self._params[rows])
        return sorted({float(self._sets[code][name]) for code in sets if name in self._sets[code]})

    def sets_of(self, model: str, metric: str) -> list[dict[str, float]]:
        """Parameter sets of the model with runs of the metric."""
        rows = self._select(metric, model, {}, "all")
        return [self._sets[code] for code in np.unique(self._params[rows])]

    @cached_property
    def metrics(self) -> frozenset[str]:
        """Every metric that any row of the folder has, aggregates included."""
        return frozenset(str(name) for name in self._table["metric"].unique())

    @cached_property
    def telemetry(self) -> frozenset[str]:
        """Which kinds of telemetry (lexicon.yaml) any file measured, or this trial."""
        found = {
            name
            for name, entry in lexicon().telemetry.items()
            if self.metrics & {*entry.metrics, *({"temperature"} if name == "temperature" else ())}
        } | self.own_telemetry
        return frozenset(found | ({"any"} if found & {"gpu_util", "gpu_memory", "power", "energy", "clock"} else set()))

    def telemetry_files(self, name: str) -> list[str]:
        wanted = {*lexicon().telemetry[name].metrics, *({"temperature"} if name == "temperature" else ())}
        if name == "any":
            wanted = {metric for entry in lexicon().telemetry.values() for metric in entry.metrics}
        files = self._table.loc[self._table["metric"].isin(wanted).to_numpy(), "file"]
        return sorted(str(file) for file in files.unique())

    def is_beside_runs(self, name: str) -> bool:
        """Whether a file that has this kind of telemetry also has runs of a model, or it is this trial's own."""
        rows = self._runs[self._model >= 0]
        timed = rows.loc[rows["metric"].isin(list(TIMED)).to_numpy(), "file"]
        return name in self.own_telemetry or not set(self.telemetry_files(name)).isdisjoint(timed.unique())

    @cached_property
    def modified(self) -> list[datetime]:
        return sorted(file.modified for file in self.files)

    @cached_property
    def measured(self) -> list[str]:
        """ISO dates and times at which files say that something was measured, sorted."""
        return sorted({found[0].replace("T", " ") for stamp in self._stamps if (found := _STAMP.match(_iso(stamp)))})

    @property
    def _stamps(self) -> list[str]:
        if "timestamp" not in self._table:
            return []
        return [str(stamp) for stamp in self._table["timestamp"].dropna().unique()]

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

    def count(self, metric: str, model: str | None) -> int:
        return len(self._select(metric, model, {}, "all"))

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

    def stated(self, metric: str, low: float, high: float, model: str | None = None) -> list[Stated]:
        """Numbers of a metric between two values, as files state them, aggregates included; at most three."""
        table = self._table
        rows = (table["metric"] == metric).to_numpy() & table["value"].between(low, high).to_numpy()
        if model is not None:
            rows = rows & (table["model"].astype("str").str.casefold() == model.casefold()).to_numpy()
        found = table.loc[rows, ["file", "record", "value", "aggregate"]].head(3)
        return [
            Stated(str(file), str(record), float(value), None if pd.isna(aggregate) else str(aggregate))
            for file, record, value, aggregate in found.itertuples(index=False)
        ]

    def success_of(self, file: str) -> tuple[int, int]:
        """Runs of a file that did not fail, and all of them."""
        failed = int((self._failed["file"] == file).sum())
        of_file = self._runs[
            (self._runs["file"] == file).to_numpy() & self._runs["metric"].isin(list(TIMED)).to_numpy()
        ]
        good = of_file["record"].nunique()
        return good, good + failed

    def records(self, model: str | None = None) -> int:
        """Runs that did not fail: records with a time or a rate."""
        of = self._runs["metric"].isin(list(TIMED)).to_numpy()
        if model is not None:
            of = of & (self._model == self._model_code.get(model, -2))
        return len(self._runs.loc[of, ["file", "record"]].drop_duplicates())

    def failures(self, model: str | None = None) -> int:
        return len(self._failed if model is None else self._failed[(self._failed["model"] == model).to_numpy()])

    @property
    def measurements(self) -> int:
        return len(self._table)

    def differ(self, metric: str, one: str, other: str) -> tuple[bool | None, str]:
        """Whether a test says that two models differ in a metric, and its finding; None where there is no test.

        The test is that of the finding `rank_models`, whose text lists only some of the pairs.
        """
        finding = next((test.id for test in self.tests if test.detector == "rank_models" and test.metric == metric), "")
        p_value = self._model_tests.get((metric, *sorted((one, other)))) if finding else None
        return (None if p_value is None else p_value < LEVEL), finding

    @cached_property
    def _model_tests(self) -> dict[tuple[str, ...], float]:
        """Corrected p-values of the pairs of models with three warm runs or more, by metric and models."""
        keys: list[tuple[str, ...]] = []
        found: list[np.ndarray] = []
        for measure in MEASURES:
            rows = self._rows.get(measure.metric, np.array([], dtype="int64"))
            rows = rows[~self._cold[rows] & (self._value[rows] > 0) & (self._model[rows] >= 0)]
            often = np.flatnonzero(np.bincount(self._model[rows]) >= _LEAST_RUNS) if len(rows) else []
            rows = rows[np.isin(self._model[rows], often)]
            if len(often) < 2:
                continue
            codes = np.searchsorted(often, self._model[rows])
            pairs = welch_pairs(log_moments(self._value[rows], codes, len(often)))
            names = [name for name, code in self._model_code.items() if code in often]
            keys += [
                (measure.metric, *sorted((names[a], names[b]))) for a, b in zip(pairs.first, pairs.second, strict=True)
            ]
            found.append(pairs.p)
        return dict(zip(keys, holm(np.concatenate(found)).tolist(), strict=True)) if found else {}

    def effect(self, metric: str, model: str, name: str) -> tuple[bool | None, str]:
        """Whether a test says that a parameter changes a metric of a model; None where there is no test."""
        for test in self.tests:
            if test.detector == "parameter_effects" and test.metric == metric and test.subject == f"{name} of {model}":
                return test.p_value < LEVEL, test.id
        return None, ""

    @cached_property
    def stems(self) -> dict[str, str]:
        """Last part of a path, with and without its ending, in lower case -> path."""
        found: dict[str, str] = {}
        for file in self.files:
            path = PurePosixPath(file.path)
            for name in (path.name, path.stem):
                found.setdefault(name.lower(), file.path)
        return found


def _codes(column: "pd.Series[Any]") -> tuple["np.ndarray", list[str]]:
    codes, names = pd.factorize(column)
    return codes, [str(name) for name in names]


def _iso(stamp: str) -> str:
    """A timestamp as written, a number of seconds since 1970 as a date."""
    if re.fullmatch(r"\d{9,10}(?:\.\d+)?", stamp):
        return datetime.fromtimestamp(float(stamp), UTC).isoformat()
    return stamp


def _facts(table: pd.DataFrame) -> Iterable[TypedFact]:
    for row in table.to_dict("records"):
        values = json.loads(row["values"])
        yield TypedFact(
            row["id"],
            row["kind"],
            row["text"],
            float(row["value"]),
            values,
            row["unit"],
            int(row["n"]),
            _text(row["model"]),
            _text(row["metric"]),
            row["aggregate"],
            None if pd.isna(row["params"]) else json.loads(row["params"]),
            row["runs"],
            render_statement(row["template"], values, row["unit"]),
        )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _tests(table: pd.DataFrame) -> Iterable[Test]:
    for row in table[table["p_value"].notna()].to_dict("records"):
        said = f"{row['subject']} {row['text']}"
        metric = next((measure.metric for measure in MEASURES if measure.words in said), None)
        yield Test(row["id"], row["detector"], row["subject"], metric, float(row["p_value"]), row["text"])


def _own(metrics: Mapping[str, Any] | None) -> tuple[dict[str, float], frozenset[str], str | None]:
    """A trial's figures by canonical metric, its kinds of telemetry, and its model."""
    if metrics is None:
        return {}, frozenset(), None
    head, telemetry = metrics["headline"], metrics["telemetry"]
    own = {name: float(head[field]) for field, name in _HEADLINE.items() if head.get(field) is not None}
    seen = {name for name, field in _OWN_TELEMETRY.items() if telemetry.get(field) is not None}
    fields = {"gpu_util_pct": "gpu_util_mean_pct", "power_w": "power_mean_w", "energy_j": "energy_j"}
    own |= {name: float(telemetry[field]) for name, field in fields.items() if telemetry.get(field) is not None}
    return own, frozenset(seen), str(metrics["model"])


def ground_of(
    files: pd.DataFrame,
    measurements: pd.DataFrame,
    statistics: pd.DataFrame,
    *,
    metrics: Mapping[str, Any] | None = None,
    today: date | None = None,
    twins: Mapping[str, str] | None = None,
) -> Ground:
    """The ground of tables whose facts and findings are not at hand: they are made first."""
    from chimera_dagster.evidence.facts import find_facts
    from chimera_dagster.evidence.findings import find_findings

    twins = twin_files(measurements) if twins is None else twins
    facts = find_facts(files, statistics, measurements, twins=twins)
    return Ground(
        files, measurements, facts, find_findings(files, measurements, twins), metrics=metrics, today=today, twins=twins
    )
