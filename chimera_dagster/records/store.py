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
                                      metrics.json, report.md, report.html; failures.json of runs that failed;
                                      round-<n>.json and telemetry-<n>.parquet of each later round
"""

import glob
import os
import tempfile
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandera.pandas import DataFrameModel
from pydantic import BaseModel, ValidationError

from chimera_dagster.errors import InputError, NotIngestedError, StorageError, UnknownTrialError, first_problem
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.spec.trial import ModelTag, ParamSet, Trial, model_slug

T = TypeVar("T", bound=BaseModel)
_GROUP_ROWS = 65_536  # of a table that is written in pieces: how many rows are in memory at once


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
        if not path.exists() or path.read_text() != text:
            write_text(path, text)

    def holds(self, models: Iterable[str], params_keys: Iterable[str]) -> bool:
        """Whether all trials of these models and parameter sets were registered, by the names of the folders."""
        wanted = set(params_keys)
        folders = [self.runs / model_slug(model) for model in models]
        return all(folder.is_dir() and wanted <= {path.name for path in folder.iterdir()} for folder in folders)

    def plan(self, model: str, params_key: str) -> TrialPlan:
        """What a partition key stands for. Raises UnknownTrialError."""
        path = self.folder(model, params_key).plan
        try:
            return TrialPlan.model_validate_json(path.read_text())
        except FileNotFoundError:
            known = ", ".join(sorted(plan.trial.key for plan in self.plans())) or "none"
            raise UnknownTrialError(
                f"No sweep has the trial {model}|{params_key}.",
                hint=f"Known: {known}. Add it to sweep.yaml.",
            ) from None

    def trials(self) -> list[Trial]:
        """Every registered trial, sorted by its folder; without its spec, which is slow to read.

        Raises InputError if a trial.json is damaged.
        """
        return list(self.trials_by_folder().values())

    def trials_by_folder(self) -> dict[TrialFolder, Trial]:
        """`trials` by their folders, so that a caller need not compute 10,000 keys again."""
        return {TrialFolder(path.parent): _named(path) for path in sorted(self.runs.glob("*/*/trial.json"))}

    def plans(self) -> list[TrialPlan]:
        """Every registered trial, sorted by its folder."""
        paths = sorted(self.runs.glob("*/*/trial.json"))
        return [TrialPlan.model_validate_json(path.read_text()) for path in paths]

    def write_table(
        self, name: str, frame: pd.DataFrame, schema: type[DataFrameModel], stamp: Mapping[str, str] | None = None
    ) -> Path:
        """Validate and write a table, `stamp` in its metadata. Raises pandera's SchemaErrors before it writes."""
        return write_table(self.table_path(name), frame, schema, stamp)

    @contextmanager
    def table_writer(self, name: str, schema: type[DataFrameModel]) -> Generator["TableWriter"]:
        """As `write_table`, piece by piece, for a table too large for memory; after an error the old table stays."""
        with _replacing(self.table_path(name)) as scratch, TableWriter(scratch, schema) as writer:
            yield writer

    def table_path(self, name: str) -> Path:
        return self.tables / f"{name}.parquet"

    def read_table(self, name: str, *, categories: bool = False) -> pd.DataFrame:
        """A table; with `categories` its texts are categorical, which takes a tenth of the memory if they repeat.

        Raises NotIngestedError if the table was not written yet.
        """
        path = self._existing(self.table_path(name))
        if not categories:
            return pd.read_parquet(path)
        texts = [field.name for field in pq.read_schema(path) if pa.types.is_string(field.type)]
        return pq.read_table(path, read_dictionary=texts).to_pandas(self_destruct=True)

    def write_json(self, name: str, value: BaseModel) -> Path:
        return write_text(self.tables / f"{name}.json", value.model_dump_json(indent=2) + "\n")

    def read_json(self, name: str, kind: type[T]) -> T:
        """Raises NotIngestedError if the file was not written yet."""
        return kind.model_validate_json(self._existing(self.tables / f"{name}.json").read_text())

    def has_json(self, name: str) -> bool:
        return (self.tables / f"{name}.json").exists()

    def read_comparison(self) -> bytes:
        """Raises NotIngestedError if trials were not compared yet."""
        if not self.comparison.exists():
            raise NotIngestedError(f"{self.comparison} is missing.", hint="Run 'chimera compare' first.")
        return self.comparison.read_bytes()

    @staticmethod
    def _existing(path: Path) -> Path:
        if not path.exists():
            raise NotIngestedError(f"{path} is missing: nothing was ingested yet.", hint="Run 'chimera ingest' first.")
        return path


def _named(path: Path) -> Trial:
    try:
        named = _Named.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InputError(
            f"{path}: {first_problem(error)}.",
            hint="Remove the trial's folder, and run 'chimera sweep' to measure it again.",
        ) from error
    return Trial(named.model, named.params)


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text under a temporary name and rename it; returns `path`."""
    with _replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8")
    return path


def write_table(
    path: Path, frame: pd.DataFrame, schema: type[DataFrameModel], stamp: Mapping[str, str] | None = None
) -> Path:
    """Validate `frame` against `schema`, then write it as Parquet under a temporary name and rename it."""
    table = pa.Table.from_pandas(schema.validate(frame, lazy=True), preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **_about(stamp or {})})
    with _replacing(path) as scratch:
        pq.write_table(table, scratch, write_page_checksum=True)
    return path


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
    return {f"chimera.{name}": value for name, value in stamp.items()}


@contextmanager
def _replacing(path: Path) -> Generator[Path]:
    """A scratch file that replaces `path` if the block ends well; after an error the old file stays.

    Raises StorageError if the disk is full or read-only.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear_scratches(path)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.{os.getpid()}.")
        scratch = Path(name)
        try:
            scratch.chmod(0o644)
            yield scratch
            os.fsync(handle)  # otherwise, after a crash, the file could exist but be empty
            scratch.replace(path)
        finally:
            os.close(handle)
            scratch.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError.of(error, path) or error from error


def _clear_scratches(path: Path) -> None:
    """Remove the scratch files of this file that killed processes have left."""
    for scratch in path.parent.glob(f".{glob.escape(path.name)}.[0-9]*.*"):
        try:
            os.kill(int(scratch.suffixes[-2][1:]), 0)
        except ProcessLookupError:
            scratch.unlink(missing_ok=True)
        except PermissionError:
            pass  # the process belongs to another user, and is running
