"""The only maker of paths below the data folder, and the only writer there: every file appears whole or not at all.

<data dir>/tables/<name>.parquet      the unpartitioned tables
<data dir>/tables/summary.json        the data summary as it stands in every report
<data dir>/runs/index.html, index.md  every report that is published, and why the others are not
<data dir>/runs/concurrency.json, .md  what agents at once gain over the same agents one after the other
<data dir>/tables/look.json           what the reports folder looked like when Dagster's sensor last looked
<data dir>/runs/comparison.json, .csv  all trials beside each other
<data dir>/runs/baseline.json         the comparison that the next ones are held against, where one was saved
<data dir>/runs/<model>/<params>/     one trial: trial.json, outcome.json, calls.parquet, telemetry.parquet,
                                      metrics.json, report.md, report.html; failures.json of runs that failed
"""

import glob
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandera.pandas import DataFrameModel
from pydantic import BaseModel, ValidationError

from chimera_dagster.errors import InputError, NotIngestedError, StorageError, UnknownTrialError, first_problem
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.spec.trial import ModelTag, ParamSet, Trial, model_slug

T = TypeVar("T", bound=BaseModel)
_GROUP_ROWS = 65_536  # of a table that is written in pieces: what is in memory at once, and what is read at once


class _Named(BaseModel):
    """The part of trial.json that names the trial."""

    model: ModelTag
    params: ParamSet


class _File:
    """A path that is made when it is asked for: to make all of them takes as long as to read a trial's metrics."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, folder: "TrialFolder", _: object) -> Path:
        return folder.path / self._name


class TrialFolder:
    """Paths of one trial's files."""

    def __init__(self, path: Path) -> None:
        self.path = path

    plan = _File("trial.json")
    failures = _File("failures.json")
    outcome = _File("outcome.json")
    calls = _File("calls.parquet")
    telemetry = _File("telemetry.parquet")
    metrics = _File("metrics.json")
    report = _File("report.md")
    page = _File("report.html")


@dataclass(frozen=True)
class Store:
    """Files of one data folder; equal to another of the same folder."""

    data_dir: Path

    @property
    def tables(self) -> Path:
        return self.data_dir / "tables"

    @property
    def runs(self) -> Path:
        return self.data_dir / "runs"

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
        """Remember what a partition key stands for. Idempotent; a newer spec replaces an older one."""
        path = self.folder_of(plan.trial).plan
        text = plan.model_dump_json(indent=2) + "\n"
        if not path.exists() or path.read_text() != text:
            write_text(path, text)

    def holds(self, models: Iterable[str], params_keys: Iterable[str]) -> bool:
        """Whether every trial of these was registered at some time, by the names of the folders."""
        wanted = set(params_keys)
        folders = [self.runs / model_slug(model) for model in models]
        return all(folder.is_dir() and wanted <= {each.name for each in folder.iterdir()} for folder in folders)

    def plan(self, model: str, params_key: str) -> TrialPlan:
        """What a partition key stands for; raises UnknownTrialError."""
        path = self.folder(model, params_key).plan
        try:
            return TrialPlan.model_validate_json(path.read_text())
        except FileNotFoundError:
            known = ", ".join(sorted(plan.trial.key for plan in self.plans())) or "none"
            raise UnknownTrialError(
                f"No sweep holds the trial {model}|{params_key}.",
                hint=f"Known: {known}. Add it to sweep.yaml.",
            ) from None

    def trials(self) -> list[Trial]:
        """Every registered trial, sorted by its folder; without its spec, which takes longest to read.

        Raises InputError where a trial.json is damaged.
        """
        return list(self.trials_by_folder().values())

    def trials_by_folder(self) -> dict[TrialFolder, Trial]:
        """`trials`, each under its folder, which takes as long to make as a trial's metrics take to read."""
        return {TrialFolder(path.parent): _named(path) for path in sorted(self.runs.glob("*/*/trial.json"))}

    def plans(self) -> list[TrialPlan]:
        """Every registered trial, sorted by its folder."""
        paths = sorted(self.runs.glob("*/*/trial.json"))
        return [TrialPlan.model_validate_json(path.read_text()) for path in paths]

    def write_table(
        self, name: str, frame: pd.DataFrame, schema: type[DataFrameModel], stamp: Mapping[str, str] | None = None
    ) -> Path:
        """Validate and write a table, `stamp` beside it; raises pandera's SchemaErrors, and then writes nothing."""
        return write_table(self.table_path(name), frame, schema, stamp)

    def write_tables(
        self,
        name: str,
        tables: Iterable[pa.Table],
        schema: type[DataFrameModel],
        stamp: Callable[[], Mapping[str, str]],
    ) -> Path:
        """As `write_table`, piece by piece, for a table that memory can't hold; `stamp` is asked after the last."""
        return _replace(self.table_path(name), lambda scratch: _write_groups(scratch, tables, schema, stamp))

    def table_path(self, name: str) -> Path:
        return self.tables / f"{name}.parquet"

    def read_table(self, name: str, *, categories: bool = False) -> pd.DataFrame:
        """A table; with `categories` its texts are such, which takes a tenth of the memory where they repeat.

        Raises NotIngestedError where the table was not written yet.
        """
        path = self._existing(self.table_path(name))
        if not categories:
            return pd.read_parquet(path)
        texts = [field.name for field in pq.read_schema(path) if pa.types.is_string(field.type)]
        return pq.read_table(path, read_dictionary=texts).to_pandas(self_destruct=True)

    def write_json(self, name: str, value: BaseModel) -> Path:
        return write_text(self.tables / f"{name}.json", value.model_dump_json(indent=2) + "\n")

    def read_json(self, name: str, kind: type[T]) -> T:
        """Raises NotIngestedError where the file was not written yet."""
        return kind.model_validate_json(self._existing(self.tables / f"{name}.json").read_text())

    def has_json(self, name: str) -> bool:
        return (self.tables / f"{name}.json").exists()

    def read_comparison(self) -> bytes:
        """Raises NotIngestedError where trials were not compared yet."""
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
            f"{path}: {first_problem(error)}.", hint="Remove its folder, and run 'chimera sweep' to measure it again."
        ) from error
    return Trial(named.model, named.params)


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text under a temporary name and rename it; returns `path`."""
    return _replace(path, lambda scratch: scratch.write_text(text, encoding="utf-8"))


def write_table(
    path: Path, frame: pd.DataFrame, schema: type[DataFrameModel], stamp: Mapping[str, str] | None = None
) -> Path:
    """Validate `frame` against `schema`, then write it as Parquet under a temporary name and rename it."""
    table = pa.Table.from_pandas(schema.validate(frame, lazy=True), preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **_about(stamp or {})})
    return _replace(path, lambda scratch: pq.write_table(table, scratch, write_page_checksum=True))


def _write_groups(
    path: Path, tables: Iterable[pa.Table], schema: type[DataFrameModel], stamp: Callable[[], Mapping[str, str]]
) -> None:
    waiting: list[pa.Table] = []
    writer: pq.ParquetWriter | None = None

    def write() -> None:
        nonlocal writer
        group = pa.concat_tables(waiting)
        waiting.clear()
        schema.validate(group.to_pandas(), lazy=True)
        writer = writer or pq.ParquetWriter(path, group.schema, write_page_checksum=True)
        writer.write_table(group, row_group_size=len(group) or None)

    try:
        for table in tables:
            waiting.append(table)
            if sum(map(len, waiting)) >= _GROUP_ROWS:
                write()
        if waiting or writer is None:
            write()
        if writer is not None:
            writer.add_key_value_metadata(_about(stamp()))
    finally:
        if writer is not None:
            writer.close()


def _about(stamp: Mapping[str, str]) -> dict[str, str]:
    return {f"chimera.{name}": value for name, value in stamp.items()}


def _replace(path: Path, write: Callable[[Path], object]) -> Path:
    """Raises StorageError where the disk is full or read-only; then, too, the old file stands."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear_scratches(path)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.{os.getpid()}.")
        scratch = Path(name)
        try:
            scratch.chmod(0o644)
            write(scratch)
            os.fsync(handle)  # else a machine that goes down may keep the name without the content
            scratch.replace(path)
        finally:
            os.close(handle)
            scratch.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError.of(error, path) or error from error
    return path


def _clear_scratches(path: Path) -> None:
    """Remove what processes that were killed have left of this file."""
    for scratch in path.parent.glob(f".{glob.escape(path.name)}.[0-9]*.*"):
        try:
            os.kill(int(scratch.suffixes[-2][1:]), 0)
        except ProcessLookupError:
            scratch.unlink(missing_ok=True)
        except PermissionError:
            pass  # another user's, which runs
