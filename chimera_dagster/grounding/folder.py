"""A folder of results as claims are executed on it: its runs, its findings, and the names of its files."""

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from chimera_dagster.evidence.findings import Finding, FindingContext, detect
from chimera_dagster.evidence.findings.cold import ColdStarts
from chimera_dagster.evidence.findings.contest import Judged
from chimera_dagster.evidence.findings.contest_words import Series
from chimera_dagster.evidence.findings.outliers import Outliers
from chimera_dagster.evidence.runs import failed_runs
from chimera_dagster.grounding.rows import Rows, where
from chimera_dagster.grounding.scope import Reading, Scope
from chimera_dagster.schemas import TTFT

_AGGREGATES = {
    None: ("geometric mean", "mean", "median"),
    "mean": ("geometric mean", "mean"),
    "range": ("min", "max"),
}


class Folder:
    """`files` and `measurements` are schemas.BenchmarkFiles and schemas.Measurements."""

    def __init__(self, files: pd.DataFrame, measurements: pd.DataFrame) -> None:
        self.files = files
        self.data = FindingContext(files, measurements)
        self.failed = failed_runs(measurements, self.data.duplicates)
        self._stamps = measurements["timestamp"]
        self._readings: dict[tuple[Scope, str | None], list[Reading]] = {}

    @cached_property
    def rows(self) -> Rows:
        raw, table = self.data.raw, self.data.table
        stated = table[(table["aggregate"].notna() & ~table["metric"].isin(list(raw["metric"].unique()))).to_numpy()]
        return Rows(raw, stated, self.records[self.records["cold"].to_numpy()])

    @cached_property
    def records(self) -> pd.DataFrame:
        """One row per run that did not fail: file, record, model, and whether it had to load the model."""
        return self.data.runs[["file", "record", "model", "cold"]]

    @cached_property
    def models(self) -> tuple[str, ...]:
        """Model tags, those with the most numbers first."""
        return tuple(str(name) for name in self.data.table["model"].value_counts().index)

    @property
    def metrics(self) -> dict[str, str]:
        """Unit by metric, of what any run or aggregate has."""
        return self.rows.units

    @property
    def params(self) -> dict[str, set[float]]:
        """Every value of each parameter and numeric condition."""
        return self.rows.levels

    @cached_property
    def findings(self) -> list[Finding]:
        return detect(self.data)

    @cached_property
    def outliers(self) -> list[Outliers]:
        return [each.about for each in self.findings if isinstance(each.about, Outliers)]

    def contests(self, metric: str) -> list[Judged]:
        """How the models compare by a metric under equal conditions, each with its tests."""
        series = [each.about for each in self.findings if each.detector == "rank_models"]
        every = [result for each in series if isinstance(each, Series) for result in each.results]
        return [each for each in every if each.contest.measure.metric == metric]

    @cached_property
    def stamps(self) -> list[str]:
        """ISO dates at which files say that something was measured, sorted."""
        texts = {str(stamp) for stamp in self._stamps.dropna().unique()}
        return sorted(text for text in texts if re.match(r"\d{4}-\d{2}-\d{2}", text))

    @cached_property
    def changed(self) -> list[str]:
        """ISO dates at which the files were changed, sorted."""
        return sorted(f"{each:%Y-%m-%d}" for each in self.files["mtime"])

    def readings(self, scope: Scope, aggregate: str | None = None) -> list[Reading]:
        """What a figure of this scope can be: each aggregate that the word allows, of each set of runs that it allows.

        Without a word for warm or cold, it may be of all runs or of the warm ones, of all conditions or of the usual.
        """
        key = (scope, aggregate)
        if key not in self._readings:
            self._readings[key] = list(self._find_readings(scope, aggregate))
        return self._readings[key]

    def _find_readings(self, scope: Scope, aggregate: str | None) -> Iterator[Reading]:
        rows = self.rows
        sets = {scope.words: rows.places(scope)}
        if scope.runs == "all":
            sets[f"{scope.words}, warm runs"] = rows.places(scope._replace(runs="warm"))
        if scope.is_whole:
            warm = rows.places(scope._replace(runs="warm"))
            sets[f"{scope.words}, warm runs, usual conditions"] = rows.usual(warm)
        for words, places in sets.items():
            for name in _AGGREGATES.get(aggregate, (aggregate or "mean",)) if len(places) else ():
                yield rows.reading(name, words, places)
        if not scope.levels and scope.files is None:
            if aggregate in (None, "median"):
                yield from self._medians(scope)
            if aggregate in (None, "mean"):
                yield from self._standings(scope)

    def _medians(self, scope: Scope) -> Iterator[Reading]:
        """Medians of cold and warm runs of equal settings, and the usual value beside which others are outliers."""
        for finding in self.findings:
            about = finding.about
            if isinstance(about, ColdStarts) and about.model == scope.model and scope.metric == TTFT:
                cold = scope.runs == "cold"
                rows, kind = (about.cold, "cold") if cold else (about.warm, "warm")
                if len(rows):
                    words = f"median {scope.metric} of {about.model}, {kind} runs of equal settings"
                    yield Reading(words, about.median(TTFT, cold=cold), "ms", len(rows), _where(rows))
            elif isinstance(about, Outliers) and (about.model, about.metric) == (scope.model, scope.metric):
                words = f"usual {scope.metric} of {about.model}, beside which {len(about.rows)} runs are far off"
                yield Reading(words, float(about.rows["usual"].iloc[0]), about.unit, about.total, _where(about.rows))

    def _standings(self, scope: Scope) -> Iterator[Reading]:
        """A model's value among the models under equal conditions."""
        for judged in self.contests(scope.metric) if scope.runs != "cold" else ():
            contest = judged.contest
            for standing in contest.standings:
                if standing.item == scope.model:
                    words = f"{contest.kind} {scope.metric} of {scope.model} under equal conditions"
                    n = 0 if np.isnan(standing.n) else int(standing.n)
                    at = f"{len(contest.setups)} shared settings"
                    yield Reading(words, standing.value, contest.measure.unit, n, at)

    @cached_property
    def experiments(self) -> dict[str, frozenset[str]]:
        """Names by which files are spoken of, in lower case with spaces: paths, folders, names and stems."""
        found: dict[str, set[str]] = {}
        for path in map(str, self.files["path"]):
            parts = PurePosixPath(path)
            for name in (*parts.parts[:-1], parts.stem, path, parts.name):
                found.setdefault(plain_name(name), set()).add(path)
        return {name: frozenset(paths) for name, paths in found.items() if name}


def plain_name(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split())


def _where(rows: pd.DataFrame) -> str:
    return where(list(rows[["file", "record"]].astype("str").itertuples(index=False, name=None)), len(rows))
