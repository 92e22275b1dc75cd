"""What the comparison of a sweep finds of what was planted: `python -m tests.recovery [SWEEPS]`.

Simulated sweeps of 2 models x 3 sizes of context x 3 temperatures with 3 repeats, 2 % scatter. Of each truth: in how
many of SWEEPS sweeps the planted effect was found, how large it was said to be, and in how many anything was said to
differ that does not: an effect or interaction, a rank (some trial has more ahead of it than are truly better), a
recommendation (a trial that is truly better is said to be detectably worse than the recommended one), and a change
against a second sweep of the same truth. The promised rate of each is 5 %.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import NamedTuple

import numpy as np

from chimera_dagster.compare.comparison import Comparison, compare
from chimera_dagster.compare.effects import Effect, together
from chimera_dagster.compare.observed import Observed, valid
from chimera_dagster.compare.recommend import tied_with_first
from chimera_dagster.compare.regression import regress
from chimera_dagster.spec.goals import Goals
from tests.simulated import Cell, Truth, simulated_sweep

RATE = 100.0
GOALS = Goals(want={"throughput_tok_s": 1})


class World(NamedTuple):
    """A truth, what was planted, and which effects it has."""

    name: str
    truth: Truth
    planted: Callable[[Effect], bool] | None = None
    true: tuple[set[str], ...] = ()  # the parameters, or pairs of them, that do something
    drift: float = 0.0
    noise: float | Mapping[str, float] = 0.02
    spoiled: int = 0
    grid: Mapping[str, Sequence[object]] = {}

    def sweep(self, rng: np.random.Generator, factor: float = 1.0) -> list[Observed]:
        fields = {"drift": self.drift, "noise": self.noise, "spoiled": self.spoiled, **self.grid}
        return simulated_sweep(lambda cell: factor * self.truth(cell), rng, **fields)

    def rate(self, trial: Observed) -> float:
        """A trial's true throughput."""
        return self.truth(Cell(trial.model, trial.params.num_ctx or 0, trial.params.temperature or 0))


def _is(parameter: str, interaction: str | None = None) -> Callable[[Effect], bool]:
    def is_planted(effect: Effect) -> bool:
        named = {effect.parameter, effect.interaction} == {parameter, interaction}
        return named and effect.metric == "throughput_tok_s"

    return is_planted


def _flat(_: Cell) -> float:
    return RATE


def _context(cell: Cell) -> float:
    return RATE * {2048: 1.0, 4096: 1.025, 8192: 1.05}[cell.num_ctx]


def _strong(cell: Cell) -> float:
    return RATE * {2048: 1.0, 4096: 0.8, 8192: 0.6}[cell.num_ctx] * (2 if cell.model == "a:1b" else 1)


def _together(cell: Cell) -> float:
    return RATE * (1.08 if cell.num_ctx == 8192 and cell.temperature == 1.0 else 1.0)


def _crossing(cell: Cell) -> float:
    way = 1 if cell.model == "a:1b" else -1
    return RATE * (1 + way * {2048: -0.04, 4096: 0.0, 8192: 0.04}[cell.num_ctx])


ONE_PARAMETER = {"models": ["a:1b"], "num_ctx": [2048, 4096, 8192, 16384], "temperature": [0.2]}
UNEQUAL = {"a:1b": 0.01, "b:1b": 0.05}
WORLDS = (
    World("no effect", _flat),
    World("num_ctx changes throughput by 5 %", _context, _is("num_ctx"), ({"num_ctx"},)),
    World("strong num_ctx and model, temperature none", _strong, _is("num_ctx"), ({"num_ctx"}, {"model"})),
    World(
        "8 % at one num_ctx and temperature",
        _together,
        _is("num_ctx", "temperature"),
        ({"num_ctx"}, {"temperature"}, {"num_ctx", "temperature"}),
    ),
    World("models cross over num_ctx by 4 %", _crossing, _is("model", "num_ctx"), ({"model", "num_ctx"}, {"num_ctx"})),
    World("no effect, models scatter by 1 and 5 %", _flat, noise=UNEQUAL),
    World("no effect, two spoiled trials at half rate", _flat, spoiled=2),
    World("no effect, 0.5 % drift between trials", _flat, drift=0.005),
    World("no effect, 1 % drift", _flat, drift=0.01),
    World("no effect, 3 % drift", _flat, drift=0.03),
    World("num_ctx by 5 %, 1 % drift", _context, _is("num_ctx"), ({"num_ctx"},), drift=0.01),
    World("strong num_ctx and model, 1 % drift", _strong, _is("num_ctx"), ({"num_ctx"}, {"model"}), drift=0.01),
    World("models scatter by 1 and 5 %, 1 % drift", _flat, noise=UNEQUAL, drift=0.01),
    World("no effect, nothing but 4 num_ctx", _flat, grid=ONE_PARAMETER),
    World("no effect, nothing but 4 num_ctx, 1 % drift", _flat, drift=0.01, grid=ONE_PARAMETER),
)


class Outcome(NamedTuple):
    """Of one sweep: the size of the planted effect where it was found, and whether anything false was said."""

    size: float | None
    effect: bool
    rank: bool
    recommendation: bool
    change: bool
    slower: float  # the share of trials that are found to be worse in a sweep that is 5 % slower


def outcome_of(world: World, rng: np.random.Generator) -> Outcome:
    found, again, slow = (compare(world.sweep(rng, factor), GOALS, datetime.now(UTC)) for factor in (1.0, 1.0, 0.95))
    detected = [effect for effect in found.effects if effect.detected]
    named = [{effect.parameter, effect.interaction} - {None} for effect in detected]
    size = None if world.planted is None else next((each.range for each in detected if world.planted(each)), None)
    changes = [change.verdict for change in regress(found, again, "").changes]
    later = [each.verdict for each in regress(found, slow, "").changes if each.metric == "throughput_tok_s"]
    return Outcome(
        size,
        # TTFT is planted as the inverse of throughput, so it has the same effects
        any(names not in world.true or each.metric == "quality" for each, names in zip(detected, named, strict=True)),
        _any_false_rank(world, found),
        _any_false_tie(world, found),
        "better" in changes or "worse" in changes,
        later.count("worse") / len(later),
    )


def _any_false_rank(world: World, found: Comparison) -> bool:
    rates = {trial.key: world.rate(trial) for trial in valid(found.trials)}
    return any(
        standing.rank is not None and standing.rank > 1 + sum(rate > rates[key] + 1e-9 for rate in rates.values())
        for key, of in found.standings.items()
        for standing in of.values()
    )


def _any_false_tie(world: World, found: Comparison) -> bool:
    trials = valid(found.trials)
    order = sorted(range(len(trials)), key=lambda place: -(trials[place].mean("throughput_tok_s") or 0))
    tied = tied_with_first(GOALS, trials, order, together(found.effects, GOALS.want))
    best = world.rate(trials[order[0]])
    return any(tie is False and world.rate(trials[place]) >= best for place, tie in zip(order, tied, strict=True))


def _row(sweeps: int, number: int) -> str:
    world, rng = WORLDS[number], np.random.default_rng(number)
    found = [outcome_of(world, rng) for _ in range(sweeps)]
    sizes = [each.size for each in found if each.size is not None]
    planted = "-" if world.planted is None else f"{len(sizes) / sweeps:.1%}, {median(sizes):.1%}" if sizes else "0.0%"
    cells = [planted, *(f"{_share(found, name):.1%}" for name in ("effect", "rank", "recommendation", "change"))]
    return f"| {world.name} | {' | '.join(cells)} | {sum(each.slower for each in found) / sweeps:.0%} |"


def _share(found: Sequence[Outcome], name: str) -> float:
    return sum(getattr(each, name) for each in found) / len(found)


def main(sweeps: int = 1000) -> None:
    print(f"{sweeps} sweeps of each truth; two standard errors of a rate of 5 % are {2 * (0.0475 / sweeps) ** 0.5:.1%}")
    print(
        "| truth | planted effect found, its size (median) | false effects | false ranks | false recommendation "
        "| false change | trials found 5 % slower |"
    )
    print("|---|---|---|---|---|---|---|")
    with ProcessPoolExecutor() as pool:
        for row in pool.map(partial(_row, sweeps), range(len(WORLDS))):
            print(row, flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
