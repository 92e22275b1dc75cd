"""Sweeps whose truth is known: trials with planted effects, and scatter of a given size."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chimera_dagster.compare.observed import Observed, Setting
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan
from chimera_dagster.spec.trial import ParamSet, model_slug
from chimera_dagster.sweeps.rounds import visits_of

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
Host = Callable[[int, np.random.Generator], NDArray[np.float64]]  # log of the host's speed at so many visits in turn


def steady(visits: int, _: np.random.Generator) -> NDArray[np.float64]:
    return np.zeros(visits)


def hops(size: float) -> Host:
    """Each visit finds another host: independent, with this standard deviation."""
    return lambda visits, rng: rng.normal(0, size, visits)


def walk(size: float) -> Host:
    """A random walk from where the sweep began, with about this standard deviation within a sweep."""
    return lambda visits, rng: np.cumsum(rng.normal(0, size * np.sqrt(6 / visits), visits))


def sine(size: float) -> Host:
    """A wave of this standard deviation, with a period of 5 visits to the whole sweep, from any point of it."""

    def speeds(visits: int, rng: np.random.Generator) -> NDArray[np.float64]:
        period = np.exp(rng.uniform(np.log(5), np.log(max(visits, 6))))
        return np.sqrt(2) * size * np.sin(2 * np.pi * (np.arange(visits) / period + rng.uniform()))

    return speeds


def simulated_sweep(
    truth: Truth,
    rng: np.random.Generator,
    *,
    models: Sequence[str] = ("a:1b", "b:1b"),
    num_ctx: Sequence[int] = (2048, 4096, 8192),
    temperature: Sequence[float] = (0.2, 0.6, 1.0),
    rounds: int = 1,
    repeats: int = 3,
    noise: float | Mapping[str, float] = 0.02,
    drift: float = 0.0,
    spoiled: int = 0,
    host: Host = steady,
    shuffled: bool = True,
) -> list[Observed]:
    """Every combination, `repeats` values in each round: log-normal scatter of `noise`, and of `drift` for a trial.

    TTFT is 1e4 / throughput with scatter of its own; the quality score varies between trials at random. `noise` may be
    each model's own. The first `spoiled` trials run at half their rate, and are not valid. `host` is the speed of the
    host from visit to visit, in the order of a sweep, or, if not `shuffled`, in the order of the grid.
    """
    found: list[Observed] = []
    cells = list(map(Cell._make, itertools.product(models, num_ctx, temperature)))
    speeds = np.exp(_speeds(cells, rounds, host, rng, shuffled=shuffled))
    for number, cell in enumerate(cells):
        of_cell = noise if isinstance(noise, int | float) else noise[cell.model]
        level = truth(cell) * np.exp(rng.normal(0, drift)) if drift else truth(cell)
        level = level * np.repeat(speeds[number], repeats) * (0.5 if number < spoiled else 1.0)
        rates = level * np.exp(rng.normal(0, of_cell, rounds * repeats))
        waits = 1e4 / level * np.exp(rng.normal(0, of_cell, rounds * repeats))
        found.append(
            Observed(
                model=cell.model,
                params=_params(cell),
                state="measured",
                repeats=rounds * repeats,
                rounds=tuple(range(1, rounds + 1)),
                values={
                    "throughput_tok_s": rates.tolist(),
                    "ttft_ms": waits.tolist(),
                    "quality": [float(rng.uniform(0.4, 0.6))],
                },
                spoiled_by={"throttled": "too hot"} if number < spoiled else {},
            )
        )
    return found


def _speeds(
    cells: Sequence[Cell], rounds: int, host: Host, rng: np.random.Generator, *, shuffled: bool
) -> NDArray[np.float64]:
    """Log of the host's speed in each visit, by cell and round."""
    if host is steady:
        return np.zeros((len(cells), rounds))
    places = {_params(cell).key + cell.model: place for place, cell in enumerate(cells)}
    spec = SweepSpec(models=[cells[0].model], rounds=rounds, seed=int(rng.integers(2**31)))
    plans = [TrialPlan.model_construct(model=cell.model, params=_params(cell), spec=spec, round=1) for cell in cells]
    order = visits_of(plans) if shuffled else [plan.in_round(number + 1) for number in range(rounds) for plan in plans]
    found = np.zeros((len(cells), rounds))
    for plan, speed in zip(order, host(len(order), rng), strict=True):
        found[places[plan.params.key + plan.model], plan.round - 1] = speed
    return found


def _params(cell: Cell) -> ParamSet:
    return ParamSet(num_ctx=cell.num_ctx, temperature=cell.temperature)


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
