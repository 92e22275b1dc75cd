"""What the rules read: the findings with the objects they were stated from, and the data of the folder."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, cached_property
from typing import Generic, NamedTuple, TypeVar

import pandas as pd

from chimera_dagster.evidence.findings.contest import Contest, Judged
from chimera_dagster.evidence.findings.contest_words import Series
from chimera_dagster.evidence.findings.finding import Finding
from chimera_dagster.evidence.findings.finding_context import FindingContext
from chimera_dagster.evidence.measures import FURTHER, HEADLINES, MEASURES, SCORES, SERVER, Measure
from chimera_dagster.evidence.setups import Setup, canonical, said
from chimera_dagster.evidence.spellings import pairs_alike
from chimera_dagster.notes.naming import files_of_one
from chimera_dagster.notes.phrase import Phrase, model, phrase, subject
from chimera_dagster.schemas import TTFT

# The order in which measures answer the question which model to choose
QUESTIONS = (HEADLINES[1], HEADLINES[0], SERVER, *SCORES, *FURTHER)


_About = TypeVar("_About")


class Found(NamedTuple, Generic[_About]):
    """A finding, its id, and the object that it was stated from."""

    id: str
    finding: Finding
    about: _About


class NoteContext:
    """`findings` are in the order of their ids: the first is D1. `data` is what they were found in."""

    def __init__(self, data: FindingContext, findings: Sequence[Finding], facts: Callable[[], pd.DataFrame]) -> None:
        self.data, self.findings, self._facts = data, findings, facts

    @cached_property
    def facts(self) -> pd.DataFrame:
        """schemas.Facts, computed when they are first needed: that takes as long as the findings."""
        return self._facts()

    def found(self, detector: str, of: type[_About]) -> Iterator[Found[_About]]:
        """The findings of a detector that are about such an object, in their order."""
        for number, finding in enumerate(self.findings, start=1):
            if finding.detector == detector and isinstance(finding.about, of):
                yield Found(f"D{number}", finding, finding.about)

    @cached_property
    def rankings(self) -> dict[Measure, list[tuple[str, Judged]]]:
        """Contests between models by measure, each with its finding's id: the one that says most first.

        Without those of names that may be one model: it would be compared with itself.
        """
        found: dict[Measure, list[tuple[str, Judged]]] = {}
        for each in self.found("rank_models", Series):
            for result in each.about.results:
                items = set(_items(result.contest))
                if any(pair <= items for pair in self.one_model):
                    continue
                found.setdefault(result.contest.measure, []).append((each.id, result))
        for results in found.values():
            results.sort(key=lambda pair: _says_most(pair[1].contest))
        return {measure: found[measure] for measure in MEASURES if measure in found}

    @cached_property
    def one_model(self) -> frozenset[frozenset[str]]:
        """Pairs of names that may mean one model, and that no file has beside each other."""
        pairs = pairs_alike(self.models)
        named = {name for pair in pairs for name in pair}
        rows = self.data.table.loc[self.data.table["model"].isin(list(named)).to_numpy(), ["file", "model"]]
        files = rows.drop_duplicates().groupby("model", observed=True)["file"].agg(set).to_dict() if pairs else {}
        return frozenset(pair for pair in pairs if set.isdisjoint(*(files[name] for name in pair)))

    @cached_property
    def models(self) -> list[str]:
        """Every model with a measured or stated value of a known measure, in alphabetical order."""
        return sorted({cell.model for measure in MEASURES for cell in self.data.cells(measure)})

    @cached_property
    def named(self) -> list[str]:
        """Every model that is named together with a known metric, in alphabetical order."""
        rows = self.data.measured
        return sorted(str(name) for name in rows.loc[rows["unit"].notna().to_numpy(), "model"].dropna().unique())

    def who(self, name: str, *, alone: bool = True) -> Phrase:
        """The model as the subject of a sentence: its name, or `the unnamed model of a.csv`.

        Not `alone`: no sentence about it alone follows.
        """
        unnamed = self.data.unnamed.get(name)
        if unnamed is None:
            return (subject(name) if alone else model(name),)
        return phrase("the unnamed model of {f}", f=files_of_one(unnamed))

    def models_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those that files name, each once."""
        return tuple(name for name in dict.fromkeys(names) if name not in self.data.unnamed)

    @cached_property
    def said(self) -> frozenset[str]:
        """The conditions that tell the setups of the folder apart."""
        return self.said_of(self._setups)

    def said_of(self, models: Iterable[str]) -> frozenset[str]:
        """The conditions that a sentence about one setup of these models names, as they have others with other values.

        Loads and lengths are named in any case, unless they are zero.
        """
        return self._said_of(tuple(models))

    @cached_property
    def _said_of(self) -> Callable[[tuple[str, ...]], frozenset[str]]:
        @cache
        def said_of(models: tuple[str, ...]) -> frozenset[str]:
            found: dict[str, Setup] = {}
            for name in models:
                found |= self._setups.get(name, {})
            setups = [*found.values()]
            somewhere_set = {name for setup in setups for name, value in setup.items() if value}
            everywhere_zero = {name for setup in setups for name in setup} - somewhere_set
            return said(setups) - everywhere_zero

        return said_of

    @cached_property
    def _setups(self) -> dict[str, dict[str, Setup]]:
        """The setups of each model, by their canonical JSON."""
        found: dict[str, dict[str, Setup]] = {}
        for measure in MEASURES:
            for cell in (*self.data.cells(measure), *self.data.unnamed_cells(measure)):
                found.setdefault(cell.model, {}).setdefault(canonical(cell.setup), cell.setup)
        return found

    @cached_property
    def measured(self) -> frozenset[str]:
        """Every metric of the vocabulary that some file has."""
        table = self.data.table
        return frozenset(str(name) for name in table.loc[table["unit"].notna().to_numpy(), "metric"].unique())

    @cached_property
    def size(self) -> tuple[int, int]:
        """How many runs and files there are to speak of: files that were read, without copies."""
        return len(self.data.runs), len(self.read)

    @cached_property
    def read(self) -> pd.DataFrame:
        """Rows of schemas.BenchmarkFiles with measurements."""
        files = self.data.files
        return files[(files["measurements"] > 0).to_numpy()]

    def largest(self, condition: str) -> float:
        """The largest value of a condition or metric of that name, 0 if no file has it."""
        conditions = (json.loads(text).get(condition) for text in self.data.table["conditions"].cat.categories)
        table = self.data.table
        values = table.loc[(table["metric"] == condition).to_numpy(), "value"]
        known = [float(value) for value in conditions if isinstance(value, int | float)]
        return max([*known, float(values.max()) if len(values) else 0.0], default=0.0)

    @cached_property
    def cpu(self) -> pd.DataFrame:
        """Rows of files that say that they are of a CPU, or of a machine without a GPU; none if a row names a GPU.

        They say so by the condition `device`, or by a `gpu_count` of 0.
        """
        rows = self.data.table[~self.data.table["error"].to_numpy("bool")]
        nothing = rows.iloc[:0]
        if rows["gpu"].notna().any():
            return nothing
        of_cpu: list[str] = []
        for text in rows["conditions"].astype("str").unique():
            setup = json.loads(text)
            device, gpus = str(setup.get("device", "")).casefold(), setup.get("gpu_count")
            if device not in ("", "cpu") or (isinstance(gpus, int | float) and gpus > 0):
                return nothing
            if device == "cpu" or gpus == 0:
                of_cpu.append(text)
        return rows[rows["conditions"].isin(of_cpu).to_numpy()]

    @cached_property
    def on_cpu(self) -> bool:
        """Whether a CPU measured every value that models are compared by, or a file says that there is no GPU."""
        compared = [measure.metric for measure in MEASURES]
        rows, of_cpu = self.data.table, self.cpu
        total = int((rows["metric"].isin(compared) & ~rows["error"]).sum())
        without_gpu = of_cpu.loc[~of_cpu["metric"].isin(compared).to_numpy(), "conditions"].astype("str")
        if any(json.loads(text).get("gpu_count") == 0 for text in without_gpu.unique()):
            return True
        return 0 < total == int(of_cpu["metric"].isin(compared).sum())

    @cached_property
    def cold(self) -> pd.DataFrame:
        """Runs that name a model and had to load it, with a positive time to first token."""
        runs = self.data.runs
        return runs[(runs["model"].notna() & runs["cold"] & (runs[TTFT] > 0)).to_numpy()]

    def may_be_cold(self, contest: Contest) -> bool:
        """Whether it compares means of the time to first token that files state, and cold starts are known here."""
        is_mean = contest.stated and contest.kind in ("mean", "value") and contest.measure.metric == TTFT
        return is_mean and not self.cold.empty

    def loads_seen(self, models: Sequence[str]) -> bool:
        """Whether some run of each of these models had to load it, so that `once loaded` means something."""
        cold = self.data.runs[self.data.runs["cold"].to_numpy()]["model"].astype("object").unique()
        return bool(models) and set(models) <= set(cold)


def _items(contest: Contest) -> list[str]:
    return [standing.item for standing in contest.standings]


def _says_most(contest: Contest) -> tuple[object, ...]:
    """Tested before untested, then by models, runs and setups."""
    return contest.how == "plain", -len(contest.standings), -contest.n, -len(contest.setups)
