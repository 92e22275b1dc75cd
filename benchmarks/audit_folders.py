"""Simulated folders of measurements of equal models, or of one that differs: what bench_audit judges."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SCATTER = 0.02  # of calls, as a standard deviation of logarithms
_RATE = 100.0
_UNKNOWN = ("backend", "gpu", "aggregate", "derived", "doubt")

Logs = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Logs]


class Visit(NamedTuple):
    """Calls of one model in one file, one after the other, as logarithms."""

    model: str
    file: str
    logs: Logs
    params: str = "{}"
    prompts: Sequence[str] = ()
    labels: str = "{}"


def table_of(visits: Sequence[Visit]) -> pd.DataFrame:
    """The columns of schemas.Measurements that findings read, with one decode rate for each call."""
    sizes = [len(visit.logs) for visit in visits]
    total = sum(sizes)
    named = {name: np.repeat([getattr(visit, name) for visit in visits], sizes) for name in ("model", "file", "params")}
    labels = np.repeat([visit.labels for visit in visits], sizes)
    prompts = [prompt for visit in visits for prompt in (visit.prompts or ["say hello"] * len(visit.logs))]
    table = pd.DataFrame({**named, "labels": labels, "prompt": prompts})
    table = table.assign(
        record=[f"row {place}" for place in range(1, total + 1)],
        metric="decode_tok_s",
        unit="tok/s",
        original_name="tokens_s",
        original_unit="tok/s",
        conditions="{}",
        model_source="column",
        value=_RATE * np.exp(np.concatenate([visit.logs for visit in visits])),
        n=np.nan,
        error=False,
        **dict.fromkeys(_UNKNOWN),
    )
    return table.astype(dict.fromkeys(_UNKNOWN, "str"))


def independent(rng: np.random.Generator, n: int) -> Logs:
    return rng.normal(0, SCATTER, n)


def drifting(rng: np.random.Generator, n: int) -> Logs:
    """A machine that drifts by 1 % (AR(1) with coefficient 0.9), beside independent scatter of 1 %."""
    level, share = np.empty(n), 0.9
    level[0] = rng.normal(0, 0.01)
    steps = rng.normal(0, 0.01 * np.sqrt(1 - share**2), n)
    for place in range(1, n):
        level[place] = share * level[place - 1] + steps[place]
    return level + rng.normal(0, 0.01, n)


def throttled(rng: np.random.Generator, n: int) -> Logs:
    """Two speeds: a fifth of the calls at half the rate."""
    return np.where(rng.random(n) < 0.2, np.log(0.5), 0.0) + rng.normal(0, 0.01, n)


def heavy(rng: np.random.Generator, n: int) -> Logs:
    return 0.02 * rng.standard_t(2, n)


class Folder(NamedTuple):
    """Models that are equal, but for the first one if there is an `effect`.

    `calls` of a model in a session, and its `sessions`, are drawn between two bounds for each model. `draw` makes the
    calls of a file, in which one model follows the other. `apart`: every model has files of its own. `drift`: between
    files; `of_models`: of a model within its file. `settings` that sessions go through in turn, each as fast as it is;
    `levels`: values of a parameter of one model in place of models; `rounds`: sessions that share a file, as rounds;
    `noisy`: so many of the models scatter four times as much.
    """

    models: int = 6
    calls: tuple[int, int] = (9, 9)
    sessions: tuple[int, int] = (1, 1)
    draw: Draw = independent
    apart: bool = False
    drift: float = 0.0
    of_models: float = 0.0
    settings: int = 1
    levels: bool = False
    rounds: int = 1
    noisy: int = 0
    effect: float = 0.0

    def simulate(self, rng: np.random.Generator) -> pd.DataFrame:
        sizes = rng.integers(self.calls[0], self.calls[1], self.models, endpoint=True)
        sessions = rng.integers(self.sessions[0], self.sessions[1], self.models, endpoint=True)
        return table_of(
            [visit for number in range(max(sessions)) for visit in self._session(rng, number, sizes, sessions)]
        )

    def _session(
        self, rng: np.random.Generator, number: int, sizes: NDArray[np.int64], sessions: NDArray[np.int64]
    ) -> list[Visit]:
        setting = number % self.settings
        together = self.draw(rng, int(sizes.sum())) + rng.normal(0, 1) * self.drift
        visits: list[Visit] = []
        for model, of_model in enumerate(np.split(together, np.cumsum(sizes)[:-1])):
            if number >= sessions[model]:
                continue
            own = self.draw(rng, len(of_model)) + rng.normal(0, 1) * self.drift
            logs = (own if self.apart else of_model) * (4 if model < self.noisy else 1)
            shift = rng.normal(0, 1) * self.of_models + 0.3 * setting + np.log1p(self.effect) * (model == 0)
            params = [f'"num_ctx":{1024 * (setting + 1)}'] if self.settings > 1 else []
            params += [f'"top_k":{10 * (model + 1)}'] if self.levels else []
            visits.append(
                Visit(
                    "m:1b" if self.levels else f"m{model}:1b",
                    f"{model} of {number}.csv" if self.apart else f"file {number // self.rounds}.csv",
                    logs + shift,
                    "{" + ",".join(params) + "}",
                    labels=f'{{"round":{number}}}' if self.rounds > 1 else "{}",
                )
            )
        return visits


class Prompts(NamedTuple):
    """Models that were given two prompts, one 8 times as fast as the other: half of them mostly the slow one.

    The first one has an `effect` at each prompt, and is given the fast one most often.
    """

    models: int = 2
    sessions: int = 1
    effect: float = 0.0

    def simulate(self, rng: np.random.Generator) -> pd.DataFrame:
        visits: list[Visit] = []
        for session in range(self.sessions):
            for model in range(self.models):
                fast, slow = (9, 3) if model % 2 == 0 else (3, 9)
                levels = np.repeat([np.log(8), 0.0], [fast, slow])
                logs = levels + independent(rng, 12) + np.log1p(self.effect) * (model == 0)
                prompts = ["short"] * fast + ["long"] * slow
                visits.append(Visit(f"m{model}:1b", f"{session}.csv", logs, prompts=prompts))
        return table_of(visits)
