"""Search over a sweep's parameters: each result decides which trial to run next (Optuna's ask and tell)."""

import math
import random
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from chimera_dagster.compare.metrics import METRICS
from chimera_dagster.compare.observed import Observed
from chimera_dagster.compare.pareto import ALWAYS
from chimera_dagster.errors import InputError
from chimera_dagster.records.store import Store
from chimera_dagster.spec.goals import Limit, MetricName
from chimera_dagster.spec.search_space import Axis, Value, rounded
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan, digest_of
from chimera_dagster.spec.trial import ParamSet, Trial
from chimera_dagster.steps.done import fingerprint, is_done, is_measured
from chimera_dagster.steps.evidence import evidence_code
from chimera_dagster.steps.sweep_comparison import observe

SamplerName = Literal["tpe", "random"]
_STARTUP = 5  # random proposals before TPE begins; Optuna's default of 10 would be most of a short search
_TRIES = 8  # proposals of known trials, before an unknown one is drawn at random
# Attributes of Optuna's trials: our key, and whether we proposed the trial or only learned from it.
_KEY, _PROPOSED = "key", "proposed"


class Tried(NamedTuple):
    """A proposal that was measured: its means by objective, none if it is not valid; whether it is on the front."""

    trial: Trial
    values: dict[MetricName, float]
    on_front: bool


class Search:
    """Hands out proposals (a `TrialSource`) until `budget` of them are measured, or nothing new is found; resumes.

    The SQLite file has one study for each combination of space, objectives, limits and question to the models; only one
    process may use it at a time. The trials' files decide what is measured: the search learns from every trial of the
    same question in its space, and never proposes a known one, valid or not. A failed trial may be proposed again, but
    only by a later search. The search stops after `plateau` proposals in a row that do not reach the Pareto front.
    `on_propose` is called with each proposal before it is handed out.
    """

    def __init__(
        self,
        path: Path,
        spec: SweepSpec,
        store: Store,
        digest: str,
        *,
        budget: int,
        sampler: SamplerName = "tpe",
        plateau: int | None = None,
        on_propose: Callable[[TrialPlan], None] = lambda _: None,
    ) -> None:
        """Raises InputError if the space has only one configuration, or an objective is not measured on this host."""
        spec = spec.model_copy(update={"rounds": 1})  # a proposal is visited once
        self._spec, self._store, self._digest = spec, store, digest
        self._budget, self._plateau, self._on_propose = budget, plateau, on_propose
        self._space, self._limits = _Space(spec.search_axes()), spec.goals.parsed()
        if self._space.size == 1:
            raise InputError(
                "There is nothing to search: the space has only one configuration.",
                hint="Set ranges under 'search' in the sweep file, or add models.",
            )
        self.objectives: Sequence[MetricName] = tuple(spec.goals.want) or ALWAYS
        question = fingerprint(self._plan(Trial("", ParamSet())), digest, evidence_code())
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._study = optuna.create_study(
            storage=f"sqlite:///{path}",
            study_name=digest_of([self._space.axes, self.objectives, spec.goals.limits, question]),
            directions=["maximize" if METRICS[name].higher_is_better else "minimize" for name in self.objectives],
            load_if_exists=True,
        )
        seed = spec.seed + len(self._study.trials)  # a resumed search must not draw the same again
        self._study.sampler = _sampler(sampler, seed)
        self._random = random.Random(seed)
        self._asked: dict[str, optuna.Trial] = {}
        self._again: deque[TrialPlan] = deque()
        self._failed, self._is_spent = 0, False
        in_flight = self._resume()
        self._known = self._learn(in_flight)
        self._measured = [trial.key for trial in self._proposed() if trial.key in self._known]
        self.learned = len(self._known) - len(self._measured)
        self._is_flat = self._no_progress()

    @property
    def left(self) -> int:
        """How many proposals may still end."""
        if self._is_flat or self._is_spent:
            return len(self._asked)
        return max(self._budget - len(self._measured) - self._failed, len(self._asked))

    def take(self, worker: Hashable) -> tuple[TrialPlan, bool] | None:
        """The next proposal, and whether it was put back before; None if there is none for now."""
        del worker  # proposals have no order that would keep a model loaded
        if self._again:
            return self._again.popleft(), True
        while len(self._asked) < self.left:
            trial = self._propose()
            if trial is None:
                self._is_spent = True
                break
            plan = self._plan(self._space.trial(trial.params))
            self._asked[plan.trial.key] = trial
            self._on_propose(plan)
            if not is_done(self._store, plan, self._digest):
                return plan, False
            self.end(plan)  # its report was written just before a crash
        return None

    def put_back(self, plan: TrialPlan) -> None:
        """Return a proposal, to be handed out again."""
        self._again.append(plan)

    def leave(self, worker: Hashable) -> None:
        """The worker has ended, which changes nothing: proposals belong to no worker."""

    def end(self, plan: TrialPlan) -> None:
        """Learn from a proposal that has ended. Raises InputError if an objective is not measured on this host."""
        trial = self._asked.pop(plan.trial.key)
        if not is_measured(self._store, plan, self._digest):
            self._failed += 1
            self._study.tell(trial, state=TrialState.FAIL)
            return
        self._measured.append(plan.trial.key)
        found = self._figures(observe(self._store, plan.trial))
        if found is None:
            self._study.tell(trial, state=TrialState.FAIL)
        else:
            for name, beyond in self._beyond(found).items():
                trial.set_constraint(name, beyond)
            self._study.tell(trial, [found[name] for name in self.objectives])
        self._is_flat = self._no_progress()

    def tried(self) -> list[Tried]:
        """All proposals that were measured, in the order in which they were made."""
        front, values = self._front(), self._values_by_key()
        return [
            Tried(trial, dict(zip(self.objectives, values.get(trial.key, ()), strict=False)), trial.key in front)
            for trial in self._proposed()
            if trial.key in self._measured
        ]

    def why_ended(self) -> str:
        """Why the search has ended: budget, plateau or an exhausted space."""
        if self._is_flat:
            return f"none of the last {self._plateau} proposals is on the Pareto front"
        if self._is_spent:
            return f"all {self._space.size} configurations of the space are known"
        failed = f", and {self._failed} failed" if self._failed else ""
        return f"{len(self._measured)} of {self._budget} proposals are measured{failed}"

    def _resume(self) -> set[str]:
        """Enqueue what a search that died had handed out; its keys."""
        in_flight = self._study.get_trials(states=[TrialState.RUNNING, TrialState.WAITING])
        for trial in in_flight:
            if trial.state == TrialState.RUNNING:
                if _KEY in trial.user_attrs:  # otherwise it died before it was handed out
                    self._enqueue(trial.params, trial.user_attrs[_KEY])
                self._study.tell(trial.number, state=TrialState.FAIL)
        return {trial.user_attrs[_KEY] for trial in in_flight if _KEY in trial.user_attrs}

    def _learn(self, in_flight: set[str]) -> set[str]:
        """Add measured trials to the study that it does not know; returns the keys of all that are measured."""
        measured, known = set[str](), self._values_by_key()
        for trial in self._store.trials():
            params = self._space.params(trial)
            if params is None or trial.key in in_flight or not self._is_measured(trial):
                continue
            measured.add(trial.key)
            if trial.key not in known and (found := self._figures(observe(self._store, trial))):
                self._study.add_trial(
                    optuna.trial.create_trial(
                        params=params,
                        distributions=self._space.distributions,
                        values=[found[name] for name in self.objectives],
                        constraints=self._beyond(found),
                        user_attrs={_KEY: trial.key},
                    )
                )
        return measured

    def _propose(self) -> optuna.Trial | None:
        """One of Optuna's trials that is not known yet; None if all are."""
        for _ in range(_TRIES):
            trial = self._study.ask(self._space.distributions)
            key = self._space.trial(trial.params).key
            if key not in self._known:
                return self._proposal(trial, key)
            self._study.tell(trial, state=TrialState.FAIL)
        for params in self._space.points(self._random):
            key = self._space.trial(params).key
            if key not in self._known:
                self._enqueue(params, key)
                return self._proposal(self._study.ask(self._space.distributions), key)
        return None

    def _proposal(self, trial: optuna.Trial, key: str) -> optuna.Trial:
        self._known.add(key)
        trial.set_user_attr(_KEY, key)
        trial.set_user_attr(_PROPOSED, value=True)
        return trial

    def _enqueue(self, params: Mapping[str, Value], key: str) -> None:
        self._study.enqueue_trial(dict(params), user_attrs={_KEY: key})

    def _proposed(self) -> list[Trial]:
        """Everything that was ever proposed, without repetition."""
        proposed = (trial for trial in self._study.trials if _PROPOSED in trial.user_attrs)
        return list(dict.fromkeys(self._space.trial(trial.params) for trial in proposed))

    def _values_by_key(self) -> dict[str, Sequence[float]]:
        """Values, in the order of the objectives, of all trials that the study has learned from."""
        complete = self._study.get_trials(states=[TrialState.COMPLETE])
        return {trial.user_attrs[_KEY]: trial.values for trial in complete}

    def _front(self) -> set[str]:
        """Keys of the Pareto front, among the trials that keep the limits."""
        return {trial.user_attrs[_KEY] for trial in self._study.best_trials}

    def _no_progress(self) -> bool:
        if self._plateau is None or len(self._measured) < self._plateau:
            return False
        return self._front().isdisjoint(self._measured[-self._plateau :])

    def _figures(self, observed: Observed) -> dict[MetricName, float] | None:
        """Means of the metrics that objectives and limits name; None if the trial is not valid."""
        if not observed.is_valid:
            return None
        names: Sequence[MetricName] = list(dict.fromkeys([*self.objectives, *(limit.metric for limit in self._limits)]))
        means: dict[MetricName, float] = {name: mean for name in names if (mean := observed.mean(name)) is not None}
        if len(means) < len(names):
            missing = ", ".join(name for name in names if name not in means)
            raise InputError(
                f"The goals name {missing}, but {observed.key} has no value for it: it is not measured on this host.",
                hint=f"Use other metrics under 'goals' in the sweep file; it has {', '.join(observed.values)}.",
            )
        return means

    def _beyond(self, means: Mapping[MetricName, float]) -> dict[str, float]:
        """By how much each limit is broken; 0 or less if it is kept."""
        return {str(limit): _distance(limit, means[limit.metric]) for limit in self._limits}

    def _is_measured(self, trial: Trial) -> bool:
        return is_measured(self._store, self._plan(trial), self._digest)

    def _plan(self, trial: Trial) -> TrialPlan:
        return TrialPlan(model=trial.model, params=trial.params, spec=self._spec)


class _Space:
    """The configurations that may be proposed, translated between our types and Optuna's."""

    def __init__(self, axes: Mapping[str, Axis]) -> None:
        self.axes = axes
        self._fixed = {name: axis.values[0] for name, axis in axes.items() if len(axis.values) == 1}
        self.distributions = {name: _distribution(axis) for name, axis in axes.items() if name not in self._fixed}

    @property
    def size(self) -> int:
        return math.prod(len(axis.values) for axis in self.axes.values())

    def trial(self, params: Mapping[str, Any]) -> Trial:
        """The trial with Optuna's values, whose floats have rounding errors."""
        exact: dict[str, Any] = {
            name: rounded(value) if isinstance(value, float) else value for name, value in params.items()
        }
        exact |= self._fixed
        return Trial(exact.pop("model"), ParamSet(**exact))

    def params(self, trial: Trial) -> dict[str, Value] | None:
        """A trial's values for Optuna; None if it is outside the space."""
        values: dict[str, Value] = {"model": trial.model, **trial.params.model_dump()}
        if not all(value in self.axes[name].values for name, value in values.items()):
            return None
        return {name: values[name] for name in self.distributions}

    def points(self, rng: random.Random) -> Iterator[dict[str, Value]]:
        """Optuna's values of each configuration once, starting with a random one."""
        start = rng.randrange(self.size)
        for number in range(start, start + self.size):
            rest, found = number, dict[str, Value]()
            for name in self.distributions:
                values = self.axes[name].values
                rest, place = divmod(rest, len(values))
                found[name] = values[place]
            yield found


def _distance(limit: Limit, value: float) -> float:
    return limit.value - value if limit.at_least else value - limit.value


def _distribution(axis: Axis) -> BaseDistribution:
    low, high = axis.values[0], axis.values[-1]
    if axis.step is None:
        return CategoricalDistribution(axis.values)
    assert isinstance(low, int | float) and isinstance(high, int | float)
    if all(isinstance(value, int) for value in (low, high, axis.step)):
        return IntDistribution(int(low), int(high), step=int(axis.step))
    return FloatDistribution(low, high, step=axis.step)


def _sampler(name: SamplerName, seed: int) -> BaseSampler:
    return TPESampler(n_startup_trials=_STARTUP, seed=seed) if name == "tpe" else RandomSampler(seed=seed)
