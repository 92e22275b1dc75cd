"""sweep.yaml: which models, which parameter sets, how each trial is run."""

import hashlib
import itertools
import json
import math
import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, model_validator

from chimera_dagster.errors import SpecError
from chimera_dagster.spec.engine_names import Api, EngineChoice
from chimera_dagster.spec.goals import Goals
from chimera_dagster.spec.search_space import Axis, SearchSpace
from chimera_dagster.spec.tasks import read_tasks
from chimera_dagster.spec.timeouts import Timeouts
from chimera_dagster.spec.trial import (
    ModelTag,
    NumCtx,
    NumGpu,
    ParamSet,
    RepeatPenalty,
    Temperature,
    TopK,
    TopP,
    Trial,
    load_order,
)
from chimera_dagster.spec.yaml_file import read_yaml
from chimera_dagster.text.foreign import shown

Seconds = Annotated[float, Field(gt=0, le=86_400)]

_MOST_PARAM_SETS = 100_000  # of the grid
_GONE = {"grounding": "it is gone: each sentence is aligned with what code has proved; remove the line"}

DEFAULT_PERSONA = """\
You are InsightAgent, a Chimera-optimised LLM operations specialist.
Given the repository context described previously, produce:
1. Executive summary of model performance.
2. Three optimisation recommendations that balance throughput, TTFT, and quality.
3. A risk/mitigation table with at least two rows.
Aim for 300-400 words, with numbered sections and bolded metric callouts.
"""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Agent(_Section):
    """Who writes: the name in the report's title and the persona prompt sent with every call."""

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\n]+$")] = "Chimera Agent B"
    persona: Annotated[str, Field(min_length=1, max_length=8_000)] = DEFAULT_PERSONA


class CallTimeouts(_Section):
    """In seconds; the first token may have to wait until the model is loaded."""

    first_token_s: Seconds = Timeouts.first_token_s
    between_tokens_s: Seconds = Timeouts.between_tokens_s
    total_s: Seconds = Timeouts.total_s


class Grid(_Section):
    """Values per parameter; every combination is a parameter set. null, or no value: the engine's default."""

    @model_validator(mode="after")
    def _can_be_listed(self) -> Self:
        count = math.prod(len(values) for _, values in self)
        if count > _MOST_PARAM_SETS:
            raise ValueError(f"it has {count:,} parameter sets, and a sweep has at most {_MOST_PARAM_SETS:,}")
        return self

    num_gpu: list[NumGpu | None] = Field(default=[None], min_length=1)
    num_ctx: list[NumCtx | None] = Field(default=[None], min_length=1)
    temperature: list[Temperature | None] = Field(default=[None], min_length=1)
    top_p: list[TopP | None] = Field(default=[None], min_length=1)
    top_k: list[TopK | None] = Field(default=[None], min_length=1)
    repeat_penalty: list[RepeatPenalty | None] = Field(default=[None], min_length=1)


class SweepSpec(_Section):
    """The whole of sweep.yaml."""

    engine: EngineChoice = "auto"
    models: Annotated[list[ModelTag], Field(min_length=1)]
    grid: Grid = Grid()
    extra: list[ParamSet] = []
    repeats: Annotated[int, Field(ge=1, le=100, description="of a trial, one right after the other")] = 1
    rounds: Annotated[
        int,
        Field(
            ge=1,
            le=100,
            description="how often all trials are visited, each time in a new order; 'repeats' are those of one visit. "
            "Only rounds tell a difference from a drift of the host: choose 5 rounds of 1 rather than 1 round of 5",
        ),
    ] = 1
    report_after: Annotated[
        Literal["first", "last"], Field(description="the round after which a trial's report is written")
    ] = "first"
    cold: Annotated[bool, Field(description="unload the model before each repeat, so that its first call loads it")] = (
        False
    )
    api: Annotated[Api, Field(description="Ollama's endpoint: /api/generate or /api/chat")] = "generate"
    revise: Annotated[
        Literal[0, 1],
        Field(description="1: if sentences of the report do not stand, one more call may rewrite it; timed apart"),
    ] = 0
    questions: Annotated[
        int,
        Field(
            ge=0,
            le=200,
            description="questions about the reports folder, made by code, whose right answers are counted as accuracy",
        ),
    ] = 0
    tasks: Annotated[
        Path | None, Field(description="JSON Lines of your own tasks for accuracy, from the folder of this file")
    ] = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 7
    max_tokens: Annotated[int, Field(ge=16, le=32_768)] = 512
    timeouts: CallTimeouts = CallTimeouts()
    server_wait_s: Annotated[
        float,
        Field(
            ge=0, le=3_600, description="how long to wait for a model server that restarts or is busy; 0: not at all"
        ),
    ] = 60.0
    agent: Agent = Agent()
    goals: Goals = Goals()
    search: SearchSpace = SearchSpace()
    vocabulary: Annotated[
        Path | None,
        Field(
            exclude=True,  # it is about the data, whose digest a trial has anyway
            description="file with names that your benchmark files use, from the folder of this file; "
            "vocabulary.yaml beside it is read without being named",
        ),
    ] = None

    @model_validator(mode="wrap")
    @classmethod
    def _keys_differ(cls, given: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(given, cls):  # an "after" validator would check it again for each of its trials
            return given
        spec = handler(given)
        seen: dict[str, ParamSet] = {}
        for params in spec.param_sets():
            if seen.setdefault(params.key, params) != params:
                raise ValueError(f"two parameter sets share the key {params.key}; change one of the values a little")
        return spec

    @model_validator(mode="after")
    def _accuracy_is_measured(self) -> Self:
        named = {*self.goals.want, *(limit.metric for limit in self.goals.parsed())}
        if "accuracy" in named and not self.asks_questions:
            raise ValueError("the goals name accuracy, but no question is asked: set 'questions: 24' or 'tasks'")
        return self

    @property
    def asks_questions(self) -> bool:
        return self.questions > 0 or self.tasks is not None

    def param_sets(self) -> list[ParamSet]:
        """Every parameter set once: the grid's combinations, then the extra ones."""
        grid = self.grid.model_dump()
        combinations = (
            ParamSet(**dict(zip(grid, values, strict=True))) for values in itertools.product(*grid.values())
        )
        return list(dict.fromkeys([*combinations, *self.extra]))

    def trials(self) -> list[Trial]:
        """Every trial once, ordered so that each model is loaded as rarely as possible; otherwise as written."""
        models, param_sets = self._in_load_order()
        return [Trial(model, params) for model in models for params in param_sets]

    def search_axes(self) -> dict[str, Axis]:
        """The space of `chimera search`: the models, then each parameter."""
        return {"model": Axis(list(dict.fromkeys(self.models))), **self.search.axes(self.grid.model_dump())}

    def partition_keys(self) -> dict[str, list[str]]:
        """The keys of `trials()` in each dimension of Dagster's partitions, each once, in order."""
        models, param_sets = self._in_load_order()
        return {"model": models, "params": [params.key for params in param_sets]}

    def _in_load_order(self) -> tuple[list[str], list[ParamSet]]:
        models = list(dict.fromkeys(self.models))
        return models, sorted(self.param_sets(), key=lambda params: load_order(params.key))

    def plans(self) -> list["TrialPlan"]:
        """`trials()`, each with what its run needs to know."""
        return [TrialPlan(model=model, params=params, spec=self) for model, params in self.trials()]

    def content_hash(self) -> str:
        """sha256 of the canonical JSON: equal for two specs that mean the same, however they are written."""
        return digest_of(self.model_dump(mode="json"))

    def call_timeouts(self) -> Timeouts:
        return Timeouts(**self.timeouts.model_dump())


class TrialPlan(BaseModel):
    """A trial with the spec that it belongs to: all that its run needs to know, stored beside its results."""

    model_config = ConfigDict(frozen=True)

    model: str
    params: ParamSet
    spec: SweepSpec
    round: Annotated[int, Field(ge=1, exclude=True)] = 1  # which visit is to be made; not a property of the trial

    @model_validator(mode="before")
    @classmethod
    def _without_gone(cls, given: Any) -> Any:
        """A trial.json of an earlier version has fields that are gone; its trial can still be run again."""
        if isinstance(given, dict) and isinstance(spec := cast("dict[str, Any]", given).get("spec"), dict):
            kept = {name: value for name, value in cast("dict[str, Any]", spec).items() if name not in _GONE}
            return {**cast("dict[str, Any]", given), "spec": kept}
        return cast("Any", given)

    @property
    def trial(self) -> Trial:
        return Trial(self.model, self.params)

    @property
    def writes_report(self) -> bool:
        """Whether the report is written after this round."""
        return self.round == (1 if self.spec.report_after == "first" else self.spec.rounds)

    @property
    def load_group(self) -> tuple[str, int, int]:
        """Equal for trials that share one loaded model."""
        return (self.model, *load_order(self.params.key))

    def in_round(self, number: int) -> "TrialPlan":
        """The same trial, to be visited in that round of the sweep."""
        return self.model_copy(update={"round": number})

    def fingerprint(self, data_digest: str, prompt_version: str) -> str:
        """Equal if and only if a run would ask the same model the same question about the same data."""
        asked = self.spec.model_dump(
            mode="json", include={"engine", "repeats", "cold", "api", "revise", "seed", "max_tokens", "agent"}
        )
        asked |= {"model": self.model, "params": self.params.options()}
        return digest_of([asked, data_digest, prompt_version])


def digest_of(value: object) -> str:
    """sha256 of a JSON value's canonical form."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def load_spec(path: Path) -> SweepSpec:
    """Read and validate a sweep file. Raises SpecError that names the file, the line and the field."""
    if not os.path.lexists(path):
        raise SpecError(f"There is no sweep file {shown(path)}.", hint="See 'chimera schema', or use --spec.")
    spec = read_yaml(path, SweepSpec, "a mapping with at least 'models'", "See 'chimera schema'.", _GONE)
    if spec.tasks is None:
        return spec
    # a trial may run in another working directory
    tasks = (path.parent / spec.tasks).absolute()
    read_tasks(tasks)
    return spec.model_copy(update={"tasks": tasks})
