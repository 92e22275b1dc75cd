"""JSON documents below the data folder: ingest.json, summary.json and concurrency.json, and those of a trial.

A trial has outcome.json, metrics.json, report.json with its report, and, if runs failed, failures.json; trial.json is a
`spec.sweep.TrialPlan`.
"""

import hashlib
from collections import Counter
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from chimera_dagster import align
from chimera_dagster.align.kept_note import KeptNote
from chimera_dagster.evidence.fact import Fact
from chimera_dagster.ingest.trial_reader import METRICS_VERSION
from chimera_dagster.measure.call import Call, CallMetrics
from chimera_dagster.measure.environment import Environment
from chimera_dagster.measure.measured import Measured
from chimera_dagster.measure.speedup import AgentCall, Gain
from chimera_dagster.measure.validity import TrialSettings
from chimera_dagster.quiz.question import Answered
from chimera_dagster.quiz.score import Accuracy
from chimera_dagster.spec.trial import ParamSet
from chimera_dagster.text.foreign import one_line
from chimera_dagster.write.judge import JudgedAnswer
from chimera_dagster.write.quality import Quality

_SHOWN_GROUPS = 5  # of unread numbers


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class IngestRecord(_Document):
    """Which folder the tables were read from, the digest of its content, and how long reading took."""

    reports_dir: str
    digest: str
    seconds: float


class Summary(_Document):
    """What was ingested. `digest` covers the content of every file; `block` is the text that every trial report prints.

    `numbers` counts the numeric cells and JSON values of all files, `covered` those that are a known metric, a
    condition, a parameter or a label by name; `unread` has the names of the others, how often each was found and in how
    many files, the largest first. `known` counts the measurements whose metric and unit the vocabulary knows. `code` is
    the version of the readers and detectors. `problems` are rules of the evidence that failed and are left out.
    """

    reports_dir: str
    total_files: int
    problem_files: int
    numbers: int
    covered: int
    measurements: int
    known: int
    unread: list[tuple[str, int, int]]
    digest: str
    code: str
    block: str
    problems: list[str] = []
    ingest_s: float
    ingested_at: datetime

    @property
    def coverage(self) -> str:
        """How many of the numbers in the files have a known name, and the largest groups that have not; sentences."""
        share = f"{self.covered / self.numbers:.1%}".replace("%", " %") if self.numbers else "none"
        said = f"Coverage: {share} of {self.numbers} numeric cells and JSON values are read under a known name."
        groups = [
            f"{numbers} called `{one_line(name)}` in {files} file{'' if files == 1 else 's'}"
            for name, numbers, files in self.unread[:_SHOWN_GROUPS]
        ]
        return f"{said} Not known: {', '.join(groups)}." if groups else said


class EngineRecord(_Document):
    """Which engine and which model answered, and why that engine was chosen."""

    name: str
    version: str
    reason: str
    model_digest: str | None
    family: str | None
    parameter_size: str | None
    quantization: str | None
    trained_context: int | None
    layers: int | None
    default_options: str | None = None


class StageSeconds(_Document):
    """Wall-clock seconds of a trial's stages, over all repeats."""

    ingest: float
    analysis: float
    report: float
    revision: float = 0.0
    questions: float = 0.0

    @property
    def total(self) -> float:
        return self.ingest + self.analysis + self.report + self.revision + self.questions


class ReportFinding(_Document):
    """One row of the findings table as a report shows it; `source` is the first file and record behind it."""

    id: str
    severity: str
    text: str
    source: tuple[str, str]


class Configuration(_Document):
    """One metric over the runs of one model under one setup: mean with its 95 % interval, and median.

    If `source` is "stated", they are those that `file` states, of `n` runs (0 if it does not say how many).
    """

    model: str | None
    backend: str | None = None
    gpu: str | None = None
    conditions: str = "{}"
    params: str
    source: str = "runs"
    file: str | None = None
    metric: str
    unit: str
    n: int
    failures: int
    mean: float
    low: float | None
    high: float | None
    median: float | None


class StageText(_Document):
    """What the model wrote in one call: the prompt, its raw answer `text`, and that answer parsed and judged.

    `notes` are the ids of those in the prompt, in its order; `notes_left_out` counts those that did not fit.
    """

    text: str
    prompt: str
    system: str
    prompt_sha256: str
    notes: tuple[str, ...]
    notes_left_out: int
    answer: JudgedAnswer


class Revision(_Document):
    """The one call that may rewrite the report, with what it wrote; `is_better` if that is published instead."""

    call: Call
    text: StageText
    is_better: bool


class Outcome(_Document):
    """outcome.json: everything raw, from which every number and every verdict can be computed again.

    The facts, the notes and the summary are those of the files that the model was asked about; a later ingest renumbers
    them. The texts are those of the first repeat; `calls` are those that count as measurements, so without `revision`
    and without `answers`, those to the questions that accuracy is counted by. `round` is the first of the sweep's
    rounds that measured the trial; later ones have a `LaterRound` each.
    """

    schema_version: Literal[6] = 6
    round: int = 1
    summary: Summary
    facts: list[Fact]
    findings: list[ReportFinding]
    notes: list[KeptNote]
    configurations: list[Configuration]
    analysis: StageText
    report: StageText
    revision: Revision | None
    asked: TrialSettings
    warm_up_load_ms: float | None
    calls: list[Call]
    answers: list[Answered] = []

    @property
    def ledger(self) -> str:
        """A name of this measurement, which no other one of the same trial has: from the times of its calls."""
        times = repr([(call.seed, call.sent_ms, call.end_ms) for call in self.calls])
        return hashlib.sha256(times.encode()).hexdigest()[:16]

    @property
    def published(self) -> StageText:
        """The report that readers get: the revised one if that is better."""
        return self.revision.text if self.revision is not None and self.revision.is_better else self.report


class LaterRound(_Document):
    """round-<number>.json: the calls of a visit after the first one, which belongs to the measurement `follows`.

    Times of calls are since this visit began, as are those of its samples in telemetry-<number>.parquet.
    """

    schema_version: Literal[1] = 1
    round: int
    follows: str
    measured_at: datetime
    warm_up_load_ms: float | None
    calls: list[Call]
    analysis_s: float
    report_s: float


class Alignment(_Document):
    """How many sentences of the model's analysis and published report have each outcome, and how many said nothing new.

    `repeated` counts the sentences that the answers contained before.
    """

    sentences: dict[align.Outcome, int]
    repeated: int

    @classmethod
    def of_answers(cls, *answers: JudgedAnswer) -> "Alignment":
        outcomes = Counter(sentence.outcome for answer in answers for sentence in answer.sentences)
        return cls(
            sentences={name: outcomes[name] for name in get_args(align.Outcome)},
            repeated=sum(answer.repeated for answer in answers),
        )

    @property
    def claiming(self) -> int:
        """Sentences that claim something about the data."""
        return sum(self.sentences[name] for name in ("stands", "replaced", "withheld"))

    @property
    def message(self) -> str:
        if not self.claiming:
            return "The model stated nothing about the files."
        stands = self.sentences["stands"]
        return f"{stands} of {self.claiming} sentences that state something stand as the model wrote them."


class RevisionMetrics(_Document):
    """What the rewriting call took, and the scores of the report before and after it; the better one is published."""

    call: CallMetrics
    before: Quality
    after: Quality
    is_better: bool

    @property
    def published(self) -> Quality:
        return self.after if self.is_better else self.before


class Failures(_Document):
    """failures.json: how many runs of this trial ended with an engine error, and the last of these errors."""

    fingerprint: str
    runs: int
    error: str
    message: str
    at: datetime


class Digests(_Document):
    """The SHA-256 of each file that was written with this one, by name; an earlier version wrote none."""

    documents: dict[str, str] = {}


class Metrics(Measured, Digests):
    """metrics.json: everything measured and scored. Null means not measured; `reasons` beside it says why.

    `accuracy` is null if the sweep asks no questions.
    """

    schema_version: Annotated[int, Field(ge=METRICS_VERSION, le=METRICS_VERSION)] = METRICS_VERSION
    model: str
    params: ParamSet
    params_key: str
    configuration: str
    created_at: datetime
    fingerprint: str
    spec_hash: str
    data_digest: str
    prompt_version: str
    seed: int
    repeats: int
    rounds: tuple[int, ...] = (1,)
    engine: EngineRecord
    seconds: StageSeconds
    effective_num_ctx: list[int]
    text_quality: Quality
    alignment: Alignment
    revision: RevisionMetrics | None
    accuracy: Accuracy | None = None
    environment: Environment

    @property
    def is_valid(self) -> bool:
        return not any(verdict.spoils for verdict in self.validity)

    @property
    def verdict(self) -> str:
        """`valid`, or the names of what makes the trial invalid."""
        return ", ".join(dict.fromkeys(verdict.name for verdict in self.validity if verdict.spoils)) or "valid"


class Published(_Document):
    """report.json: the SHA-256 of report.md, of report.html, and of the metrics.json that they show."""

    schema_version: Literal[1] = 1
    metrics: str
    report: str
    page: str


class Agent(_Document):
    """A trial that makes calls, its lane, the engine that answered there, and why that engine was chosen."""

    trial: str
    model: str
    configuration: str
    lane: str
    engine: str
    reason: str


class Scenario(_Document):
    """Agents on a number of servers; `gain` is computed from `calls`."""

    servers: int
    agents: list[Agent]
    gain: Gain
    calls: list[AgentCall]

    @property
    def name(self) -> str:
        return f"{len(self.agents)} agents on {self.servers} server{'s' if self.servers > 1 else ''}"


class Concurrency(_Document):
    """concurrency.json: scenarios of concurrent agents. `not_measured` says which are missing, and why."""

    schema_version: int = 1
    created_at: datetime
    data_digest: str
    rounds: int
    max_tokens: int
    scenarios: list[Scenario]
    not_measured: str | None
    environment: Environment
