"""Documents that this project's own trials left, recognised by their keys whatever the file is called.

In a trial's metrics.json each call is a record. The other documents repeat or describe trials, so they are set aside.
"""

from collections.abc import Collection, Mapping
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from chimera_dagster.ingest.cells import plain_number
from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.field_roles import field_roles
from chimera_dagster.spec.trial import ParamSet

METRICS_VERSION = 5  # of records.documents.Metrics
READ_VERSIONS = (4, 5)  # in which the fields below mean the same

_TRIAL = frozenset({"schema_version", "params_key", "fingerprint", "headline", "calls"})  # of every version
_SET_ASIDE = {
    "a comparison of trials": frozenset({"schema_version", "trials", "standings", "front"}),
    "the table of a comparison": frozenset({"model", "params", "validity", "on_front", "published"}),
    "the prompts, answers and ledgers of a trial": frozenset({"asked", "analysis", "report", "calls"}),
    "the calls of a later round of a trial": frozenset({"round", "follows", "measured_at", "calls"}),
    "what a trial asks for": frozenset({"model", "params", "spec"}),
    "the digests of a trial's report": frozenset({"schema_version", "metrics", "report", "page"}),
    "failed runs of a trial": frozenset({"fingerprint", "runs", "error", "message", "at"}),
    "a measurement of trials at once": frozenset({"schema_version", "data_digest", "scenarios", "not_measured"}),
}
_TELLING = frozenset(
    {"schema_version", "on_front", "asked", "spec", "fingerprint", "follows"}
)  # each kind has one of them
_STAGES = ("analysis", "report")  # of each repeat, in the order of its calls
# those with a metric in the vocabulary; the rest counts samples or describes the host
_TELEMETRY = ("gpu_util_mean_pct", "gpu_util_max_pct", "gpu_memory_peak_mib", "power_mean_w", "power_max_w", "energy_j")
# without total_duration_ms, a sum of e2e_ms under a name that stands for the engine's own total
_HEADLINE = ("throughput_tok_s", "ttft_ms", "tokens_generated", "prompt_eval_ms", "eval_ms", "load_ms")


_BESIDE = ("eval_tokens", "decode_reported_tok_s")  # how decode_tok_s follows from what the engine reports


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Named(_Part):
    name: str


class _Verdict(_Named):
    evidence: str
    spoils: bool


class _Environment(_Part):
    gpus: list[_Named]


class _Trial(_Part):
    """The part of a metrics.json that is read, as a whole or not at all."""

    model: str
    params: ParamSet
    seed: int
    repeats: int
    created_at: str
    engine: _Named
    environment: _Environment
    validity: list[_Verdict]
    headline: dict[str, Any]
    calls: list[dict[str, Any]] = Field(min_length=1)
    telemetry_by_call: list[dict[str, Any]]

    @model_validator(mode="after")
    def _has_all_calls(self) -> "_Trial":
        counts = {len(self.calls), len(self.telemetry_by_call), len(_STAGES) * self.repeats}
        if len(counts) > 1:
            raise ValueError(f"{len(self.calls)} calls of {self.repeats} repeats of {len(_STAGES)}")
        return self


def read_own(content: Mapping[str, object], where: str, collector: Collector) -> bool:
    """Read an object, or set it aside; False, without having done anything, if this project did not write it.

    `where` is its pointer, empty for the whole file. A trial that is not valid gives no record, as its figures would be
    averaged with others; one of another version gives none either, as its names may mean something else.
    """
    if _TELLING.isdisjoint(content):
        return False
    if not content.keys() >= _TRIAL:
        return set_aside(content, where, collector)
    before = collector.numbers
    _read_trial(content, where, collector)
    collector.numbers = max(collector.numbers, before + _numbers(content))
    return True


def set_aside(names: Collection[str], where: str, collector: Collector) -> bool:
    """Set aside a document with these keys or columns; False if it is not one of this project's.

    Its numbers are not counted, like those of a duplicate.
    """
    if _TELLING.isdisjoint(names):
        return False
    kind = next((kind for kind, keys in _SET_ASIDE.items() if keys <= set(names)), None)
    if kind is not None:
        _leave_out(collector, where, "set_aside", f"{kind}; each trial counts by its metrics.json alone")
    return kind is not None


def _read_trial(content: Mapping[str, object], where: str, collector: Collector) -> None:
    version = content["schema_version"]
    if version not in READ_VERSIONS:
        known = " and ".join(map(str, READ_VERSIONS))
        problem = f"a trial's metrics of schema version {version}, but only {known} are read; run it again"
        collector.problem(f"{where}: {problem}" if where else problem)
        return
    try:
        trial = _Trial.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        collector.problem(f"{'/'.join([where, *map(str, first['loc'])]) or '/'}: {first['msg']}")
        return
    if spoilers := [verdict for verdict in trial.validity if verdict.spoils]:
        names = ", ".join(dict.fromkeys(verdict.name for verdict in spoilers))
        _leave_out(collector, where, "not_valid", f"{names}: {'; '.join(verdict.evidence for verdict in spoilers)}")
        return
    gpus = {gpu.name for gpu in trial.environment.gpus}
    context = collector.context._replace(
        model=trial.model,
        model_source="json",
        backend=trial.engine.name,
        gpu=gpus.pop() if len(gpus) == 1 else None,
        timestamp=trial.created_at,
        parameters=tuple(sorted(trial.params.options().items())),
    )
    headline = {name: trial.headline.get(name) for name in _HEADLINE}
    _record(collector, f"{where}/headline", headline, context, "summary")
    for place, call in enumerate(trial.calls):
        repeat, stage = divmod(place, len(_STAGES))
        labels = (("repeat", repeat), ("seed", trial.seed + repeat))
        of_call = context._replace(prompt=_STAGES[stage], labels=labels)
        measured = {name: value for name, value in call.items() if name not in _BESIDE}
        _record(collector, f"{where}/calls/{place}", measured, of_call)
        telemetry = {name: trial.telemetry_by_call[place].get(name) for name in _TELEMETRY}
        _record(collector, f"{where}/telemetry_by_call/{place}", telemetry, of_call)
    collector.covered += len(context.parameters) + 1  # and the seed


def _record(
    collector: Collector, where: str, fields: dict[str, Any], context: Context, aggregate: str | None = None
) -> None:
    # not by collector.roles, for which all of a file with a name such as x_summary.json is a summary
    collector.record(where, field_roles(tuple(fields), None, "", aggregate), [*fields.values()], context, "json")


def _leave_out(collector: Collector, where: str, status: str, reason: str) -> None:
    """Leave out the whole file, or, if the document is only a part of it, report the reason as a problem."""
    if where:
        collector.problem(f"{where}: {status.replace('_', ' ')}: {reason}")
    else:
        collector.leave_out(status, reason)


def _numbers(value: object) -> int:
    """Numeric leaves of a JSON value."""
    if isinstance(value, dict):
        return sum(map(_numbers, cast("dict[str, object]", value).values()))
    if isinstance(value, list):
        return sum(map(_numbers, cast("list[object]", value)))
    return plain_number(value) is not None
