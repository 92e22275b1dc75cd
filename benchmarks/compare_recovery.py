"""What the comparison of a sweep finds of effects that were planted: `python -m benchmarks.compare_recovery [SWEEPS]`.

Simulated sweeps of 2 models x 3 sizes of context x 3 temperatures with 3 repeats, 2 % scatter. Of each truth: in how
many of SWEEPS sweeps the planted effect was found, how large it was said to be, and in how many sweeps anything was
said to differ that does not: an effect, an interaction, or a rank. The promised rate of the latter is 5 % each.
"""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import NamedTuple

import numpy as np

from chimera_dagster.compare.comparison import Comparison, compare
from chimera_dagster.compare.effects import Effect
from chimera_dagster.goals import Goals
from tests.simulated import Cell, Truth, simulated_sweep

RATE = 100.0


class World(NamedTuple):
    """A truth, and how what was found of it is told: what was planted, and which effects it brings with it."""

    name: str
    truth: Truth
    planted: Callable[[Effect], bool]
    follows: Callable[[Effect], bool]
    ranks_differ: bool
    drift: float = 0.0


def _none(_: Effect) -> bool:
    return False


def _is(parameter: str, interaction: str | None = None) -> Callable[[Effect], bool]:
    def told(effect: Effect) -> bool:
        return {effect.parameter, effect.interaction} == {
            parameter,
            interaction,
        } and effect.metric == "throughput_tok_s"

    return told


def _touches(*parameters: str) -> Callable[[Effect], bool]:
    """TTFT is planted as the inverse of throughput, so it has the same effects."""

    def told(effect: Effect) -> bool:
        return {effect.parameter, effect.interaction} - {None} <= set(parameters) and effect.metric != "quality"

    return told


def _context(cell: Cell) -> float:
    return RATE * {2048: 1.0, 4096: 1.025, 8192: 1.05}[cell.num_ctx]


def _together(cell: Cell) -> float:
    return RATE * (1.08 if cell.num_ctx == 8192 and cell.temperature == 1.0 else 1.0)


def _crossing(cell: Cell) -> float:
    way = 1 if cell.model == "a:1b" else -1
    return RATE * (1 + way * {2048: -0.04, 4096: 0.0, 8192: 0.04}[cell.num_ctx])


WORLDS = (
    World("no effect", lambda _: RATE, _none, _none, ranks_differ=False),
    World("num_ctx changes throughput by 5 %", _context, _is("num_ctx"), _touches("num_ctx"), ranks_differ=True),
    World(
        "8 % at one num_ctx and temperature only",
        _together,
        _is("num_ctx", "temperature"),
        _touches("num_ctx", "temperature"),
        ranks_differ=True,
    ),
    World(
        "models cross over num_ctx by 4 %",
        _crossing,
        _is("model", "num_ctx"),
        _touches("model", "num_ctx"),
        ranks_differ=True,
    ),
    World("no effect, 1 % drift between trials", lambda _: RATE, _none, _none, ranks_differ=False, drift=0.01),
)


def main(sweeps: int = 1000) -> None:
    print("| truth | sweeps | planted effect found | its size (median) | false effects | false ranks |")
    print("|---|---|---|---|---|---|")
    for number, world in enumerate(WORLDS):
        rng = np.random.default_rng(number)
        found = [
            compare(simulated_sweep(world.truth, rng, drift=world.drift), Goals(), datetime.now(UTC))
            for _ in range(sweeps)
        ]
        print(_row(world, found), flush=True)


def _row(world: World, found: Sequence[Comparison]) -> str:
    detected = [[effect for effect in each.effects if effect.detected] for each in found]
    hits = [next(filter(world.planted, effects), None) for effects in detected]
    sizes = [effect.range for effect in hits if effect]
    false = sum(any(not world.follows(effect) for effect in effects) for effects in detected)
    ranks = sum(
        any(standing.rank not in (None, 1) for of in each.standings.values() for standing in of.values())
        for each in found
    )
    count = len(found)
    planted = f"{len(sizes) / count:.1%}" if world.planted is not _none else "-"
    return (
        f"| {world.name} | {count} | {planted} | {f'{median(sizes):.1%}' if sizes else '-'} | {false / count:.1%} "
        f"| {'-' if world.ranks_differ else f'{ranks / count:.1%}'} |"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
