"""What differs between trials: the model and the parameters, each with the levels that occur."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chimera_dagster.compare.observed import Observed
from chimera_dagster.spec.trial import ParamSet

Ints = NDArray[np.int64]

PARAMETERS = tuple(ParamSet.model_fields)
FACTORS = ("model", *PARAMETERS)
MOST_LEVELS = 100  # of a factor, or pairs of two: more are the draws of a search, hardly two with all else equal


class Factor(NamedTuple):
    """The levels of a factor in order, and for each trial the position of its level among them."""

    names: list[str]
    codes: Ints

    def at(self, places: Ints) -> "Factor":
        """The factor of the trials at these positions, without levels that none of them has."""
        present, codes = np.unique(self.codes[places], return_inverse=True)
        return Factor([self.names[place] for place in present.tolist()], codes.astype("int64"))


def factors(trials: Sequence[Observed]) -> dict[str, Factor]:
    """The factor of every name in FACTORS; one that does not differ has a single level."""
    found = {"model": _factor([trial.model for trial in trials])}
    return found | {name: _parameter([getattr(trial.params, name) for trial in trials]) for name in PARAMETERS}


def _parameter(values: Sequence[float | None]) -> Factor:
    words = {value: "default" if value is None else f"{value:.10g}" for value in set(values)}
    return _factor([words[value] for value in values])


def _factor(levels: Sequence[str]) -> Factor:
    names = sorted(set(levels), key=_in_order)
    places = {name: place for place, name in enumerate(names)}
    return Factor(names, np.array([places[level] for level in levels], dtype="int64"))


def _in_order(name: str) -> tuple[int, float, str]:
    try:
        return (1, float(name), "")
    except ValueError:
        return (0, 0.0, name)
