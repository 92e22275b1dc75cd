"""Sweeps whose truth is known: trials with planted effects, and scatter of a given size."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from chimera_dagster.compare.observed import Observed
from chimera_dagster.trial import ParamSet


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
