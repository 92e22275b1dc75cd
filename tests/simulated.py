"""Sweeps whose truth is known: trials with planted effects, and scatter of a given size."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from chimera_dagster.compare.observed import Observed, Setting
from chimera_dagster.spec.trial import ParamSet, model_slug

SETTING = Setting(
    host="bench",
    cpu="a processor",
    gpus="an accelerator",
    driver="1",
    engine="ollama",
    engine_version="0.32.0",
    model_digest="d",
    effective_num_ctx="2048",
    prompts="p",
    data="x",
    packages={"pandas": "3"},
    variables={},
)


class Cell(NamedTuple):
    """One configuration of a simulated sweep."""

    model: str
    num_ctx: int
    temperature: float


Truth = Callable[[Cell], float]  # a configuration's true throughput in tok/s, to be multiplied by scatter


def simulated_sweep(
    truth: Truth,
    rng: np.random.Generator,
    *,
    models: Sequence[str] = ("a:1b", "b:1b"),
    num_ctx: Sequence[int] = (2048, 4096, 8192),
    temperature: Sequence[float] = (0.2, 0.6, 1.0),
    repeats: int = 3,
    noise: float | Mapping[str, float] = 0.02,
    drift: float = 0.0,
    spoiled: int = 0,
) -> list[Observed]:
    """Every combination, `repeats` values each: log-normal scatter of `noise`, and of `drift` for a trial as a whole.

    TTFT is 1e4 / throughput with scatter of its own; the quality score varies between trials at random. `noise` may be
    each model's own. The first `spoiled` trials run at half their rate, and are not valid.
    """
    found: list[Observed] = []
    for number, cell in enumerate(map(Cell._make, itertools.product(models, num_ctx, temperature))):
        of_cell = noise if isinstance(noise, int | float) else noise[cell.model]
        level = truth(cell) * np.exp(rng.normal(0, drift)) if drift else truth(cell)
        level *= 0.5 if number < spoiled else 1.0
        rates = level * np.exp(rng.normal(0, of_cell, repeats))
        waits = 1e4 / level * np.exp(rng.normal(0, of_cell, repeats))
        found.append(
            Observed(
                model=cell.model,
                params=ParamSet(num_ctx=cell.num_ctx, temperature=cell.temperature),
                state="measured",
                repeats=repeats,
                values={
                    "throughput_tok_s": rates.tolist(),
                    "ttft_ms": waits.tolist(),
                    "quality": [float(rng.uniform(0.4, 0.6))],
                },
                spoiled_by={"throttled": "too hot"} if number < spoiled else {},
            )
        )
    return found


def in_full(trials: Sequence[Observed], rng: np.random.Generator) -> list[Observed]:
    """The same trials as a sweep on a GPU leaves them: every metric, two calls a repeat, a setting, and a report."""
    return [_in_full(trial, rng) for trial in trials]


def _in_full(trial: Observed, rng: np.random.Generator) -> Observed:
    calls = [
        (wait, 1e3 / rate, wait + 2e5 / rate, 200)
        for rate, wait in zip(trial.values["throughput_tok_s"], trial.values["ttft_ms"], strict=True)
        for _ in ("analysis", "report")
    ]
    values = trial.values | {
        "tpot_ms": [1e3 / rate for rate in trial.values["throughput_tok_s"]],
        "total_ms": [calls[place][2] + calls[place + 1][2] for place in range(0, len(calls), 2)],
        "joules_per_token": (250 / np.array(trial.values["throughput_tok_s"]) * rng.uniform(0.95, 1.05)).tolist(),
        "peak_memory_mib": [float(rng.integers(2_000, 9_000))],
        "error_rate": [0.0],
    }
    setting = SETTING.model_copy(update={"model_digest": trial.model.encode(errors="replace").hex()})
    return trial.model_copy(
        update={
            "values": values,
            "call_rows": calls,
            "setting": setting.digest,
            "href": f"{model_slug(trial.model)}/{trial.params.key}/report.html",
            "text": "usable with care",
        }
    )


def large_sweep(
    rng: np.random.Generator, models: int = 10, contexts: int = 10, temperatures: int = 10
) -> list[Observed]:
    """A trial in full of each combination: the larger a model and its context, the slower."""
    return in_full(
        simulated_sweep(
            lambda cell: 400 / float(cell.model.split(":")[1].removesuffix("b")) / (1 + cell.num_ctx / 40_000),
            rng,
            models=[f"model-{number}:{number}b" for number in range(1, models + 1)],
            num_ctx=[2048 * number for number in range(1, contexts + 1)],
            temperature=[number / 10 for number in range(temperatures)],
        ),
        rng,
    )
