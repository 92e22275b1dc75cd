"""The pandera model of every table, and the one way a table is checked.

Tables are Parquet files in `<data dir>/tables`; docs/architecture.md says who writes and who reads each.
"""

import pandas as pd
from pandera.pandas import DataFrameModel, Field
from pandera.typing import Series

FILE_KINDS = ("csv", "json", "markdown")
UNREAD_STATUSES = ("partial", "malformed", "unreadable", "too_large")
FILE_STATUSES = ("ok", "empty", "duplicate_of", *UNREAD_STATUSES)
FAILED = "failed"  # the metric of a record that says that its run failed; its value is 1


class Table(DataFrameModel):
    """What every table has: exactly its columns, in their order."""

    class Config(DataFrameModel.Config):
        strict = True
        ordered = True


class BenchmarkFiles(Table):
    """One row a file found: nothing is dropped silently."""

    path: Series[str] = Field(unique=True, description="path inside the reports folder, with forward slashes")
    kind: Series[str] = Field(isin=FILE_KINDS, description="what the file's name says it is")
    bytes: Series[int] = Field(ge=0, description="size")
    mtime: Series[pd.DatetimeTZDtype] = Field(
        dtype_kwargs={"unit": "us", "tz": "UTC"}, description="modification time, UTC"
    )
    sha256: Series[str] = Field(nullable=True, description="digest of the content; null where it can't be read")
    encoding: Series[str] = Field(nullable=True, description="character encoding that the reader used")
    records: Series[int] = Field(ge=0, description="rows or objects found")
    measurements: Series[int] = Field(ge=0, description="numbers that reached the measurements table")
    status: Series[str] = Field(isin=FILE_STATUSES, description="how reading went")
    reason: Series[str] = Field(description="why the status is not ok; empty where it is")


class Measurements(Table):
    """Long form: one row a measured number, followed to its file and record."""

    file: Series[str] = Field(description="path inside the reports folder")
    record: Series[str] = Field(description="'row 3', 'table 2 row 3', 'line 12' or a JSON pointer; '/': all of it")
    model: Series[str] = Field(nullable=True, description="model tag; null where nothing names one")
    model_source: Series[str] = Field(
        nullable=True, isin=("column", "json", "path"), description="what named the model"
    )
    backend: Series[str] = Field(nullable=True, description="engine that ran the model")
    gpu: Series[str] = Field(nullable=True, description="name of the GPU, where the file says it")
    params: Series[str] = Field(description="parameters of the run, as canonical JSON")
    prompt: Series[str] = Field(nullable=True, description="prompt text or its name")
    timestamp: Series[str] = Field(nullable=True, description="when it was measured, as written")
    metric: Series[str] = Field(description="canonical metric, or the original name where the vocabulary has none")
    value: Series[float] = Field(gt=float("-inf"), lt=float("inf"), description="in `unit`")
    unit: Series[str] = Field(nullable=True, description="canonical unit; null where it is unknown")
    original_name: Series[str] = Field(description="column or key in the file")
    original_unit: Series[str] = Field(nullable=True, description="unit in the file; null where it says none")
    aggregate: Series[str] = Field(nullable=True, description="mean, p95, ... for a number that sums up others")
    error: Series[bool] = Field(description="the record says that its run failed")


class DataSummary(Table):
    """Raw runs summed up by model, parameter set and metric; aggregates found in files are not mixed in."""

    model: Series[str] = Field(nullable=True, description="model tag; null where nothing names one")
    params: Series[str] = Field(description="parameters of the runs, as canonical JSON")
    metric: Series[str] = Field(description="canonical metric")
    unit: Series[str] = Field(nullable=True, description="canonical unit")
    n: Series[int] = Field(ge=0, description="runs that did not fail; where it is 0 there are no statistics")
    failures: Series[int] = Field(ge=0, description="runs that failed")
    mean: Series[float] = Field(nullable=True)
    median: Series[float] = Field(nullable=True)
    std: Series[float] = Field(nullable=True, description="sample standard deviation; null below 2 runs")
    min: Series[float] = Field(nullable=True)
    max: Series[float] = Field(nullable=True)


class Facts(Table):
    """Statements that code can prove, most important first; the model may cite an id, and code renders its value."""

    id: Series[str] = Field(unique=True, str_matches=r"^F[1-9][0-9]*$", description="F1, F2, ... by rank")
    text: Series[str] = Field(description="the statement, in words without figures of its own")
    value: Series[float] = Field(description="in `unit`")
    unit: Series[str] = Field(description="unit, or empty for a count")
    n: Series[int] = Field(ge=1, description="measurements behind the value")
    file: Series[str] = Field(description="file of a measurement behind the value")
    record: Series[str] = Field(description="record in that file")


class Calls(Table):
    """One row a measured call of a trial; metrics as docs/metrics.md defines them."""

    stage: Series[str] = Field(isin=("analysis", "report"))
    repeat: Series[int] = Field(ge=0)
    seed: Series[int] = Field(ge=0)
    ttft_ms: Series[float] = Field(gt=0)
    e2e_ms: Series[float] = Field(gt=0)
    load_ms: Series[float] = Field(nullable=True, ge=0)
    prompt_eval_ms: Series[float] = Field(nullable=True, ge=0)
    eval_ms: Series[float] = Field(nullable=True, ge=0)
    prompt_tokens: Series[float] = Field(nullable=True, ge=0)
    output_tokens: Series[float] = Field(nullable=True, ge=0)
    decode_tok_s: Series[float] = Field(nullable=True, gt=0)
    prefill_tok_s: Series[float] = Field(nullable=True, gt=0)
    tpot_ms: Series[float] = Field(nullable=True, ge=0)
    done_reason: Series[str]
