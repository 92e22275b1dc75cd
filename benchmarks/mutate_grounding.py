"""How many planted falsehoods the grounding checker catches, and how many true sentences it takes for false.

    python -m benchmarks.mutate_grounding [--mutants 2000] [--seed 7] [--show CLASS]

True sentences are made from folders of results by phrasings written by hand (grounding_phrasings.py), one thing in each
is made false, and the checker must drop it. Whether a sentence is true is computed here from the raw tables with pandas
alone; a mutant that is true after all, or whose sentence was dropped before it was mutated, is left out and counted.
"""

import argparse
import csv
import json
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from math import isnan, log
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from scipy import stats

from benchmarks.grounding_phrasings import THROUGHPUT, TTFT, Phrasing, halves
from chimera_dagster.evidence.summary import summarise
from chimera_dagster.evidence.twins import twin_files
from chimera_dagster.ingest.folder import ingest_folder
from chimera_dagster.write.claims import Ground, check, ground_of

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"
UNITS = {THROUGHPUT: "tok/s", TTFT: "ms"}
AGGREGATES = {"median": "median", "maximum": "max", "minimum": "min", "p95": "p95", "95th-percentile": "p95"}
Case = dict[str, Any]


class World:
    """A folder as the checker sees it (`ground`) and as plain tables, from which truth is computed."""

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self._rows: dict[tuple[str, str], pd.DataFrame] = {}
        self._values: dict[tuple[str, str, str, str], float] = {}
        self._trends: dict[tuple[str, str, str], int] = {}
        self._p: dict[tuple[str, str, str], float] = {}
        read = ingest_folder(root)
        self.files, self.table = read.files, read.measurements
        self.ground: Ground = ground_of(read.files, read.measurements, summarise(read.measurements))
        raw = read.measurements
        raw = raw[raw["aggregate"].isna() & ~raw["error"] & raw["metric"].isin([THROUGHPUT, TTFT])]
        raw = raw[raw["unit"].notna() & ~raw["file"].isin(list(twin_files(read.measurements)))]
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


class Sentence(NamedTuple):
    world: World
    half: str
    phrasing: Phrasing
    case: Case


def better(metric: str, one: float, two: float) -> bool:
    return one > two if metric == THROUGHPUT else one < two


def order(world: World, metric: str) -> list[str]:
    means = {
        name: float(group.mean()) for name, group in world.raw[world.raw["metric"] == metric].groupby("model")["value"]
    }
    return sorted(means, key=lambda name: means[name], reverse=metric == THROUGHPUT)


# how a value is written ------------------------------------------------------------------------------------------

STYLES: dict[str, tuple[Callable[[float], str], ...]] = {
    "tok/s": (
        lambda v: f"{v:.1f} tok/s",
        lambda v: f"{v:.1f} tokens per second",
        lambda v: f"{v:.2f} tokens/s",
        lambda v: f"{v:.0f} tok/s",
        lambda v: f"{v:.1f} t/s",
    ),
    "ms": (
        lambda v: f"{v:.0f} ms",
        lambda v: f"{v:.1f} ms",
        lambda v: f"{v / 1000:.3f} s",
        lambda v: f"{v / 1000:.2f} seconds",
        lambda v: f"{v:,.0f} milliseconds",
    ),
}


def written(value: float, unit: str, style: int) -> str:
    return STYLES[unit][style % len(STYLES[unit])](value)


def half_unit(text: str) -> tuple[float, float]:
    """Value in ms or tok/s, and half a unit of its last place, of a written figure."""
    digits, _, unit = text.partition(" ")
    digits = digits.replace(",", "")
    places = len(digits.partition(".")[2])
    factor = 1000.0 if unit in ("s", "seconds") else 1.0
    return float(digits) * factor, 0.5 * 10.0**-places * factor


# true cases, by shape --------------------------------------------------------------------------------------------


def cases(world: World, shape: str, random_: random.Random) -> Iterator[Case]:  # noqa: PLR0912
    pairs = [(a, b) for a in world.models for b in world.models if a != b]
    metrics = (THROUGHPUT, TTFT)
    if shape in ("mean", "n"):
        for m in world.models:
            for q in metrics:
                yield {"m": m, "metric": q, "value": world.value(q, m), "n": len(world.rows(q, m))}
    elif shape == "aggregate":
        for m in world.models:
            for q in metrics:
                for words, name in AGGREGATES.items():
                    yield {"m": m, "metric": q, "a": words, "aggregate": name, "value": world.value(q, m, name)}
    elif shape == "at":
        for m, p in world.swept:
            for q in metrics:
                for x in world.levels(m, p):
                    yield {"m": m, "metric": q, "p": p, "x": x, "value": world.value(q, m, params={p: x})}
    elif shape == "two metrics":
        for m in world.models:
            yield {"m": m, "metric": THROUGHPUT, "value": world.value(THROUGHPUT, m), "ttft": world.value(TTFT, m)}
    elif shape == "two models":
        for m, m2 in pairs:
            for q in metrics:
                yield {"m": m, "m2": m2, "metric": q, "value": world.value(q, m), "value2": world.value(q, m2)}
    elif shape in ("cited", "cited two"):
        means = {(f.model, f.metric): f.id for f in world.ground.facts.values() if f.kind == "model_mean"}
        for (m, q), f in means.items():
            if shape == "cited":
                yield {"m": m, "metric": q, "f": f}
            else:
                yield from (
                    {"m": m, "m2": m2, "metric": q, "f": f, "f2": g}
                    for (m2, q2), g in means.items()
                    if q2 == q and m2 != m
                )
    elif shape in ("compare", "percent", "times", "significant"):
        for m, m2 in pairs:
            for q in metrics if shape in ("compare", "significant") else (THROUGHPUT,):
                one, two = world.value(q, m), world.value(q, m2)
                if better(q, one, two) and (shape != "significant" or world.p_value(q, m, m2) < 1e-6):
                    d = f"{100 * (one / two - 1):.0f}" if shape == "percent" else f"{one / two:.1f}"
                    if shape not in ("percent", "times") or one / two > 1.15:
                        yield {"m": m, "m2": m2, "metric": q, "d": d}
    elif shape in ("first", "last", "second"):
        for q in metrics:
            ranked = order(world, q)
            place = {"first": 0, "second": 1, "last": len(ranked) - 1}[shape]
            if len(ranked) > (2 if shape == "second" else 1):
                yield {"m": ranked[place], "metric": q, "e": "highest" if q == THROUGHPUT else "lowest"}
    elif shape in ("grows", "falls"):
        for m, p in world.swept:
            for q in metrics:
                if world.trend(q, m, p) == (1 if shape == "grows" else -1):
                    yield {"m": m, "p": p, "metric": q}
    elif shape == "count":
        yield {"c": len(world.files)}
    elif shape == "csv":
        yield {"c": int((world.files["kind"] == "csv").sum())}
    elif shape == "file":
        yield from ({"path": path} for path in random_.sample(list(world.files["path"]), min(6, len(world.files))))
    elif shape == "date":
        yield {"day": f"{world.files['mtime'].max():%Y-%m-%d}"}
    elif shape == "parameter":
        yield from ({"m": m, "p": p, "x": x} for m, p in world.swept for x in world.levels(m, p))
    elif shape == "lack":
        yield {"false": bool(world.ground.telemetry & {"gpu_util", "power"})}


def says(sentence: Sentence) -> str:
    case, phrasing = sentence.case, sentence.phrasing
    style = case.get("style", 0)
    metric = case.get("metric", THROUGHPUT)
    unit = case.get("unit", UNITS[metric])
    slots: dict[str, Any] = {
        name: case[name] for name in ("m", "m2", "a", "p", "n", "c", "path", "day", "d", "e") if name in case
    }
    slots["q"] = phrasing.words.get(metric, "")
    sign = case.get("sign", "")
    if "value" in case:
        slots["v"] = sign + written(case["value"], UNITS[metric], style)
        if unit != UNITS[metric]:
            slots["v"] = f"{slots['v'].split(' ')[0]} {unit}"
    if "value2" in case:
        slots["v2"] = written(case["value2"], UNITS[metric], style)
    if "ttft" in case:
        slots["w"] = written(case["ttft"], "ms", style)
    if "x" in case:
        slots["x"] = f"{case['x']:g}"
    for name in ("f", "f2"):
        if name in case:
            slots[name] = f"{{{case[name]}}}"
    if case.get("sign") and "d" in case:
        slots["d"] = f"{case['sign']}{case['d']}"
    return phrasing.text.format(**slots) + case.get("more", "")


def sentences(world: World, half: str, phrasing: Phrasing, random_: random.Random, most: int) -> list[Sentence]:
    found = [case for case in cases(world, phrasing.shape, random_) if _speaks(phrasing, case)]
    chosen = random_.sample(found, min(most, len(found)))
    return [Sentence(world, half, phrasing, {**case, "style": random_.randrange(5)}) for case in chosen]


def _speaks(phrasing: Phrasing, case: Case) -> bool:
    return phrasing.only is None or case.get("metric") in (None, phrasing.only)


# truth, from the raw tables --------------------------------------------------------------------------------------


def is_true(sentence: Sentence) -> bool:  # noqa: PLR0911, PLR0912
    """Whether every thing that the case states holds, as the sentence writes it; computed without the checker."""
    world, case, shape = sentence.world, sentence.case, sentence.phrasing.shape
    if case.get("false"):
        return False
    metric = case.get("metric", THROUGHPUT)
    if case.get("unit", UNITS[metric]) != UNITS[metric] or case.get("sign"):
        return False
    known = set(world.raw["model"].dropna())
    if any(case[name] not in known for name in ("m", "m2") if name in case):
        return False
    if shape == "aggregate":
        return _right(world, case, case["value"], metric, case["m"], case["aggregate"])
    if shape in ("mean", "n"):
        return _right(world, case, case["value"], metric, case["m"]) and (
            shape == "mean" or case["n"] == len(world.rows(metric, case["m"]))
        )
    if shape == "at":
        return _right(world, case, case["value"], metric, case["m"], params={case["p"]: case["x"]})
    if shape == "two metrics":
        return _right(world, case, case["value"], THROUGHPUT, case["m"]) and _right(
            world, case, case["ttft"], TTFT, case["m"]
        )
    if shape == "two models":
        return _right(world, case, case["value"], metric, case["m"]) and _right(
            world, case, case["value2"], metric, case["m2"]
        )
    if shape in ("cited", "cited two"):
        pairs = [(case["f"], case["m"])] + ([(case["f2"], case["m2"])] if shape == "cited two" else [])
        return all(_cites(world, metric, model, fact) for fact, model in pairs)
    if shape in ("compare", "percent", "times", "significant"):
        one, two = world.value(metric, case["m"]), world.value(metric, case["m2"])
        if not better(metric, one, two):
            return False
        if shape == "percent":
            return abs(100 * (one / two - 1) - float(case["d"])) <= 0.5
        if shape == "times":
            return abs(one / two - float(case["d"])) <= 0.05
        return shape == "compare" or world.p_value(metric, case["m"], case["m2"]) < 0.05
    if shape in ("first", "last", "second"):
        ranked = order(world, metric)
        often = [name for name in ranked if len(world.rows(metric, name)) >= 3]
        place = {"first": 0, "second": 1, "last": -1}[shape]
        return any(len(pool) > 1 and case["m"] == pool[place] for pool in (ranked, often))
    if shape in ("grows", "falls"):
        return world.trend(metric, case["m"], case["p"]) == (1 if shape == "grows" else -1)
    if shape == "count":
        return case["c"] == len(world.files)
    if shape == "csv":
        return case["c"] == int((world.files["kind"] == "csv").sum())
    if shape == "file":
        return case["path"] in set(world.files["path"])
    if shape == "date":
        return case["day"] == f"{world.files['mtime'].max():%Y-%m-%d}"
    if shape == "parameter":
        return case["x"] in world.levels(case["m"], case["p"])
    return True


def _right(
    world: World,
    case: Case,
    value: float,
    metric: str,
    model: str,
    aggregate: str = "mean",
    params: dict[str, float] | None = None,
) -> bool:
    said, half = half_unit(written(value, UNITS[metric], case["style"]))
    readings = [world.value(metric, model, aggregate, params)]
    if params:
        exact = world.rows(metric, model, params, exact=True)["value"]
        readings += [float(exact.mean())] if len(exact) else []
    slack = max(half, 0.02 * said) if "about" in case.get("text", "") else half
    return any(abs(each - said) <= slack * (1 + 1e-9) for each in readings)


def _cites(world: World, metric: str, model: str, fact: str) -> bool:
    """Whether the fact's value is the mean that the sentence says; its words must be of a mean over all runs, too."""
    row = world.ground.facts.get(fact)
    if row is None:
        return False
    true = world.value(metric, model)
    return row.unit == UNITS[metric] and abs(row.value - true) <= 1e-9 * abs(true) and "single run" not in row.text


# mutations -------------------------------------------------------------------------------------------------------

FAKE_MODELS = (
    "qwen3:4b",
    "mistral:7b",
    "phi4:14b",
    "llama3.2:3b",
    "gemma2:9b",
    "gpt-4o",
    "Qwen2.5 7B",
    "deepseek-r1:8b",
)
FAKE_FILES = (
    "results_final.csv",
    "runs/nightly_2024.json",
    "gpu_trace.csv",
    "bench_all_models.md",
    "scaling/top_k_sweep_v2.csv",
)
FAKE_TELEMETRY = (
    " GPU utilisation averaged {x} %.",
    " Power draw stayed at {x} W.",
    " The GPU temperature reached {x} °C.",
    " It used {x} % of the GPU memory.",
    " GPU utilisation was high throughout.",
    " Energy consumption was measured as well.",
    " VRAM usage peaked at {x} GB.",
)
MORE_SIGNIFICANT = (" The difference is statistically significant.", " This is a significant improvement.")


def mutants(sentence: Sentence, random_: random.Random) -> Iterator[tuple[str, Sentence]]:  # noqa: PLR0912, PLR0915
    """One mutant of every class that the sentence has room for."""
    world, case, shape = sentence.world, sentence.case, sentence.phrasing.shape
    metric = case.get("metric", THROUGHPUT)

    def changed(**changes: Any) -> Sentence:
        return sentence._replace(case={**case, **changes})

    if "value" in case:
        factor = random_.choice((0.5, 0.7, 0.85, 0.9, 1.1, 1.15, 1.4, 2.0, 10.0))
        yield "wrong value", changed(value=case["value"] * factor)
        yield "true of something else", changed(value=random_.choice(_elsewhere(world, case, metric)))
        other = {"tok/s": ("ms", "s", "%"), "ms": ("tok/s", "MB", "minutes")}[UNITS[metric]]
        yield "wrong unit", changed(unit=random_.choice(other))
        yield "wrong sign", changed(sign="-")
    if "ttft" in case:
        yield (
            "true of something else",
            changed(ttft=world.value(TTFT, case["m"], random_.choice(("median", "p95", "min")))),
        )
    if "value2" in case:
        yield "swapped models", changed(m=case["m2"], m2=case["m"])
    # a difference between two models is the same one the other way round
    if shape in ("compare", "percent", "times", "cited two", "significant") and "between" not in sentence.phrasing.text:
        yield "swapped models", changed(m=case["m2"], m2=case["m"])
    if shape in ("percent", "times"):
        yield (
            "wrong value",
            changed(d=f"{float(case['d']) * random_.choice((0.5, 0.8, 1.3, 2.0)):.{1 if shape == 'times' else 0}f}"),
        )
        yield "wrong sign", changed(sign="-")
    others = [name for name in world.models if name != case.get("m")]
    if shape in ("first", "last") and others:
        yield "false superlative", changed(m=random_.choice(others))
    if shape == "second" and others:
        yield "wrong rank", changed(m=random_.choice(others))
    if shape == "first" and len(world.models) > 2:
        later = [
            each
            for each in _alike(sentence, "second")
            if each.words.keys() == sentence.phrasing.words.keys() or not each.words
        ]
        if later:
            phrasing = random_.choice(later)
            yield "wrong rank", sentence._replace(phrasing=phrasing, case={**case, "metric": phrasing.only or metric})
    if shape in ("grows", "falls"):
        opposite = list(_alike(sentence, "falls" if shape == "grows" else "grows"))
        yield "wrong direction", sentence._replace(phrasing=random_.choice(opposite))
    if "n" in case and shape == "n":
        yield "wrong n", changed(n=max(1, case["n"] + random_.choice((-2, -1, 1, 5, 30))))
    if "c" in case:
        yield "wrong n", changed(c=max(1, case["c"] + random_.choice((-3, -1, 1, 2, 20))))
    if shape == "file":
        yield "invented file", changed(path=random_.choice((*FAKE_FILES, _misspelt(case["path"], random_))))
    if "path" not in case and shape in ("mean", "two models", "compare"):
        yield "invented file", changed(more=f" The runs are in {random_.choice(FAKE_FILES)}.", false=True)
    if shape == "date":
        day = pd.Timestamp(case["day"]) + pd.Timedelta(days=random_.choice((-365, -40, -3, -1, 1, 9, 200)))
        yield "shifted date", changed(day=f"{day:%Y-%m-%d}")
        yield "shifted date", changed(day=f"{day:%d %B %Y}".lstrip("0"))
    if "f" in case:
        yield "wrong fact", changed(f=random_.choice([name for name in world.ground.facts if name != case["f"]]))
        yield "wrong fact", changed(f=f"F{len(world.ground.facts) + random_.randrange(1, 40)}")
    if "m" in case:
        fake = random_.choice([name for name in FAKE_MODELS if name not in set(world.table["model"].dropna())])
        yield "invented model", changed(m=fake)
    if shape in ("parameter", "at"):
        levels = world.levels(case["m"], case["p"])
        yield (
            "invented parameter value",
            changed(x=random_.choice((max(levels) * 2, max(levels) + 1, max(levels) * 3 + 1))),
        )
    telemetry = world.ground.telemetry
    if not telemetry & {"gpu_util", "power"} and shape in ("mean", "compare", "cited", "two metrics", "n"):
        more = random_.choice(FAKE_TELEMETRY).format(x=random_.randrange(35, 99))
        yield "invented telemetry", changed(more=more, false=True)
    if shape == "compare" and world.p_value(metric, case["m"], case["m2"]) > 0.05:
        yield "significant without a test", changed(more=random_.choice(MORE_SIGNIFICANT), false=True)
    if shape in ("mean", "grows", "falls"):
        if shape != "mean" and _tested(world, case):
            return
        yield "significant without a test", changed(more=random_.choice(MORE_SIGNIFICANT), false=True)


def _tested(world: World, case: Case) -> bool:
    return world.ground.effect(case["metric"], case["m"], case["p"])[0] is not False


def _alike(sentence: Sentence, shape: str) -> list[Phrasing]:
    """Phrasings of another shape, of the same half."""
    return [each for each in halves()[sentence.half] if each.shape == shape]


def _elsewhere(world: World, case: Case, metric: str) -> list[float]:
    """Values that are true of another aggregate, model, metric or parameter value."""
    found = [world.value(metric, case["m"], name) for name in ("mean", "median", "p95", "max", "min")]
    found += [world.value(metric, name, case.get("aggregate", "mean")) for name in world.models if name != case["m"]]
    found.append(world.value(TTFT if metric == THROUGHPUT else THROUGHPUT, case["m"]))
    return [value for value in found if not isnan(value)]


def _misspelt(path: str, random_: random.Random) -> str:
    stem, _, ending = path.rpartition(".")
    return f"{stem}{random_.choice(('_v2', '_final', '2', '_old'))}.{ending}"


# folders ---------------------------------------------------------------------------------------------------------


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


# the run ---------------------------------------------------------------------------------------------------------


class Tally(NamedTuple):
    """`caught` and `planted` by half and class, `alarms` and `true` by half and shape; what was left out, and why."""

    caught: Counter[tuple[str, str]]
    planted: Counter[tuple[str, str]]
    alarms: Counter[tuple[str, str]]
    true: Counter[tuple[str, str]]
    left_out: Counter[str]
    missed: dict[str, list[tuple[str, str]]]

    def share(self, half: str | None = None, kind: str | None = None) -> float:
        """Share of mutants caught, of a half and a class or of all."""
        chosen = [key for key in self.planted if half in (None, key[0]) and kind in (None, key[1])]
        return sum(self.caught[key] for key in chosen) / max(1, sum(self.planted[key] for key in chosen))

    def alarm_share(self, half: str | None = None) -> float:
        chosen = [key for key in self.true if half in (None, key[0])]
        return sum(self.alarms[key] for key in chosen) / max(1, sum(self.true[key] for key in chosen))


def run(found: list[World], seed: int, most: int) -> Tally:
    """`most` true sentences of each phrasing and folder, and one mutant of every class that each has room for."""
    random_ = random.Random(seed)
    tally = Tally(Counter(), Counter(), Counter(), Counter(), Counter(), defaultdict(list))
    for half, phrasings in halves().items():
        for phrasing in phrasings:
            for world in found:
                for sentence in sentences(world, half, phrasing, random_, most):
                    sentence.case["text"] = phrasing.text
                    _one(sentence, half, random_, tally)
    return tally


def _one(sentence: Sentence, half: str, random_: random.Random, tally: Tally) -> None:
    world, key = sentence.world, (half, sentence.phrasing.shape)
    text = says(sentence)
    if sentence.phrasing.shape == "lack" and not is_true(sentence):
        [checked] = check([text], world.ground, world.models)
        tally.planted[half, "denied telemetry"] += 1
        tally.caught[half, "denied telemetry"] += not checked.kept
        return
    if not is_true(sentence):
        tally.left_out["generated sentence not true as written"] += 1
        return
    tally.true[key] += 1
    [base] = check([text], world.ground, world.models)
    if not base.kept:
        tally.alarms[key] += 1
        tally.missed[f"alarm, {half}"].append((text, base.reason))
    for kind, mutant in mutants(sentence, random_):
        if not base.kept:
            tally.left_out["its sentence was dropped before"] += 1
        elif is_true(mutant):
            tally.left_out["true after all"] += 1
        else:
            mutated = says(mutant)
            [checked] = check([mutated], world.ground, world.models)
            tally.planted[half, kind] += 1
            tally.caught[half, kind] += not checked.kept
            if checked.kept:
                tally.missed[f"{kind}, {half}"].append((mutated, f"{world.name}; was: {text}"))


def table(tally: Tally) -> str:
    """Both tables as Markdown."""
    lines = [
        "| planted | developed on | caught | share | held out | caught | share |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for kind in sorted({kind for _, kind in tally.planted}):
        cells = [
            f"{tally.planted[half, kind]} | {tally.caught[half, kind]} | {tally.share(half, kind):.1%}"
            for half in halves()
        ]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    totals = []
    for half in halves():
        planted = sum(count for (of, _), count in tally.planted.items() if of == half)
        caught = sum(count for (of, _), count in tally.caught.items() if of == half)
        totals.append(f"{planted} | {caught} | {tally.share(half):.1%}")
    lines += [f"| **all** | {' | '.join(totals)} |", ""]
    lines += ["| true sentences | developed on | dropped | held out | dropped |", "|---|---:|---:|---:|---:|"]
    for shape in sorted({shape for _, shape in tally.true}):
        cells = [f"{tally.true[half, shape]} | {tally.alarms[half, shape]}" for half in halves()]
        lines.append(f"| {shape} | {' | '.join(cells)} |")
    sums = [
        f"{sum(n for (of, _), n in tally.true.items() if of == half)} | {tally.alarm_share(half):.1%}"
        for half in halves()
    ]
    lines += [f"| **all** | {' | '.join(sums)} |", ""]
    lines += [f"Left out: {', '.join(f'{words}: {count}' for words, count in sorted(tally.left_out.items()))}."]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--most", type=int, default=6, help="true sentences of each phrasing and folder")
    parser.add_argument("--show", default="", help="print what was missed under headings that hold this text")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        found = worlds(Path(scratch))
        start = time.perf_counter()
        tally = run(found, options.seed, options.most)
        seconds = time.perf_counter() - start
    if options.show:
        for heading, missed in sorted(tally.missed.items()):
            if options.show in heading:
                print(f"## {heading}")
                for text, why in missed[:12]:
                    print(f"- {text}\n    {why}")
    print(table(tally))
    checks = sum(tally.planted.values()) + sum(tally.true.values())
    print(f"{len(found)} folders, {sum(map(len, halves().values()))} phrasings, {checks} checks in {seconds:.1f} s")


if __name__ == "__main__":
    main()
