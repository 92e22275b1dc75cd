"""What rounds are worth on a host that drifts: `python -m benchmarks.compare_recovery [SWEEPS]`.

Simulated sweeps of the same number of calls, all trials equal, scatter 2 %: 1 visit of 9 repeats in the order of the
grid, 3 rounds of 3, 9 rounds of 1. The host's speed changes from visit to visit, in run order: independently (visits),
as a random walk, or as a wave. Of each: in how many of SWEEPS sweeps anything was said to differ, as `tests.recovery`
counts it, of a grid of 18 trials and of 4 values of one parameter; two figures in a cell are those of the two. Then in
how many sweeps one trial of 18 that is 5 % slower has a rank behind another.
"""

import itertools
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import numpy as np

from chimera_dagster.compare.comparison import compare
from tests.recovery import GOALS, ONE_PARAMETER, RATE, World, outcome_of
from tests.simulated import Cell, Host, hops, simulated_sweep, sine, steady, walk

_SAID = ("effect", "rank", "recommendation", "change")


class Design(NamedTuple):
    """`rounds` of `repeats`; a sweep of one round runs in the order of the grid if it is not `shuffled`."""

    rounds: int
    repeats: int
    shuffled: bool = True

    @property
    def words(self) -> str:
        if self.rounds == 1:
            return f"1 round x {self.repeats}, {'shuffled' if self.shuffled else 'in grid order'}"
        return f"{self.rounds} rounds x {self.repeats}"


DESIGNS = (Design(1, 9, shuffled=False), Design(1, 9), Design(3, 3), Design(9, 1))
HOSTS: Mapping[str, Host] = {
    "no drift": steady,
    **{
        f"{name} {size:.0%}".replace("%", " %"): kind(size)
        for name, kind in (("visits", hops), ("walk", walk), ("sine", sine))
        for size in (0.01, 0.03)
    },
}
GRIDS: Sequence[Mapping[str, Sequence[object]]] = ({}, ONE_PARAMETER)
POWER = (Design(3, 1), Design(5, 1), Design(5, 2), Design(9, 1))
_ROWS = tuple(itertools.product(DESIGNS, HOSTS))


def _flat(_: Cell) -> float:
    return RATE


def _false(sweeps: int, row: int) -> str:
    design, drift = _ROWS[row]
    rates: list[list[float]] = []
    for number, grid in enumerate(GRIDS):
        rng = np.random.default_rng([row, number])
        fields = {**grid, **design._asdict(), "host": HOSTS[drift]}
        world = World("", _flat, grid=fields)  # pyright: ignore[reportArgumentType]
        found = [outcome_of(world, rng) for _ in range(sweeps)]
        rates.append([sum(getattr(each, name) for each in found) / sweeps for name in _SAID])
    cells = [f"{one:.1%} / {other:.1%}".replace("%", " %") for one, other in zip(*rates, strict=True)]
    return f"| {design.words} | {drift} | {' | '.join(cells)} |"


def _power(sweeps: int, row: int) -> str:
    design, cells = POWER[row], list[str]()
    slow = Cell("a:1b", 4096, 0.6)
    for number, drift in enumerate(HOSTS):
        rng, seen = np.random.default_rng([row, number, 2]), 0
        for _ in range(sweeps):
            trials = simulated_sweep(
                lambda cell: RATE * (0.95 if cell == slow else 1.0), rng, host=HOSTS[drift], **design._asdict()
            )
            found = compare(trials, GOALS, datetime.now(UTC))
            key = next(
                trial.key
                for trial in trials
                if (trial.model, trial.params.num_ctx, trial.params.temperature) == tuple(slow)
            )
            rank = found.standings[key]["throughput_tok_s"].rank
            seen += rank is not None and rank > 1
        cells.append(f"{seen / sweeps:.0%}".replace("%", " %"))
    return f"| {design.words} | {' | '.join(cells)} |"


def main(sweeps: int = 1000) -> None:
    began = time.monotonic()
    error = 2 * (0.0475 / sweeps) ** 0.5
    print(f"{sweeps} sweeps of each; two standard errors of a rate of 5 % are {error:.1%}")
    print("| design | host | false effects | false ranks | false recommendation | false change |")
    print("|---|---|---|---|---|---|")
    with ProcessPoolExecutor() as pool:
        for line in pool.map(partial(_false, sweeps), range(len(_ROWS))):
            print(line, flush=True)
        print(f"\n| a 5 % slower trial of 18 is found | {' | '.join(HOSTS)} |")
        print(f"|---{'|---' * len(HOSTS)}|")
        for line in pool.map(partial(_power, sweeps), range(len(POWER))):
            print(line, flush=True)
    print(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
