"""Cells: the values of one metric of one model under one setup, measured or stated."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.findings.finding import sources_of
from chimera_dagster.evidence.measures import Measure
from chimera_dagster.evidence.runs import MOST_SOURCES, natural
from chimera_dagster.evidence.setups import Setup, canonical, setups_of
from chimera_dagster.evidence.stated import CENTRES


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


def cells_of(runs: pd.DataFrame, stated: pd.DataFrame, measure: Measure) -> list[Cell]:
    """Every model and setup with values of the measure: those of warm runs, else what files state.

    `runs` and `stated` are those of FindingContext; runs that name no model are left out.
    """
    found = {(cell.model, canonical(cell.setup)): cell for cell in _stated_cells(stated, measure)}
    rows = runs[((runs[measure.metric] > 0) & runs["model"].notna()).to_numpy()]
    if rows.empty:
        return [found[key] for key in sorted(found)]
    place, setups = setups_of(rows)
    every, cold = rows[measure.metric].to_numpy("float64"), rows["cold"].to_numpy("bool")
    prompts, sessions = rows["asked"].to_numpy("int64"), rows["session"].to_numpy("int64")
    parts: dict[Any, Any] = rows.groupby([rows["model"], place], observed=True).indices
    for (model, number), of_setup in parts.items():
        places = of_setup[~cold[of_setup]]
        if not len(places):
            continue
        values, setup = every[places], setups[int(number)]
        known = found.get((str(model), canonical(setup)))
        if known is not None and known.moments[0] > len(values):  # the file lists a sample of the runs it sums up
            continue
        std = float(np.std(values, ddof=1)) if len(values) > 1 else np.nan
        found[str(model), canonical(setup)] = Cell(
            str(model),
            setup,
            values,
            prompts[places],
            sessions[places],
            len(of_setup) - len(places),
            False,
            "runs",
            (float(len(values)), float(np.mean(values)), std),
            float(np.median(values)),
            rows,
            places,
        )
    return [found[key] for key in sorted(found)]


def _stated_cells(stated: pd.DataFrame, measure: Measure) -> Iterator[Cell]:
    known = (stated["metric"] == measure.metric) & (stated["unit"] == measure.unit)
    rows = stated[(known & stated["model"].notna()).to_numpy()].reset_index(drop=True)
    if rows.empty:
        return
    place, setups = setups_of(rows)
    parts: dict[Any, Any] = rows.groupby([rows["model"], place], observed=True).indices
    for (model, number), places in parts.items():
        group = rows.iloc[places]
        kind = next((kind for kind in CENTRES if group[kind].notna().all()), None)
        # Numbers of one file that name the same differ in something unknown; which of them to compare isn't known.
        if kind is None or (group["file"].duplicated().any()):
            continue
        values = group[kind].to_numpy("float64")
        if not (values > 0).all():
            continue
        single, one = group.iloc[0], len(group) == 1
        moments = (float(single["n"]), float(single["mean"]), float(single["std"])) if one else (np.nan, np.nan, np.nan)
        median = float(single["median"]) if one else np.nan
        asked = np.full(len(values), -1, dtype="int64")
        sessions = group["session"].to_numpy("int64")
        setup = setups[int(number)]
        yield Cell(str(model), setup, values, asked, sessions, 0, True, kind, moments, median, rows, places)


def files_of(cells: Iterable[Cell]) -> set[str]:
    return {str(file) for rows in _rows_of(cells) for file in rows["file"].unique()}


def sources_of_cells(cells: Iterable[Cell]) -> list[tuple[str, str]]:
    """[file, record] of the rows of cells, the first 100 in their order."""
    found = {source for rows in _rows_of(cells) for source in sources_of(rows)}
    return sorted(found, key=lambda source: (source[0], natural(source[1]), source[1]))[:MOST_SOURCES]


def _rows_of(cells: Iterable[Cell]) -> Iterator[pd.DataFrame]:
    """Rows of cells, from each frame at once."""
    frames: dict[int, tuple[pd.DataFrame, list[NDArray[np.int64]]]] = {}
    for cell in cells:
        frames.setdefault(id(cell.frame), (cell.frame, []))[1].append(cell.places)
    for frame, places in frames.values():
        yield frame[["file", "record"]].iloc[np.sort(np.concatenate(places))]
