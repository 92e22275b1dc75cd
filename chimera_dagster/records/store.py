"""The only module that makes paths below the data folder and writes there: every file appears whole or not at all.

<data dir>/tables/<name>.parquet      the unpartitioned tables
<data dir>/tables/ingest.json         which folder was ingested, its digest, and how long that took
<data dir>/tables/summary.json        the data summary as every report shows it
<data dir>/tables/snapshot.json       the state of the reports folder when Dagster's sensor last checked it
<data dir>/brief.html, brief.md       what code says about the reports folder
<data dir>/runs/index.html, index.md  all trials with their reports
<data dir>/runs/concurrency.json, .md  what concurrent agents gain over the same agents one after the other
<data dir>/runs/comparison.json, .csv  all trials compared
<data dir>/runs/baseline.json         the comparison that later ones are compared with, if one was saved
<data dir>/runs/<model>/<params>/     one trial: trial.json, outcome.json, calls.parquet, telemetry.parquet,
                                      metrics.json, report.md, report.html, report.json; failures.json of runs
                                      that failed; round-<n>.json and telemetry-<n>.parquet of each later round
"""

import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandera.pandas import DataFrameModel
from pydantic import BaseModel

from chimera_dagster.errors import DamagedFileError, NotIngestedError, UnknownTrialError
from chimera_dagster.files.opening import read_bytes
from chimera_dagster.records.reading import read_document, read_file, read_footer, read_parquet
from chimera_dagster.records.whole_files import replacing
from chimera_dagster.schemas import (
    BenchmarkFiles,
    DataSummary,
    Effects,
    Facts,
    Findings,
    Measurements,
    Notes,
    Standings,
    Table,
    Trials,
)
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.spec.trial import ModelTag, ParamSet, Trial, model_slug
from chimera_dagster.text.foreign import shown

T = TypeVar("T", bound=BaseModel)
_GROUP_ROWS = 65_536  # of a table that is written in pieces: how many rows are in memory at once
_STAMP = "chimera."  # before the names of what is stored beside the rows of a table
_REGISTER_AGAIN = "Run 'chimera sweep', which writes it again if the sweep file has this trial; else remove its folder."
INGEST_AGAIN = "Run 'chimera ingest', which writes it again."
INGESTED: dict[str, type[Table]] = {  # the tables that 'chimera ingest' writes
    "benchmark_files": BenchmarkFiles,
    "measurements": Measurements,
    "data_summary": DataSummary,
    "facts": Facts,
    "findings": Findings,
    "notes": Notes,
}
COMPARED: dict[str, type[Table]] = {"trials": Trials, "standings": Standings, "effects": Effects}


class _Named(BaseModel):
    """The part of trial.json that names the trial."""

    model: ModelTag
    params: ParamSet


class TrialFolder(NamedTuple):
    """Paths of one trial's files."""

    path: Path

    @property
    def plan(self) -> Path:
        return self.path / "trial.json"

    @property
    def failures(self) -> Path:
        return self.path / "failures.json"

    @property
    def outcome(self) -> Path:
        return self.path / "outcome.json"

    @property
    def calls(self) -> Path:
        return self.path / "calls.parquet"

    @property
    def telemetry(self) -> Path:
        return self.path / "telemetry.parquet"

    def round(self, number: int) -> Path:
        """What a later round added to the ledger; it is written last of that round's files."""
        return self.path / f"round-{number}.json"

    def round_telemetry(self, number: int) -> Path:
        return self.path / f"telemetry-{number}.parquet"

    def rounds(self) -> list[Path]:
        """The files of all later rounds, also of those that belong to an earlier measurement."""
        return sorted(self.path.glob("round-*.json"))

    def forget_rounds(self) -> None:
        """Remove the files of all later rounds."""
        for path in (*self.rounds(), *self.path.glob("telemetry-*.parquet")):
            path.unlink(missing_ok=True)

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.json"

    @property
    def report(self) -> Path:
        return self.path / "report.md"

    @property
    def page(self) -> Path:
        return self.path / "report.html"

    @property
    def published(self) -> Path:
        return self.path / "report.json"


@dataclass(frozen=True)
class Store:
    """The files of one data folder."""

    data_dir: Path

    @property
    def tables(self) -> Path:
        return self.data_dir / "tables"

    @property
    def runs(self) -> Path:
        return self.data_dir / "runs"

    @property
    def brief(self) -> Path:
        return self.data_dir / "brief.md"

    @property
    def index(self) -> Path:
        return self.runs / "index.html"

    @property
    def comparison(self) -> Path:
        return self.runs / "comparison.json"

    @property
    def baseline(self) -> Path:
        return self.runs / "baseline.json"

    @property
    def concurrency(self) -> Path:
        return self.runs / "concurrency.json"

    def folder(self, model: str, params_key: str) -> TrialFolder:
        return TrialFolder(self.runs / model_slug(model) / params_key)

    def folder_of(self, trial: Trial) -> TrialFolder:
        return self.folder(trial.model, trial.params.key)

    def register(self, plan: TrialPlan) -> None:
        """Store what a partition key stands for. Idempotent; a newer spec replaces an older one."""
        path = self.folder_of(plan.trial).plan
        text = plan.model_dump_json(indent=2) + "\n"
        try:
            is_same = read_bytes(path) == text.encode()
        except OSError:
            is_same = False
        if not is_same:
            write_text(path, text)

    def holds(self, models: Iterable[str], params_keys: Iterable[str]) -> bool:
        """Whether all trials of these models and parameter sets were registered, by the names of the folders."""
        wanted = set(params_keys)
        folders = [self.runs / model_slug(model) for model in models]
        return all(folder.is_dir() and wanted <= {path.name for path in folder.iterdir()} for folder in folders)

    def plan(self, model: str, params_key: str) -> TrialPlan:
        """What a partition key stands for. Raises UnknownTrialError, DamagedFileError."""
        path = self.folder(model, params_key).plan
        try:
            return read_document(path, TrialPlan, _REGISTER_AGAIN)
        except FileNotFoundError:
            known = ", ".join(sorted(trial.key for trial in self.trials())) or "none"
            raise UnknownTrialError(
                f"No sweep has the trial {shown(f'{model}|{params_key}')}.",
                hint=f"Known: {known}. Add it to sweep.yaml.",
            ) from None

    def trials(self) -> list[Trial]:
        """Every registered trial, sorted by its folder; without its spec, which is slow to read.

        One whose trial.json is damaged is left out; `damaged_plans` names it.
        """
        return list(self.trials_by_folder().values())

    def trials_by_folder(self) -> dict[TrialFolder, Trial]:
        """`trials` by their folders, so that a caller need not compute 10,000 keys again."""
        found = {TrialFolder(path.parent): _read_or_none(path, _Named) for path in self._plan_paths()}
        return {folder: Trial(named.model, named.params) for folder, named in found.items() if named}

    def plans(self) -> list[TrialPlan]:
        """Every registered trial, sorted by its folder, but for those of which trial.json is damaged."""
        found = (_read_or_none(path, TrialPlan) for path in self._plan_paths())
        return [plan for plan in found if plan]

    def damaged_plans(self, *, with_specs: bool = False) -> dict[Path, DamagedFileError]:
        """Why `trials` leaves a trial out, by its trial.json; `with_specs`: why `plans` does."""
        kind = TrialPlan if with_specs else _Named
        return {path: error for path in self._plan_paths() if (error := _problem(path, kind))}

    def _plan_paths(self) -> list[Path]:
        found = (folder / "trial.json" for folder in self.runs.glob("*/*"))
        return sorted(path for path in found if os.path.lexists(path))  # also a link that leads nowhere

    def write_table(
        self, name: str, frame: pd.DataFrame, schema: type[DataFrameModel], stamp: Mapping[str, str] | None = None
    ) -> Path:
        """Validate and write a table, `stamp` in its metadata. Raises pandera's SchemaErrors before it writes."""
        return write_table(self.table_path(name), frame, schema, stamp)

    @contextmanager
    def table_writer(self, name: str, schema: type[DataFrameModel]) -> Generator["TableWriter"]:
        """As `write_table`, piece by piece, for a table too large for memory; after an error the old table stays."""
        with replacing(self.table_path(name)) as scratch, TableWriter(scratch, schema) as writer:
            yield writer

    def table_path(self, name: str) -> Path:
        return self.tables / f"{name}.parquet"

    def read_table(self, name: str, *, categories: bool = False) -> pd.DataFrame:
        """A table; with `categories` its texts are categorical, which takes a tenth of the memory if they repeat.

        Raises NotIngestedError if the table was not written yet, DamagedFileError if it is not whole or of another
        version.
        """
        path = self._existing(self.table_path(name))
        return read_parquet(path, (INGESTED | COMPARED)[name], INGEST_AGAIN, categories=categories)

    def stamp_of(self, name: str) -> Mapping[str, str]:
        """What is stored beside the rows of a table of `INGESTED`. Raises NotIngestedError, DamagedFileError."""
        found = read_footer(self._existing(self.table_path(name)), INGESTED[name], INGEST_AGAIN).metadata or {}
        return {
            key.decode().removeprefix(_STAMP): value.decode(errors="replace")
            for key, value in found.items()
            if key.startswith(_STAMP.encode())
        }

    def write_json(self, name: str, value: BaseModel) -> Path:
        return write_text(self.tables / f"{name}.json", value.model_dump_json(indent=2) + "\n")

    def read_json(self, name: str, kind: type[T]) -> T:
        """Raises NotIngestedError if the file was not written yet, DamagedFileError if it can't be read."""
        return read_document(self._existing(self.tables / f"{name}.json"), kind, INGEST_AGAIN)

    def has_json(self, name: str) -> bool:
        return os.path.lexists(self.tables / f"{name}.json")

    def read_comparison(self) -> bytes:
        """Raises NotIngestedError if trials were not compared yet."""
        if not os.path.lexists(self.comparison):
            raise NotIngestedError(f"{self.comparison} is missing.", hint="Run 'chimera compare' first.")
        return read_file(self.comparison, "Run 'chimera compare', which writes it again.")

    @staticmethod
    def _existing(path: Path) -> Path:
        if not os.path.lexists(path):  # a link that leads nowhere is there, and is damage
            raise NotIngestedError(f"{path} is missing: nothing was ingested yet.", hint="Run 'chimera ingest' first.")
        return path


def _read_or_none(path: Path, kind: type[T]) -> T | None:
    try:
        return read_document(path, kind, _REGISTER_AGAIN)
    except (FileNotFoundError, DamagedFileError):
        return None


def _problem(path: Path, kind: type[BaseModel]) -> DamagedFileError | None:
    try:
        read_document(path, kind, _REGISTER_AGAIN)
    except FileNotFoundError:
        return None
    except DamagedFileError as error:
        return error
    return None


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text under a temporary name and rename it; returns `path`."""
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8")
    return path


def write_table(
    path: Path, frame: pd.DataFrame, schema: type[DataFrameModel], stamp: Mapping[str, str] | None = None
) -> Path:
    """Validate `frame` against `schema`, then write it as Parquet under a temporary name and rename it."""
    table = _validated(frame, schema)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **_about(stamp or {})})
    with replacing(path) as scratch:
        pq.write_table(table, scratch, write_page_checksum=True)
    return path


def parquet_of(frame: pd.DataFrame, schema: type[DataFrameModel]) -> bytes:
    """The content of a Parquet file of `frame`, which is validated against `schema`."""
    buffer = pa.BufferOutputStream()
    pq.write_table(_validated(frame, schema), buffer, write_page_checksum=True)
    return buffer.getvalue().to_pybytes()


def _validated(frame: pd.DataFrame, schema: type[DataFrameModel]) -> pa.Table:
    return pa.Table.from_pandas(schema.validate(frame, lazy=True), preserve_index=False)


class TableWriter:
    """Writes a Parquet file in groups of rows, each validated against `schema`. At least one table must be added."""

    def __init__(self, path: Path, schema: type[DataFrameModel]) -> None:
        self._path, self._schema = path, schema
        self._waiting: list[pa.Table] = []
        self._writer: pq.ParquetWriter | None = None

    def add(self, table: pa.Table) -> None:
        """Append rows. Raises pandera's SchemaErrors, at once or later."""
        self._waiting.append(table)
        if sum(map(len, self._waiting)) >= _GROUP_ROWS:
            self._write()

    def stamp(self, stamp: Mapping[str, str]) -> None:
        """Write what is still waiting, and store `stamp` beside the rows; the last call."""
        self._write().add_key_value_metadata(_about(stamp))

    def _write(self) -> pq.ParquetWriter:
        writer = self._writer
        if self._waiting:
            group = pa.concat_tables(self._waiting)
            self._waiting.clear()
            self._schema.validate(group.to_pandas(), lazy=True)
            if writer is None:
                writer = self._writer = pq.ParquetWriter(self._path, group.schema, write_page_checksum=True)
            writer.write_table(group, row_group_size=len(group) or None)
        assert writer is not None, "no table was added"
        return writer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._writer is not None:
            self._writer.close()


def _about(stamp: Mapping[str, str]) -> dict[str, str]:
    return {f"{_STAMP}{name}": value for name, value in stamp.items()}
