"""Cells: the values of one metric of one model under one setup, measured or stated."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.measures import Measure
from chimera_dagster.evidence.prompt_cache import CACHED
from chimera_dagster.evidence.runs import MOST_SOURCES, coded, natural
from chimera_dagster.evidence.setups import Setup, canonical, setups_of
from chimera_dagster.evidence.stated import CENTRES
from chimera_dagster.schemas import PREFILL, TTFT

_OF_PROMPT = (TTFT, PREFILL)
_SAME = 1.1  # ratio of values of one file for one of them to stand for all


class Cell(NamedTuple):
    """What is known of one metric of a model under one setup.

    `values` are those of runs; of a `stated` cell one value a record, all of the same `kind`. `asked` has the prompt of
    each run, `sessions` the session of each value. `cold` counts the cold starts that were left out. `moments` are n,
    mean and standard deviation, NaN where unknown. Its rows are `places` of `frame`.
    """

    model: str
    setup: Setup
    values: NDArray[np.float64]
    asked: NDArray[np.int64]
    sessions: NDArray[np.int64]
    cold: int
    stated: bool
    kind: str
    moments: tuple[float, float, float]
    median: float
    frame: pd.DataFrame
    places: NDArray[np.int64]

    @property
    def repeated(self) -> bool:
        """Whether its values can be tested as runs: stated ones are those of several files."""
        return not self.stated or len(self.values) > 1

    def centre(self, kind: str) -> float:
        """Its mean or median, NaN where it isn't known; of kind `value` whatever the file states, or the mean."""
        if not self.stated or kind == self.kind:
            return self.median if kind == "median" and not self.stated else float(np.mean(self.values))
        return self.median if kind == "median" else self.moments[1] if kind == "mean" else np.nan


class Placed(NamedTuple):
    """A frame whose rows are told apart by model and setup; see `placed`.

    Of each row: a code of its `model` in `models`, -1 if it names none, and the place of its `setup` in `setups`, whose
    canonical JSON are `keys`.
    """

    frame: pd.DataFrame
    model: NDArray[np.int64]
    models: list[str]
    setup: NDArray[np.int64]
    setups: list[Setup]
    keys: list[str]

    def of(self, chosen: NDArray[np.bool_]) -> "Placed":
        """Those of some of the rows."""
        return self._replace(frame=self.frame[chosen], model=self.model[chosen], setup=self.setup[chosen])

    def groups(self, chosen: NDArray[np.bool_] | bool = True) -> Iterator[tuple[str, int, NDArray[np.int64]]]:
        """Model, setup and rows of each group of the chosen rows that name a model."""
        rows = np.flatnonzero(chosen & (self.model >= 0))
        joint = self.model[rows] * len(self.setups) + self.setup[rows]
        order = np.argsort(joint, kind="stable")
        starts = np.flatnonzero(np.diff(joint[order])) + 1
        for part in np.split(rows[order], starts) if len(rows) else []:
            yield self.models[self.model[part[0]]], int(self.setup[part[0]]), part


def placed(frame: pd.DataFrame) -> Placed:
    """`frame` has the columns model, backend, gpu, conditions and params."""
    model, models = pd.factorize(frame["model"])
    setup, setups = setups_of(frame)
    names = [str(name) for name in models]
    return Placed(frame, model.astype("int64"), names, setup, setups, [canonical(each) for each in setups])


def cells_of(runs: Placed, stated: Placed, measure: Measure) -> list[Cell]:
    """Every model and setup with values of the measure: those of warm runs, else what files state.

    A rate of a model that has only cold runs is that of those, because a loaded model decodes as fast as ever. What a
    prompt takes is that of runs whose prompt no cache had; if a file says beside such runs how long its first request
    took to the first token, that counts once.

    `runs` and `stated` are those of FindingContext; runs that name no model are left out.
    """
    found = dict(_stated_cells(stated, measure))
    every, cold = runs.frame[measure.metric].to_numpy("float64"), runs.frame["cold"].to_numpy("bool")
    if measure.metric in _OF_PROMPT:
        every = np.where(runs.frame["prompt_cache"].isin(CACHED), np.nan, every)
    if measure.metric == TTFT:
        every = np.where(runs.frame["fresh_once"], runs.frame["fresh_ms"], every)
    prompts, sessions = runs.frame["asked"].to_numpy("int64"), runs.frame["session"].to_numpy("int64")
    warm = set(runs.model[(every > 0) & ~cold].tolist()) if measure.unit != "ms" else {*range(len(runs.models))}
    only_cold = {name for number, name in enumerate(runs.models) if number not in warm}
    for model, setup, of_setup in runs.groups(every > 0):
        places = of_setup if model in only_cold else of_setup[~cold[of_setup]]
        if not len(places):
            continue
        values, key = every[places], (model, runs.keys[setup])
        known = found.get(key)
        if known is not None and known.moments[0] > len(values):  # the file lists a sample of the runs it sums up
            continue
        std = float(np.std(values, ddof=1)) if len(values) > 1 else np.nan
        found[key] = Cell(
            model,
            runs.setups[setup],
            values,
            prompts[places],
            sessions[places],
            len(of_setup) - len(places),
            False,
            "runs",
            (float(len(values)), float(np.mean(values)), std),
            float(np.median(values)),
            runs.frame,
            places,
        )
    return [found[key] for key in sorted(found)]


def _stated_cells(stated: Placed, measure: Measure) -> Iterator[tuple[tuple[str, str], Cell]]:
    """By model and canonical setup."""
    chosen = ((stated.frame["metric"] == measure.metric) & (stated.frame["unit"] == measure.unit)).to_numpy("bool")
    if not chosen.any():
        return
    stated = stated.of(chosen)
    frame = stated.frame
    columns = {name: frame[name].to_numpy("float64") for name in CENTRES}
    file, sessions = pd.factorize(frame["file"])[0], frame["session"].to_numpy("int64")
    for model, setup, places in stated.groups():
        kind = next((kind for kind in CENTRES if not np.isnan(columns[kind][places]).any()), None)
        if kind is None:
            kind, places = _without_repeats(columns, places)  # noqa: PLW2901
            if kind is None:
                continue
        if len(set(file[places].tolist())) < len(places):
            places = _one_each(places, file[places], columns[kind][places])  # noqa: PLW2901
        values = columns[kind][places]
        if not len(places):
            continue
        if not (values > 0).all():
            continue
        moments, median = (np.nan, np.nan, np.nan), np.nan
        if len(places) == 1:
            moments = _moments(frame.iloc[int(places[0])], measure, float(values[0]))
            median = float(columns["median"][places[0]])
        asked = np.full(len(values), -1, dtype="int64")
        of_setup = stated.setups[setup]
        cell = Cell(model, of_setup, values, asked, sessions[places], 0, True, kind, moments, median, frame, places)
        yield (model, stated.keys[setup]), cell


def _without_repeats(
    columns: Mapping[str, NDArray[np.float64]], places: NDArray[np.int64]
) -> tuple[str | None, NDArray[np.int64]]:
    """The first kind that some places have, and these, if the others repeat its values without saying what they are."""
    kind = next((kind for kind in CENTRES if not np.isnan(columns[kind][places]).all()), None)
    if kind is None or kind == CENTRES[-1]:
        return None, places
    known = ~np.isnan(columns[kind][places])
    repeats = columns[CENTRES[-1]][places[~known]]
    if not np.isin(repeats, columns[kind][places[known]]).all():
        return None, places
    return kind, places[known]


def _one_each(places: NDArray[np.int64], file: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.int64]:
    """One place for each file, that of its middle value; none if a file has values that differ.

    Numbers of one file that name the same differ in something unknown, so which of them to compare isn't known.
    """
    kept: list[int] = []
    for each in np.unique(file).tolist():
        own, of_file = values[file == each], places[file == each]
        if not own.min() > 0 or own.max() > _SAME * own.min():
            return places[:0]
        kept.append(int(of_file[np.argsort(own, kind="stable")[(len(own) - 1) // 2]]))
    return np.array(sorted(kept), dtype="int64")


def _moments(stated: "pd.Series[Any]", measure: Measure, centre: float) -> tuple[float, float, float]:
    """n, mean and standard deviation as the file states them.

    A standard error gives the deviation of single values, error * sqrt(n). A share of n answers without either has that
    of a Bernoulli variable, sqrt(p (1 - p)).
    """
    n, mean, std, error = (float(stated[name]) for name in ("n", "mean", "std", "stderr"))
    if np.isnan(std) and not np.isnan(error):
        std = error * np.sqrt(n)
    if measure.unit == "share" and 0 <= centre <= 1 and not np.isnan(n):
        std = np.sqrt(centre * (1 - centre)) if np.isnan(std) else std
        mean = centre
    return n, mean, float(std)


def files_of(cells: Iterable[Cell]) -> set[str]:
    found: set[str] = set()
    for frame, places in _places(cells):
        codes, names = coded(frame["file"])
        found.update(str(name) for name in names[np.unique(codes[places])])
    return found


def sources_of_cells(cells: Iterable[Cell]) -> list[tuple[str, str]]:
    """[file, record] of the rows of cells, the first 100 in their order."""
    found = {source for frame, places in _places(cells) for source in sources_of(frame, places)}
    return sorted(found, key=lambda source: (source[0], natural(source[1]), source[1]))[:MOST_SOURCES]


def _places(cells: Iterable[Cell]) -> Iterator[tuple[pd.DataFrame, NDArray[np.int64]]]:
    """Rows of cells by frame, in their order."""
    frames: dict[int, tuple[pd.DataFrame, list[NDArray[np.int64]]]] = {}
    for cell in cells:
        frames.setdefault(id(cell.frame), (cell.frame, []))[1].append(cell.places)
    for frame, places in frames.values():
        yield frame, np.sort(np.concatenate(places))
