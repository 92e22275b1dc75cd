"""True sentences: what can be said of a folder, how it is written, and whether it is true."""

import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.planted.phrasings import THROUGHPUT, TTFT, Phrasing
from tests.planted.worlds import World

UNITS = {THROUGHPUT: "tok/s", TTFT: "ms"}
AGGREGATES = {"median": "median", "maximum": "max", "minimum": "min", "p95": "p95", "95th-percentile": "p95"}
Case = dict[str, Any]


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
        means = {(f.model, f.metric): f.id for f in world.evidence_index.facts.values() if f.kind == "model_mean"}
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
        yield {"false": bool(world.evidence_index.telemetry & {"gpu_util", "power"})}


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
    row = world.evidence_index.facts.get(fact)
    if row is None:
        return False
    true = world.value(metric, model)
    return row.unit == UNITS[metric] and abs(row.value - true) <= 1e-9 * abs(true) and "single run" not in row.text
