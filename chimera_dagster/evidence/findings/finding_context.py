"""What the detectors read: the measurements of a folder, prepared once."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chimera_dagster.evidence.cold_runs import is_cold
from chimera_dagster.evidence.duplicates import duplicate_runs
from chimera_dagster.evidence.fact_context import model_words
from chimera_dagster.evidence.findings.cells import Cell, Placed, cells_of, placed
from chimera_dagster.evidence.measures import MEASURES, Measure
from chimera_dagster.evidence.prompt_cache import CACHED_TOKENS, COLD_TTFT, cache_of_prompts
from chimera_dagster.evidence.runs import PROMPT_LABELS, natural, repeats_stated, spellings
from chimera_dagster.evidence.sessions import sessions_of_files, sessions_of_runs
from chimera_dagster.evidence.sittings import sittings_of_files, spans_of_files, times_of_records
from chimera_dagster.evidence.stated import stated_values
from chimera_dagster.evidence.unnamed_models import one_model_each
from chimera_dagster.schemas import DECODE, FAILED, LOAD, TTFT

PROMPT_EVAL, EVAL, TOTAL = "prompt_eval_ms", "eval_ms", "total_ms"
PROMPT_TOKENS, OUTPUT_TOKENS = "prompt_tokens", "output_tokens"
_PARTS = (LOAD, PROMPT_EVAL, EVAL, TOTAL, PROMPT_TOKENS, OUTPUT_TOKENS, COLD_TTFT, CACHED_TOKENS)
WIDE = (*(measure.metric for measure in MEASURES), *_PARTS)
TIMED = (DECODE, TTFT, "e2e_ms", EVAL, TOTAL, "latency_ms")  # a record with one of them is a run

_ABOUT = ("file", "record", "model", "backend", "gpu", "conditions", "params", "labels", "prompt")
_TEXTS = (*_ABOUT, "metric", "unit", "original_name", "original_unit", "aggregate", "derived", "doubt")
_NUMBERS = ("value", "n", "error")


class FindingContext:
    """`files` is schemas.BenchmarkFiles by path; `table` is schemas.Measurements, text columns categorical.

    Rows of `table` and of everything made from it are in the order of file, record (row 2 before row 10), metric,
    original name and value, whatever the order given. `spelled` has models and the names that are counted as theirs,
    see `with_one_spelling`.
    """

    def __init__(
        self,
        files: pd.DataFrame,
        measurements: pd.DataFrame,
        duplicates: Mapping[str, str] | None = None,
        spelled: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.spelled = spelled or {}
        self.files = files.sort_values("path", ignore_index=True)
        self.names = [str(name) for name in measurements["model"].dropna().unique()]  # as the files spell them
        self.measured = _ordered(measurements)
        doubtful = self.measured["doubt"].notna()
        self.doubtful = self.measured[doubtful.to_numpy()]
        self.table = self.measured[~doubtful.to_numpy()]
        self.duplicates: Mapping[str, str] = duplicate_runs(measurements) if duplicates is None else duplicates
        self._cells: dict[str, list[Cell]] = {}
        self._spans = spans_of_files(measurements)
        self._times = times_of_records(measurements[(measurements["metric"] == DECODE).to_numpy()])
        self._unnamed_cells: dict[str, list[Cell]] = {}

    @cached_property
    def recorded(self) -> pd.DataFrame:
        """Raw numbers of records that did not fail, duplicate runs included: what a file says of its own runs.

        Of a number that the file states and code derived too, the stated one.
        """
        table = self.table
        rows = table[(table["aggregate"].isna() & ~table["error"] & (table["metric"] != FAILED)).to_numpy()]
        return rows[~repeats_stated(rows)]

    @cached_property
    def raw(self) -> pd.DataFrame:
        """`recorded` without duplicate runs: every run once."""
        return (
            self.recorded[~self.recorded["file"].isin(list(self.duplicates)).to_numpy()]
            if self.duplicates
            else self.recorded
        )

    @cached_property
    def stated(self) -> pd.DataFrame:
        """Aggregates of runs that no file lists, see `stated_values`, with the `session` and `sitting` of each."""
        found = stated_values(self.table, self.raw, self.duplicates)
        files = [str(file) for file in found["file"]]
        sittings = [self.sittings.get(file, -1) for file in files]
        found = found.assign(session=[self.sessions[file] for file in files], sitting=sittings)
        return found.astype({"file": "category", "record": "category"})

    @cached_property
    def sessions(self) -> dict[str, int]:
        """The session of each file with measurements; see `sessions_of_files`."""
        return sessions_of_files((str(file) for file in self.measured["file"].cat.categories), self._spans)

    @cached_property
    def sittings(self) -> dict[str, int]:
        """The sitting of each file with timestamps; see `sittings_of_files`."""
        return sittings_of_files(self._spans)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row per raw record with a number of WIDE in its unit, those metrics as columns, of any model or none.

        If a record states a metric more than once, its first by original name counts. Further columns: `asked`, a code
        that is equal if the prompt is; `setting`, one that is equal if the conditions are too; `cold`, whether the
        model had to be loaded; `prompt_cache`, `fresh_ms` and `fresh_once`, see `cache_of_prompts`;
        `session`, a code for what was measured in one go, see `sessions_of_runs`;
        `sitting`, that of its file, -1 without one.
        """
        return _wide(self.raw, self.sessions, self.sittings)

    def times_of(self, runs: pd.DataFrame) -> NDArray[np.float64]:
        """The timestamp of each run with a decode rate in seconds since 1970, NaN without one."""
        names = zip(runs["file"].astype("str"), runs["record"].astype("str"), strict=True)
        return np.array([self._times.get(name, np.nan) for name in names], dtype="float64")

    @cached_property
    def every_run(self) -> pd.DataFrame:
        """`runs` with the values in doubt, for what finds out why they are."""
        if self.doubtful.empty:
            return self.runs
        rows = self.measured[(self.measured["aggregate"].isna() & ~self.measured["error"]).to_numpy()]
        return _wide(rows[~rows["file"].isin(list(self.duplicates)).to_numpy()], self.sessions, self.sittings)

    @cached_property
    def warm(self) -> pd.DataFrame:
        """`runs` that name a model, without those that had to load it."""
        return self.runs[(self.runs["model"].notna() & ~self.runs["cold"]).to_numpy()]

    def cells(self, measure: Measure) -> list[Cell]:
        """Every model and setup with values of the measure; see `cells_of`."""
        if measure.metric not in self._cells:
            self._cells[measure.metric] = cells_of(*self._placed, measure)
        return self._cells[measure.metric]

    @cached_property
    def _placed(self) -> tuple[Placed, Placed]:
        return placed(self.runs), placed(self.stated)

    @cached_property
    def unnamed(self) -> dict[str, tuple[str, ...]]:
        """Files with measurements none of which names a model, by the words for the model of each, or of several.

        What such files say of an engine or a quantization is of one model, whichever it is; see `one_model_each`.
        """
        return {model_words(None, files_words(files)): files for files in one_model_each(self.measured)}

    def unnamed_cells(self, measure: Measure) -> list[Cell]:
        """As `cells`, of the models of the files in `unnamed`: the words for one are its name."""
        if not self.unnamed:
            return []
        if measure.metric not in self._unnamed_cells:
            runs, stated = (_with_words(rows, self.unnamed) for rows in (self.runs, self.stated))
            self._unnamed_cells[measure.metric] = cells_of(placed(runs), placed(stated), measure)
        return self._unnamed_cells[measure.metric]

    def of_models(self, metric: str) -> list[tuple[str, pd.DataFrame]]:
        """Warm runs with a positive `metric`, by model in their order."""
        rows = self.warm[(self.warm[metric] > 0).to_numpy()]
        return [(str(model), group) for model, group in rows.groupby("model", observed=True)]


def files_words(files: Sequence[str]) -> str:
    """`a.csv`, `results: 12 files` for files of one folder."""
    folder = files[0].rpartition("/")[0]
    return files[0] if len(files) == 1 else f"{folder}: {len(files)} files" if folder else f"{len(files)} files"


def _with_words(rows: pd.DataFrame, unnamed: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The rows of files that name no model, with the words for it as its name."""
    words = {file: name for name, files in unnamed.items() for file in files}
    kept = rows[rows["file"].isin(list(words)).to_numpy()]
    return kept.assign(model=[words[str(file)] for file in kept["file"]])


def _wide(raw: pd.DataFrame, sessions: Mapping[str, int], sittings: Mapping[str, int]) -> pd.DataFrame:
    """One row per record, see FindingContext.runs."""
    codes = raw["metric"].cat.categories.get_indexer(pd.Index(WIDE))
    metric = raw["metric"].cat.codes.to_numpy()
    rows = raw[np.isin(metric, codes[codes >= 0]) & raw["unit"].notna().to_numpy()]
    starts = _changes(rows, ("file", "record"))
    run = np.cumsum(starts) - 1
    wide = rows.loc[starts, [*_ABOUT]]
    wide = wide.reset_index(drop=True)
    metric, value = rows["metric"].cat.codes.to_numpy(), rows["value"].to_numpy("float64")
    for name, code in zip(WIDE, codes.tolist(), strict=True):
        column = np.full(len(wide), np.nan)
        chosen = np.flatnonzero(metric == code)[::-1] if code >= 0 else np.array([], dtype="int64")
        column[run[chosen]] = value[chosen]
        wide[name] = column
    wide["asked"] = joined_codes([_prompt_labels(wide["labels"]), _codes(wide["prompt"])])
    wide["setting"] = joined_codes([_codes(wide["conditions"]), wide["asked"].to_numpy()])
    wide["cold"] = is_cold(wide)
    cache = cache_of_prompts(wide)
    wide["prompt_cache"], wide["fresh_ms"] = cache.kind, cache.fresh
    wide["fresh_once"] = cache.once
    wide["session"] = sessions_of_runs(wide, sessions)
    of_file = [sittings.get(str(file), -1) for file in wide["file"].cat.categories]
    wide["sitting"] = np.array(of_file, dtype="int64")[_codes(wide["file"])]
    return wide


def _ordered(measurements: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame(index=pd.RangeIndex(len(measurements)))
    for name in (*_TEXTS, *_NUMBERS):
        column = measurements[name].reset_index(drop=True)
        table[name] = column if name in _NUMBERS else _categorical(column, counted=name == "record")
    found = spellings(table["model"].cat.categories)
    if found:
        table["model"] = _categorical(table["model"].astype("str").replace(found), counted=False)
    file, record, metric, original = (
        table[name].cat.codes.to_numpy("int64") for name in ("file", "record", "metric", "original_name")
    )
    major = file * (int(record.max(initial=0)) + 1) + record
    minor = metric * (int(original.max(initial=0)) + 2) + original
    aggregate, value = table["aggregate"].cat.codes.to_numpy(), table["value"].to_numpy("float64")
    return table.take(np.lexsort((value, aggregate, minor, major))).reset_index(drop=True)


def _categorical(column: "pd.Series[Any]", *, counted: bool) -> "pd.Series[Any]":
    """Sorted categories without unused ones, so that codes depend on the values alone."""
    found = column.astype("category").cat.remove_unused_categories()
    names = [str(name) for name in found.cat.categories]
    order = sorted(
        range(len(names)), key=lambda place: (natural(names[place]), names[place]) if counted else names[place]
    )
    places = np.empty(len(names) + 1, dtype="int32")
    places[order] = np.arange(len(names))
    places[-1] = -1  # the code of null
    codes = places[found.cat.codes.to_numpy()]
    return pd.Series(pd.Categorical.from_codes(codes, pd.Index([names[place] for place in order], dtype="str")))


def _changes(rows: pd.DataFrame, names: Sequence[str]) -> NDArray[np.bool_]:
    """Where a row differs from the one before it in one of the categorical columns."""
    changed = np.zeros(len(rows), dtype=bool)
    changed[:1] = True
    for name in names:
        codes = rows[name].cat.codes.to_numpy()
        changed[1:] |= codes[1:] != codes[:-1]
    return changed


def joined_codes(columns: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """One code for each combination of codes, numbered from 0 in the order of their sorted values."""
    joint = np.zeros(len(columns[0]), dtype="int64")
    for column in columns:
        _, codes = np.unique(column, return_inverse=True)
        _, joint = np.unique(joint * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)
    return joint.astype("int64")


def slices_of_files(rows: pd.DataFrame) -> dict[str, slice]:
    """Where the rows of each file stand in `rows`, which are in the order of `FindingContext.table`."""
    starts = np.flatnonzero(_changes(rows, ("file",)))
    names = rows["file"].cat.categories[rows["file"].cat.codes.to_numpy()[starts]]
    ends = [*starts.tolist(), len(rows)]
    return {str(name): slice(ends[place], ends[place + 1]) for place, name in enumerate(names)}


def joint_codes(frame: pd.DataFrame, names: Sequence[str]) -> NDArray[np.int64]:
    """One code for each combination of the columns' values, null being a value."""
    columns: list[NDArray[np.int64]] = [
        _codes(frame[name])
        if isinstance(frame[name].dtype, pd.CategoricalDtype)
        else frame[name].to_numpy().astype("int64")
        for name in names
    ]
    return joined_codes(columns)


def _codes(column: "pd.Series[Any]") -> NDArray[np.int64]:
    return column.cat.codes.to_numpy().astype("int64")


def _prompt_labels(labels: "pd.Series[Any]") -> NDArray[np.int64]:
    kept = [json.dumps([found.get(name) for name in PROMPT_LABELS]) for found in map(json.loads, labels.cat.categories)]
    codes = pd.factorize(np.asarray(kept, dtype="object"), sort=True)[0]
    return codes[labels.cat.codes.to_numpy()] if kept else np.zeros(len(labels), dtype="int64")
