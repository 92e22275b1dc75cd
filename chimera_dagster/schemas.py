"""The pandera model of every table, and the one way a table is checked.

Tables are Parquet files in `<data dir>/tables`; docs/architecture.md says who writes and who reads each.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
from pandera.dtypes import DataType
from pandera.engines import pandas_engine
from pandera.pandas import DataFrameModel, Field
from pandera.typing import Series

# Metrics that code refers to by name; docs/metrics.md defines them.
DECODE, TTFT, LOAD = "decode_tok_s", "ttft_ms", "load_ms"
OUTPUT, PREFILL, TPOT, E2E = "output_tok_s", "prefill_tok_s", "tpot_ms", "e2e_ms"
FAILED = "failed"  # of a record that says that its run failed; its value is 1
ENDED_AT_LIMIT = "ended_at_limit"  # a label: 1 if an answer ended at its limit of tokens, 0 if for another reason
COMPLETED_REQUESTS = "completed_requests"
FAILED_REQUESTS = "failed_requests"  # a count, by which no record fails

FILE_KINDS = ("csv", "json", "markdown", "html", "text", "other", "folder")  # folder: one that could not be listed
UNREAD_STATUSES = ("partial", "malformed", "unreadable", "too_large")
NOT_VALID = "not_valid"  # status of a trial that this project measured, and whose verdict says that it misleads
FILE_STATUSES = ("ok", "empty", "duplicate_of", NOT_VALID, "set_aside", "left_out", *UNREAD_STATUSES)
PERCENTILES = ("p05", "p90", "p95", "p99")  # besides the median
FACT_AGGREGATES = ("mean", "median", *PERCENTILES, "min", "max", "stated", "count", "share")
SUMMARY_SOURCES = ("runs", "stated")
CERTAINTIES = ("holds", "in_session", "tie", "plain")
SEVERITIES = ("warning", "notice", "info")
NOTE_SECTIONS = ("answer", "performance", "findings", "recommendations", "risks", "not_measured", "files")


class Text(pandas_engine.STRING):
    """pandas' `str`, checked by the type of the column; pandera's own check reports on every single cell."""

    def check(self, pandera_dtype: DataType, data_container: object = None) -> bool:
        return pandas_engine.Engine.dtype(pandera_dtype).type == self.type


pandas_engine.Engine.register_dtype(Text)


class Table(DataFrameModel):
    """A table has exactly its columns, in their order."""

    class Config(DataFrameModel.Config):
        strict = True
        ordered = True


class BenchmarkFiles(Table):
    """One row per file found: nothing is dropped silently."""

    path: Series[Text] = Field(unique=True, description="path inside the reports folder, with forward slashes")
    kind: Series[Text] = Field(isin=FILE_KINDS, description="what the name says it is; 'folder' if it can't be listed")
    bytes: Series[int] = Field(ge=0, description="size")
    mtime: Series[pd.DatetimeTZDtype] = Field(
        dtype_kwargs={"unit": "us", "tz": "UTC"}, description="modification time, UTC"
    )
    sha256: Series[Text] = Field(nullable=True, description="digest of the content; null if it can't be read")
    encoding: Series[Text] = Field(nullable=True, description="character encoding that the reader used")
    family: Series[Text] = Field(nullable=True, description="what the file holds and the digest of its field names")
    records: Series[int] = Field(ge=0, description="rows or objects found")
    numbers: Series[int] = Field(ge=0, description="numeric cells and JSON values found")
    covered: Series[int] = Field(
        ge=0, description="of these, how many are a known metric, a condition, a parameter or a label by name"
    )
    measurements: Series[int] = Field(ge=0, description="rows of the measurements table")
    format: Series[Text] = Field(
        nullable=True, description="tool that wrote the file; null if it is not a known format"
    )
    unread: Series[Text] = Field(
        description="numbers that are not covered: JSON object of name and count, largest first"
    )
    status: Series[Text] = Field(isin=FILE_STATUSES, description="how reading went")
    reason: Series[Text] = Field(description="why the status is not ok; empty if it is")


class Measurements(Table):
    """Long form: one row per measured number, with its file and record."""

    file: Series[Text] = Field(description="path inside the reports folder")
    record: Series[Text] = Field(description="'row 3', 'table 2 row 3', 'line 12' or a JSON pointer; '/': all of it")
    model: Series[Text] = Field(nullable=True, description="model tag; null if nothing names one")
    model_source: Series[Text] = Field(
        nullable=True, isin=("column", "json", "text", "heading", "path"), description="what named the model"
    )
    backend: Series[Text] = Field(nullable=True, description="engine that ran the model")
    gpu: Series[Text] = Field(nullable=True, description="name of the GPU, if the file says it")
    params: Series[Text] = Field(description="parameters of the run, as canonical JSON")
    conditions: Series[Text] = Field(
        description="what the run was measured under (concurrency, quantization, ...), as canonical JSON"
    )
    labels: Series[Text] = Field(
        description="numbers that count or name the record (seed, run, ...), as canonical JSON"
    )
    prompt: Series[Text] = Field(nullable=True, description="prompt text or its name")
    timestamp: Series[Text] = Field(nullable=True, description="when it was measured, as written")
    named_by: Series[Text] = Field(
        nullable=True, description="what named the GPU or the engine if not the file: JSON, `path` or the path of notes"
    )
    metric: Series[Text] = Field(description="canonical metric, or the original name if the vocabulary has none")
    value: Series[float] = Field(gt=float("-inf"), lt=float("inf"), description="in `unit`")
    unit: Series[Text] = Field(nullable=True, description="canonical unit; null if it is unknown")
    original_name: Series[Text] = Field(description="column or key in the file")
    original_unit: Series[Text] = Field(
        nullable=True, description="unit in the file, and how it was inferred if it says none; null if it is not known"
    )
    aggregate: Series[Text] = Field(nullable=True, description="mean, p95, ... for a number that sums up others")
    n: Series[float] = Field(nullable=True, ge=0, description="runs behind an aggregate, if the file states them")
    derived: Series[Text] = Field(
        nullable=True, description="formula of a value that code computed; null if it was read"
    )
    doubt: Series[Text] = Field(nullable=True, description="why the value can't be true; it is in no statistic")
    error: Series[bool] = Field(description="the record says that its run failed")


class DataSummary(Table):
    """Statistics of raw runs by what was run, and the aggregates that files state of runs that no file lists."""

    model: Series[Text] = Field(nullable=True, description="model tag; null if nothing names one")
    backend: Series[Text] = Field(nullable=True, description="engine that ran the model")
    gpu: Series[Text] = Field(nullable=True, description="name of the GPU, if the file says it")
    conditions: Series[Text] = Field(description="what the runs were measured under, as canonical JSON")
    params: Series[Text] = Field(description="parameters of the runs, as canonical JSON")
    metric: Series[Text] = Field(description="canonical metric")
    unit: Series[Text] = Field(nullable=True, description="canonical unit")
    source: Series[Text] = Field(isin=SUMMARY_SOURCES, description="computed from runs, or stated by the file")
    file: Series[Text] = Field(
        nullable=True, description="file that states the aggregates, or whose runs name no model; else null"
    )
    n: Series[int] = Field(ge=0, description="runs that did not fail; if stated, as the file says, 0 if it does not")
    failures: Series[int] = Field(ge=0, description="runs that failed")
    mean: Series[float] = Field(nullable=True)
    median: Series[float] = Field(nullable=True)
    std: Series[float] = Field(nullable=True, description="sample standard deviation; null below 2 runs")
    min: Series[float] = Field(nullable=True)
    p05: Series[float] = Field(nullable=True, description="5th percentile, linear between the nearest two")
    p90: Series[float] = Field(nullable=True)
    p95: Series[float] = Field(nullable=True)
    p99: Series[float] = Field(nullable=True)
    max: Series[float] = Field(nullable=True)
    mean_low: Series[float] = Field(nullable=True, description="95 % t-interval of the mean; null below 3 runs")
    mean_high: Series[float] = Field(nullable=True)
    median_low: Series[float] = Field(
        nullable=True, description="95 % interval of the median, of order statistics; null below 6"
    )
    median_high: Series[float] = Field(nullable=True)


class Facts(Table):
    """Statements that code can prove, most important first; the model may cite an id, and code renders its value."""

    id: Series[Text] = Field(unique=True, str_matches=r"^F[1-9][0-9]*$", description="F1, F2, ... by rank")
    kind: Series[Text] = Field(description="which rule stated it")
    text: Series[Text] = Field(description="what the value is, in words without measured figures")
    template: Series[Text] = Field(description="the whole statement, with {value} and other names of `values` in it")
    value: Series[float] = Field(description="in `unit`")
    values: Series[Text] = Field(description="every figure of the template by name, as JSON, in `unit` or a count")
    unit: Series[Text] = Field(description="unit, or empty for a count")
    n: Series[int] = Field(ge=1, description="measurements behind the value")
    model: Series[Text] = Field(nullable=True, description="model that it is about; null if it is about the folder")
    metric: Series[Text] = Field(nullable=True, description="canonical metric; null if it counts files or records")
    aggregate: Series[Text] = Field(
        isin=FACT_AGGREGATES, description="what the value is; other names of `values` say so themselves"
    )
    params: Series[Text] = Field(nullable=True, description="parameter set as canonical JSON; null: over all of them")
    conditions: Series[Text] = Field(
        nullable=True, description="conditions with backend and gpu, as canonical JSON; null: over all of them"
    )
    runs: Series[Text] = Field(isin=("all", "warm", "cold"), description="which runs the value is over")
    sources: Series[Text] = Field(description="JSON list of [file, record], in their order; at most 100 of the n")


class Findings(Table):
    """What the detectors found, the most important first, each with the records that show it."""

    id: Series[Text] = Field(unique=True, str_matches=r"^D[1-9][0-9]*$", description="D1, D2, ... by rank")
    detector: Series[Text] = Field(description="the function that found it")
    severity: Series[Text] = Field(isin=SEVERITIES, description="warning: a reader who does not know it is misled")
    subject: Series[Text] = Field(description="the model, parameter, metric or file that it is about")
    text: Series[Text] = Field(description="the statement, its figures rendered by code")
    values: Series[Text] = Field(description="every figure of the text by name, as JSON list of [value, unit]")
    n: Series[int] = Field(ge=1, description="records or files behind it")
    test: Series[Text] = Field(nullable=True, description="the statistical test; null if none was needed")
    p_value: Series[float] = Field(nullable=True, ge=0, le=1, description="corrected for the number of comparisons")
    effect: Series[float] = Field(nullable=True, description="relative difference that was measured, 0.1 for 10 %")
    detectable: Series[float] = Field(
        nullable=True, description="smallest relative difference the test would have shown"
    )
    certainty: Series[Text] = Field(
        nullable=True,
        isin=CERTAINTIES,
        description="what is known of the difference: it holds over sessions, is that of these sessions, can't be told "
        "(tie) or is a plain order without a test; null if the finding compares nothing",
    )
    sources: Series[Text] = Field(description="JSON list of [file, record], in their order; at most 100 of the n")


class Notes(Table):
    """What a folder says, in sentences that code wrote, by section and weight."""

    id: Series[Text] = Field(unique=True, str_matches=r"^N[1-9][0-9]*$", description="N1, N2, ... in reading order")
    section: Series[Text] = Field(isin=NOTE_SECTIONS, description="where in a report it stands")
    kind: Series[Text] = Field(description="the rule that wrote it")
    weight: Series[float] = Field(ge=0, description="how much it matters in its section; from 100 on the first screen")
    text: Series[Text] = Field(description="the sentence; names stand in backticks")
    action: Series[Text] = Field(nullable=True, description="what to do; of recommendations only")
    reason: Series[Text] = Field(nullable=True, description="why, with the figures; of recommendations only")
    mitigation: Series[Text] = Field(nullable=True, description="what to do about it; of risks only")
    parts: Series[Text] = Field(
        description="JSON: sentences and phrases by name, as lists of [words], [name, kind], [figure, value, unit]"
    )
    wordings: Series[Text] = Field(description="every wording of the first one, each as a JSON list of parts")
    metric: Series[Text] = Field(nullable=True, description="canonical metric, if it is about one")
    models: Series[Text] = Field(description="models that it is about, as JSON")
    order: Series[Text] = Field(
        description="models, or levels of a condition, from best to worst, as JSON; empty if it states no order"
    )
    certainty: Series[Text] = Field(
        nullable=True, isin=CERTAINTIES, description="how sure its difference is; null if it compares nothing"
    )
    conditions: Series[Text] = Field(description="conditions, engine, GPU and parameters that all have, as JSON")
    runs: Series[Text] = Field(isin=("all", "warm", "cold"), description="which runs it is about")
    n: Series[int] = Field(ge=0, description="runs or records behind it")
    files: Series[int] = Field(ge=0, description="files behind it")
    figures: Series[Text] = Field(description="every figure that it says: a JSON list of [as read, value, unit]")
    findings: Series[Text] = Field(description="ids of the findings behind it, as JSON")
    facts: Series[Text] = Field(description="ids of the facts behind it, as JSON")
    sources: Series[Text] = Field(description="JSON list of [file, record]; at most 100 of the n")


class Calls(Table):
    """One row per measured call of a trial; metrics as docs/metrics.md defines them."""

    stage: Series[Text] = Field(isin=("analysis", "report"))
    repeat: Series[int] = Field(ge=0)
    seed: Series[int] = Field(ge=0)
    ttft_ms: Series[float] = Field(nullable=True, gt=0)
    e2e_ms: Series[float] = Field(gt=0)
    load_ms: Series[float] = Field(nullable=True, ge=0)
    prompt_eval_ms: Series[float] = Field(nullable=True, ge=0)
    eval_ms: Series[float] = Field(nullable=True, ge=0)
    prompt_tokens: Series[float] = Field(nullable=True, ge=0)
    output_tokens: Series[float] = Field(nullable=True, ge=0)
    decode_tok_s: Series[float] = Field(nullable=True, gt=0)
    prefill_tok_s: Series[float] = Field(nullable=True, gt=0)
    tpot_ms: Series[float] = Field(nullable=True, ge=0)
    done_reason: Series[Text]


class Telemetry(Table):
    """One row per sample of the host (`gpu` and the GPU's columns are null) or of a GPU (the host's are null)."""

    sample: Series[int] = Field(ge=0, description="number of the sample; its rows belong together")
    at_ms: Series[float] = Field(
        ge=0, description="since telemetry began, in the middle of the row's reads; on the clock of the calls"
    )
    gpu: Series[Text] = Field(nullable=True, description="NVML's UUID; null in a row of the host")
    cpu_pct: Series[float] = Field(nullable=True, ge=0, le=100, description="all cores, since the sample before")
    host_memory_mib: Series[float] = Field(nullable=True, ge=0, description="memory of the host in use")
    engine_rss_mib: Series[float] = Field(nullable=True, ge=0, description="resident memory of the engine's processes")
    other_cpu_pct: Series[float] = Field(
        nullable=True, ge=0, le=100, description="share of the engine's cores that other processes used"
    )
    other_cpu_by: Series[Text] = Field(nullable=True, description="the largest of them, a JSON object by name")
    gpu_util_pct: Series[float] = Field(
        nullable=True, ge=0, le=100, description="share of time in which a kernel ran, which is not load"
    )
    memory_used_mib: Series[float] = Field(nullable=True, ge=0, description="memory of the GPU in use")
    process_memory_mib: Series[float] = Field(nullable=True, ge=0, description="of that, by the engine's processes")
    power_w: Series[float] = Field(nullable=True, ge=0)
    energy_mj: Series[float] = Field(nullable=True, ge=0, description="counter since the driver started, in mJ")
    temperature_c: Series[float] = Field(nullable=True)
    sm_clock_mhz: Series[float] = Field(nullable=True, ge=0)
    memory_clock_mhz: Series[float] = Field(nullable=True, ge=0)
    clock_reasons: Series[Text] = Field(nullable=True, description="why the clocks were reduced, a JSON list of names")
    other_processes: Series[float] = Field(nullable=True, ge=0, description="compute processes except the engine's")
    other_memory_mib: Series[float] = Field(nullable=True, ge=0, description="memory that they use")
    reasons: Series[Text] = Field(description="why a value is null, a JSON object by column; 'gpu': why all are")


class Trials(Table):
    """One row per trial of any sweep: its parameters, how it ended, and where its report is."""

    model: Series[Text]
    params: Series[Text] = Field(description="key of the parameter set; the next six columns are what it stands for")
    num_gpu: Series[float] = Field(nullable=True, description="layers on the GPU; null: the engine's default")
    num_ctx: Series[float] = Field(nullable=True)
    temperature: Series[float] = Field(nullable=True)
    top_p: Series[float] = Field(nullable=True)
    top_k: Series[float] = Field(nullable=True)
    repeat_penalty: Series[float] = Field(nullable=True)
    state: Series[Text] = Field(isin=("measured", "failed", "missing"))
    validity: Series[Text] = Field(nullable=True, description="'valid', or what spoils it; null if not measured")
    error: Series[Text] = Field(nullable=True, description="why it failed")
    repeats: Series[int] = Field(ge=0)
    rounds: Series[int] = Field(ge=1, description="rounds of the sweep in which it was measured")
    on_front: Series[bool] = Field(description="on the Pareto front of the valid trials")
    text: Series[Text] = Field(nullable=True, description="how good the model's text is")
    published: Series[bool] = Field(description="its report is written")
    report: Series[Text] = Field(nullable=True, description="path of its report, from the folder of the runs")
    created_at: Series[Text] = Field(nullable=True, description="ISO 8601, UTC")


class Standings(Table):
    """One row per trial and metric; docs/metrics.md defines each metric."""

    model: Series[Text]
    params: Series[Text]
    metric: Series[Text]
    unit: Series[Text]
    valid: Series[bool] = Field(description="whether the trial's figures may be compared with others'")
    n: Series[int] = Field(ge=1)
    mean: Series[float]
    low: Series[float] = Field(nullable=True, description="95 % t-interval of the mean; null below 3 repeats")
    high: Series[float] = Field(nullable=True)
    rank: Series[float] = Field(
        nullable=True, ge=1, description="1 + trials that are detectably better; null without a test, or not valid"
    )


class Effects(Table):
    """One row per level of a parameter (or of two together) whose effect on a metric of the sweep was tested."""

    metric: Series[Text]
    parameter: Series[Text] = Field(description="a parameter, or 'model'")
    interaction: Series[Text] = Field(nullable=True, description="the other one, of what two have beyond both alone")
    level: Series[Text] = Field(description="value of the parameter, 'default' for the engine's own; of two both")
    effect: Series[float] = Field(description="against the mean of all levels: ratio minus 1, a share's difference")
    low: Series[float] = Field(nullable=True, description="95 % interval; null for two together, or without variance")
    high: Series[float] = Field(nullable=True)
    range: Series[float] = Field(description="between the highest and the lowest level, in the form of `effect`")
    p: Series[float] = Field(ge=0, le=1, description="of all levels together, corrected over all rows' tests")
    detected: Series[bool] = Field(description="the test tells the levels apart")
    detectable: Series[float] = Field(
        nullable=True, description="least range that would be found in four of five cases"
    )
    n: Series[int] = Field(ge=1, description="values that were compared")
    blocks: Series[int] = Field(ge=1, description="groups of them in which all else is equal")
    unit: Series[Text] = Field(isin=("trials", "visits", "loads"), description="what one of the values is of")


def as_table(rows: Sequence[Mapping[str, object]] | Sequence[tuple[object, ...]], schema: type[Table]) -> pd.DataFrame:
    """Rows, by name or in the columns' order, as a frame with the columns and types of a table, also without a row."""
    columns = schema.to_schema().columns
    frame = pd.DataFrame(rows, columns=list(columns))
    types = {name: str(column.dtype) for name, column in columns.items()}
    return frame.astype({name: "str" if kind.startswith("string") else kind for name, kind in types.items()})
