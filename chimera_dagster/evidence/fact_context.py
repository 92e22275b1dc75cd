"""What the rules in fact_rules.py read: the runs of a folder, prepared once, and the sources of a statement."""

import itertools
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.cold_runs import gives_load, is_cold
from chimera_dagster.evidence.duplicates import duplicate_runs
from chimera_dagster.evidence.measures import MEASURES, Measure
from chimera_dagster.evidence.runs import (
    ASKED,
    COLUMNS,
    MOST_SOURCES,
    PROMPT_LABELS,
    coded,
    failed_runs,
    grouped,
    natural,
    one_spelling,
    raw_runs,
)
from chimera_dagster.evidence.setups import Setup, by_value, canonical, said, setup_words, setups_of
from chimera_dagster.evidence.stated import CENTRES, KINDS, stated_values
from chimera_dagster.evidence.statistics import describe
from chimera_dagster.schemas import DECODE, LOAD, TTFT

Sources = list[tuple[str, str]]

_TIMES = {TTFT: "time to first token", "e2e_ms": "end-to-end time", "eval_ms": "decoding time", "latency_ms": "latency"}
TIMED = {DECODE: "decode throughput", **_TIMES}  # a record with one of them is a run
_RECORD = ["file", "record"]


class ModelRuns(NamedTuple):
    """One metric of one model (or of the model that a file doesn't name) under one setup.

    `statistics` is its row of `describe`, and its rows of schemas.Measurements are `places` of `frame`. `alone`: the
    model has no other setup with that metric.
    """

    model: str | None
    statistics: Mapping[str, float]
    frame: pd.DataFrame
    places: NDArray[np.int64]
    setup: Setup
    alone: bool

    @property
    def n(self) -> int:
        return len(self.places)

    @property
    def rows(self) -> pd.DataFrame:
        return self.frame.iloc[self.places]

    @property
    def name(self) -> str:
        return self.model if self.model is not None else model_words(None, str(self.rows["file"].iloc[0]))

    def of(self, rows: pd.DataFrame) -> "ModelRuns":
        """The same of some of its rows."""
        return self._replace(frame=rows, places=np.arange(len(rows)))


class Stated(NamedTuple):
    """What one record states of a metric: `values` by kind (stated.KINDS), the first of which stands for it.

    Its row is that at `place` of `frame`. `alone`: no other record of its file says the same of itself.
    """

    model: str | None
    setup: Setup
    params: str
    file: str
    record: str
    values: dict[str, float]
    n: int | None
    derived: str | None
    frame: pd.DataFrame
    place: int
    alone: bool

    @property
    def rows(self) -> pd.DataFrame:
        return self.frame.iloc[[self.place]]

    @property
    def name(self) -> str:
        return model_words(self.model, self.file)


class FactContext(NamedTuple):
    """`runs` are raw runs that did not fail, `failed` has one row per failed record; neither has duplicates.

    Runs of a model, parameter set and setup with the same code `alike` had the same prompt and start, cold or warm.
    `loads` has one row per run in a file with load times, and whether it was `cold`. `models` and `stated` are the
    measured and the stated values of each measure, the most important first. `said` are the names of a setup that
    statements about a model name. `limit`: more statements of a kind than that are not needed.
    """

    files: pd.DataFrame
    statistics: pd.DataFrame
    measurements: pd.DataFrame
    runs: pd.DataFrame
    failed: pd.DataFrame
    loads: pd.DataFrame
    models: dict[str, list[ModelRuns]]
    stated: dict[str, list[Stated]]
    said: Mapping[str | None, frozenset[str]]
    limit: int

    def words(self, setup: Setup, model: str | None) -> str:
        return setup_words(setup, self.said[model])

    def words_among_models(self, setup: Setup) -> str:
        """The words of a statement that compares models: what differs for any of them is said."""
        return setup_words(setup, frozenset[str]().union(*self.said.values()))


def prepare(
    files: pd.DataFrame,
    statistics: pd.DataFrame,
    measurements: pd.DataFrame,
    duplicates: Mapping[str, str] | None = None,
    limit: int = 40,
) -> FactContext:
    """From schemas.BenchmarkFiles, DataSummary and Measurements."""
    duplicates = duplicate_runs(measurements) if duplicates is None else duplicates
    asked = raw_runs(measurements[[*COLUMNS, *ASKED]], duplicates)
    measurements = measurements[COLUMNS]
    loads = _loads(asked)
    runs = asked[COLUMNS].assign(alike=_alike(asked, loads))
    given = stated_values(measurements, runs, duplicates)
    models = {measure.metric: by_setup(of_measure(runs, measure), measure.sign) for measure in MEASURES}
    stated = {measure.metric: _stated(given, measure) for measure in MEASURES}
    setups: dict[str | None, list[Setup]] = {}
    for group in (*itertools.chain(*models.values()), *itertools.chain(*stated.values())):
        setups.setdefault(group.model, []).append(group.setup)
    return FactContext(
        files=files,
        statistics=statistics,
        measurements=one_spelling(measurements),
        runs=runs,
        failed=failed_runs(measurements, duplicates),
        loads=loads,
        models=models,
        stated=stated,
        said={model: said(each) for model, each in setups.items()},
        limit=limit,
    )


def model_words(model: str | None, file: str) -> str:
    return model if model is not None else f"a model that is not named ({file})"


def of_measure(rows: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """Rows of the measure's metric; with an unknown unit it counts as another metric."""
    return rows[(rows["metric"] == measure.metric) & (rows["unit"] == measure.unit)]


def by_setup(rows: pd.DataFrame, sign: int = 1) -> list[ModelRuns]:
    """Rows of one metric by model and setup: first the setups with the most runs, and in each the best mean.

    Setups with equally many are in the order of their values; models that are not named come last.
    """
    if not len(rows):
        return []
    place, setups = setups_of(rows, params=False)
    named = rows.assign(place=place, file=rows["file"].astype("str").where(rows["model"].isna()))
    ids, keys = grouped(named, ["model", "file", "place"])
    table = describe(rows["value"].to_numpy(), ids, len(keys))
    ends = np.cumsum(table["n"].to_numpy())[:-1]
    parts = np.split(np.argsort(ids, kind="stable"), ends) if len(keys) else []
    statistics: list[Any] = table.to_dict("records")
    several = keys.duplicated(["model", "file"], keep=False).to_numpy()
    found = [
        ModelRuns(
            None if pd.isna(model) else str(model),
            statistics[number],
            rows,
            part,
            setups[int(of_setup)],
            not several[number],
        )
        for number, (model, of_setup, part) in enumerate(zip(keys["model"], keys["place"], parts, strict=True))
    ]
    behind = _behind((group.setup, group.n) for group in found)
    return sorted(found, key=lambda group: _rank(group, behind, sign * group.statistics["mean"]))


def _rank(each: ModelRuns | Stated, behind: Mapping[str, int], value: float) -> tuple[object, ...]:
    """Named models first, then the setups with the most runs, then the best `value`, the smallest."""
    return each.model is None, -behind[canonical(each.setup)], by_value(each.setup), value, each.name


def _behind(groups: Iterable[tuple[Setup, int]]) -> dict[str, int]:
    """How many runs there are of each setup."""
    found: dict[str, int] = {}
    for setup, n in groups:
        found[canonical(setup)] = found.get(canonical(setup), 0) + n
    return found


def _stated(given: pd.DataFrame, measure: Measure) -> list[Stated]:
    rows = of_measure(given, measure).reset_index(drop=True)
    if not len(rows):
        return []
    place, setups = setups_of(rows, params=False)
    several = rows.duplicated(["file", "model", "backend", "gpu", "conditions", "params"], keep=False).to_numpy()
    found: list[Stated] = []
    for number, row in enumerate(rows.to_dict("records")):
        values = {kind: float(row[kind]) for kind in KINDS if not np.isnan(row[kind])}
        centre = next((kind for kind in CENTRES if kind in values), None)
        leading = [centre] if centre else [kind for kind in values if kind != "std"][:1]
        if not leading:
            continue
        n = None if np.isnan(row["n"]) or row["n"] < 1 else int(row["n"])
        found.append(
            Stated(
                None if pd.isna(row["model"]) else str(row["model"]),
                setups[int(place[number])],
                str(row["params"]),
                str(row["file"]),
                str(row["record"]),
                {kind: values[kind] for kind in (*leading, *(kind for kind in values if kind not in leading))},
                n,
                None if pd.isna(row["derived"]) else str(row["derived"]),
                rows,
                number,
                not several[number],
            )
        )
    behind = _behind((each.setup, each.n or 1) for each in found)
    return sorted(
        found,
        key=lambda each: (
            *_rank(each, behind, measure.sign * next(iter(each.values.values()))),
            natural(each.record),
        ),
    )


def sources_of(rows: pd.DataFrame) -> Sources:
    """The first records of `rows`, at most MOST_SOURCES, by path and then in natural order: row 2 before row 10."""
    (file, files), (record, records) = coded(rows["file"]), coded(rows["record"])
    width = len(records) + 1
    pairs = pd.unique(file.astype("int64") * width + record)
    codes, counts = np.unique(pairs // width, return_counts=True)
    paths = sorted(zip(files[codes].astype("str"), codes.tolist(), counts.tolist(), strict=True))
    enough = int(np.searchsorted(np.cumsum([count for *_, count in paths]), MOST_SOURCES)) + 1
    kept = pairs[np.isin(pairs // width, [code for _, code, _ in paths[:enough]])]
    found = zip(files[kept // width].astype("str"), records[kept % width].astype("str"), strict=True)
    return sorted(found, key=lambda source: (source[0], natural(source[1]), source[1]))[:MOST_SOURCES]


def _loads(runs: pd.DataFrame) -> pd.DataFrame:
    of_models = runs[runs["metric"].isin((TTFT, LOAD)) & (runs["unit"] == "ms")]
    records = of_models[[*_RECORD, "model"]].drop_duplicates(_RECORD)
    for name in (TTFT, LOAD):
        times = of_models[of_models["metric"] == name].drop_duplicates(_RECORD).rename(columns={"value": name})
        records = records.merge(times[[*_RECORD, name]], on=_RECORD, how="left")
    return records.assign(cold=is_cold(records))[gives_load(records)]


def _alike(runs: pd.DataFrame, loads: pd.DataFrame) -> NDArray[np.int64]:
    """A code for each prompt, with what labels say of it, and start."""
    codes, texts = pd.factorize(runs["labels"])
    known = [json.dumps([label.get(name) for name in PROMPT_LABELS]) for label in map(json.loads, texts)]
    labels = pd.factorize(np.array(known, dtype="object"))[0][codes] if known else codes
    joint = labels * (int(runs["prompt"].nunique()) + 1) + pd.factorize(runs["prompt"])[0] + 1
    cold = loads.loc[loads["cold"], _RECORD]
    if cold.empty:
        return joint
    waited = pd.MultiIndex.from_frame(runs[_RECORD].astype("str")).isin(pd.MultiIndex.from_frame(cold.astype("str")))
    return 2 * joint + waited
