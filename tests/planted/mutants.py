"""Sentences with one thing in each made false."""

import random
from collections.abc import Iterator
from math import isnan
from typing import Any

import pandas as pd

from tests.planted.cases import UNITS, Case, Sentence
from tests.planted.phrasings import THROUGHPUT, TTFT, Phrasing, halves
from tests.planted.worlds import World

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
        yield (
            "wrong fact",
            changed(f=random_.choice([name for name in world.evidence_index.facts if name != case["f"]])),
        )
        yield "wrong fact", changed(f=f"F{len(world.evidence_index.facts) + random_.randrange(1, 40)}")
    if "m" in case:
        fake = random_.choice([name for name in FAKE_MODELS if name not in set(world.table["model"].dropna())])
        yield "invented model", changed(m=fake)
    if shape in ("parameter", "at"):
        levels = world.levels(case["m"], case["p"])
        yield (
            "invented parameter value",
            changed(x=random_.choice((max(levels) * 2, max(levels) + 1, max(levels) * 3 + 1))),
        )
    telemetry = world.evidence_index.telemetry
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
    return world.evidence_index.effect(case["metric"], case["m"], case["p"])[0] is not False


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
