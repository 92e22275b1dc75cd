"""What claims are executed on: the evidence of one folder, indexed once."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from chimera_dagster.evidence.duplicates import duplicate_runs
from chimera_dagster.evidence.measures import LEVEL
from chimera_dagster.grounding.evidence_rows import File, FindingRow, Stated, facts_of, findings_of, own_figures
from chimera_dagster.grounding.lexicon import lexicon
from chimera_dagster.grounding.runs import Runs

_STAMP = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}:\d{2})?")


class EvidenceIndex:
    """The evidence of a folder: names, dates, statistics of its runs, tests and telemetry.

    `files`, `measurements`, `facts` and `findings` are the tables of that name. `metrics` is a trial's metrics.json,
    whose figures are then those of "this trial". `today` is the day of the report.
    """

    def __init__(
        self,
        files: pd.DataFrame,
        measurements: pd.DataFrame,
        facts: pd.DataFrame,
        findings: pd.DataFrame,
        *,
        metrics: Mapping[str, Any] | None = None,
        today: date | None = None,
        duplicates: Mapping[str, str] | None = None,
    ) -> None:
        self.files = [File(*row) for row in files[["path", "kind", "status", "mtime"]].itertuples(index=False)]
        self.today = today or datetime.now(UTC).date()
        duplicates = duplicate_runs(measurements) if duplicates is None else duplicates
        self._table, self._duplicates = measurements, duplicates
        self.runs = Runs(measurements, duplicates)
        self.facts = {fact.id: fact for fact in facts_of(facts)}
        self.findings = {each.id: each for each in findings_of(findings)}
        self.own, self.own_telemetry, self.own_model = own_figures(metrics)

    @cached_property
    def models(self) -> tuple[str, ...]:
        """Every model tag of the measurements, those with runs first."""
        named = [str(name) for name in self._table["model"].dropna().unique()]
        known = {name.casefold(): name for name in sorted(named) if name in self.runs.models}
        for name in sorted(named):
            known.setdefault(name.casefold(), name)
        return tuple(known.values())

    @cached_property
    def run_models(self) -> tuple[str, ...]:
        return tuple(name for name in self.models if name in self.runs.models)

    @cached_property
    def params(self) -> dict[str, set[float]]:
        """Every value of each parameter, of any model."""
        found: dict[str, set[float]] = {}
        for text in self._table["params"].dropna().unique():
            for name, value in json.loads(str(text)).items():
                found.setdefault(name, set()).add(float(value))
        return found

    @cached_property
    def metrics(self) -> frozenset[str]:
        """Every metric that any row of the folder has, aggregates included."""
        return frozenset(str(name) for name in self._table["metric"].unique())

    @cached_property
    def telemetry(self) -> frozenset[str]:
        """Which kinds of telemetry (lexicon.yaml) any file measured, or this trial."""
        found = {
            name
            for name, entry in lexicon().telemetry.items()
            if self.metrics & {*entry.metrics, *({"temperature"} if name == "temperature" else ())}
        } | self.own_telemetry
        return frozenset(found | ({"any"} if found & {"gpu_util", "gpu_memory", "power", "energy", "clock"} else set()))

    def telemetry_files(self, name: str) -> list[str]:
        wanted = {*lexicon().telemetry[name].metrics, *({"temperature"} if name == "temperature" else ())}
        if name == "any":
            wanted = {metric for entry in lexicon().telemetry.values() for metric in entry.metrics}
        files = self._table.loc[self._table["metric"].isin(wanted).to_numpy(), "file"]
        return sorted(str(file) for file in files.unique())

    def is_beside_runs(self, name: str) -> bool:
        """Whether a file that has this kind of telemetry also has runs of a model, or it is this trial's own."""
        return name in self.own_telemetry or not set(self.telemetry_files(name)).isdisjoint(self.runs.timed_files())

    @cached_property
    def modified(self) -> list[datetime]:
        return sorted(file.modified for file in self.files)

    @cached_property
    def measured(self) -> list[str]:
        """ISO dates and times at which files say that something was measured, sorted."""
        return sorted({found[0].replace("T", " ") for stamp in self._stamps if (found := _STAMP.match(_iso(stamp)))})

    @property
    def _stamps(self) -> list[str]:
        if "timestamp" not in self._table:
            return []
        return [str(stamp) for stamp in self._table["timestamp"].dropna().unique()]

    def stated(self, metric: str, low: float, high: float, model: str | None = None) -> list[Stated]:
        """Numbers of a metric between two values, as files state them, aggregates included; at most three."""
        table = self._table
        rows = (table["metric"] == metric).to_numpy() & table["value"].between(low, high).to_numpy()
        if model is not None:
            rows = rows & (table["model"].astype("str").str.casefold() == model.casefold()).to_numpy()
        found = table.loc[rows, ["file", "record", "value", "aggregate"]].head(3)
        return [
            Stated(str(file), str(record), float(value), None if pd.isna(aggregate) else str(aggregate))
            for file, record, value, aggregate in found.itertuples(index=False)
        ]

    @property
    def measurements(self) -> int:
        return len(self._table)

    def differ(self, metric: str, one: str, other: str) -> tuple[bool | None, str]:
        """Whether a test says that two models differ in a metric, and its finding; None where there is no test.

        The test is that of the finding `rank_models`, whose text lists only some of the pairs.
        """
        finding = next((each.id for each in self._tests("rank_models", metric)), "")
        p_value = self._model_tests.get((metric, min(one, other), max(one, other))) if finding else None
        return (None if p_value is None else p_value < LEVEL), finding

    @cached_property
    def _model_tests(self) -> Mapping[tuple[str, str, str], float]:
        """Corrected p-values of pairs of models by metric and models, as the finding `rank_models` has them."""
        from chimera_dagster.evidence.findings.contest import pair_tests  # with scipy; few claims ask
        from chimera_dagster.evidence.findings.finding_context import FindingContext
        from chimera_dagster.evidence.findings.ranking import model_contests

        no_files = pd.DataFrame({"path": pd.Series(dtype="str")})  # the ranking reads measurements alone
        return pair_tests(model_contests(FindingContext(no_files, self._table, self._duplicates)))

    def effect(self, metric: str, model: str, name: str) -> tuple[bool | None, str]:
        """Whether a test says that a parameter changes a metric of a model; None where there is no test."""
        for each in self._tests("parameter_effects", metric):
            if each.subject == f"{name} of {model}":
                return (each.p_value or 0.0) < LEVEL, each.id
        return None, ""

    def _tests(self, detector: str, metric: str) -> Iterator[FindingRow]:
        for each in self.findings.values():
            if each.detector == detector and each.p_value is not None and each.metrics[:1] == (metric,):
                yield each

    @cached_property
    def stems(self) -> dict[str, str]:
        """Last part of a path, with and without its ending, in lower case -> path."""
        found: dict[str, str] = {}
        for file in self.files:
            path = PurePosixPath(file.path)
            for name in (path.name, path.stem):
                found.setdefault(name.lower(), file.path)
        return found


def _iso(stamp: str) -> str:
    """A timestamp as written, a number of seconds since 1970 as a date."""
    if re.fullmatch(r"\d{9,10}(?:\.\d+)?", stamp):
        return datetime.fromtimestamp(float(stamp), UTC).isoformat()
    return stamp


def index_evidence(
    files: pd.DataFrame,
    measurements: pd.DataFrame,
    statistics: pd.DataFrame,
    *,
    metrics: Mapping[str, Any] | None = None,
    today: date | None = None,
    duplicates: Mapping[str, str] | None = None,
) -> EvidenceIndex:
    """The index of tables whose facts and findings are not at hand: they are made first."""
    from chimera_dagster.evidence.fact_table import find_facts
    from chimera_dagster.evidence.findings import find_findings

    duplicates = duplicate_runs(measurements) if duplicates is None else duplicates
    facts = find_facts(files, statistics, measurements, duplicates=duplicates)
    return EvidenceIndex(
        files,
        measurements,
        facts,
        find_findings(files, measurements, duplicates),
        metrics=metrics,
        today=today,
        duplicates=duplicates,
    )
