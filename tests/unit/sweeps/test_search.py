"""The search: what it proposes, what it learns from, and how it goes on after it has died."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean

import pytest

from chimera_dagster.errors import InputError
from chimera_dagster.measure.validity import Verdict
from chimera_dagster.records.documents import Summary
from chimera_dagster.records.trial_files import (
    Recorded,
    metrics_digest,
    read_recorded,
    write_measurement,
    write_report,
)
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan
from chimera_dagster.spec.trial import Trial
from chimera_dagster.steps.done import fingerprint
from chimera_dagster.steps.evidence import evidence_code
from chimera_dagster.steps.recording import calls_table
from chimera_dagster.sweeps.search import SamplerName, Search
from tests.desk import Desk

SPACE = {
    "num_ctx": {"low": 1024, "high": 8192},
    "temperature": {"low": 0.0, "high": 1.5, "step": 0.1},
    "top_k": [20, 40, 80],
}
GOALS = {"want": {"throughput_tok_s": 1}}
Truth = Callable[[Trial], float]


def tok_s(trial: Trial) -> float:
    """Best, 100, at num_ctx 4096, temperature 0.7, top_k 40 and one of the models."""
    params = trial.params
    assert params.num_ctx is not None and params.temperature is not None
    off = abs(params.num_ctx - 4096) / 7168 + abs(params.temperature - 0.7) / 1.5 + (params.top_k != 40) / 4
    return 100 * 0.5**off * (1.0 if trial.model == "gemma3:270m" else 0.8)


class Lab:
    """Measures proposals by a truth instead of a model; the documents are those that a real trial left."""

    def __init__(self, desk: Desk, template: Recorded, path: Path) -> None:
        self.store, self._template, self._path = desk.store, template, path
        self._summary = self.store.read_json("summary", Summary)

    def spec(self, **fields: object) -> SweepSpec:
        given = {"engine": "ollama", "models": ["smollm2:135m", "gemma3:270m"], "search": SPACE, "goals": GOALS}
        return SweepSpec.model_validate(given | fields)

    def search(self, budget: int, sampler: SamplerName = "tpe", plateau: int | None = None, **fields: object) -> Search:
        return Search(
            self._path,
            self.spec(**fields),
            self.store,
            self._summary.digest,
            budget=budget,
            sampler=sampler,
            plateau=plateau,
            on_propose=self.store.register,
        )

    def measure(self, plan: TrialPlan, truth: Truth = tok_s, *, spoiled: bool = False) -> None:
        """Leave the files of a trial, its report too."""
        rate = truth(plan.trial)
        calls = [
            call.model_copy(update={"eval_ms": 1e3 * (call.decoded_tokens or 0) / rate})
            for call in self._template.metrics.calls
        ]
        verdict = Verdict(name="contended", evidence="another process", spoils=True)
        metrics = self._template.metrics.model_copy(
            update={
                "model": plan.model,
                "params": plan.params,
                "params_key": plan.params.key,
                "fingerprint": fingerprint(plan, self._summary.digest, evidence_code()),
                "calls": calls,
                "validity": [verdict] if spoiled else [Verdict(name="valid", evidence="")],
            }
        )
        folder = self.store.folder_of(plan.trial)
        self.store.register(plan)
        _, outcome, samples = self._template
        write_measurement(folder, metrics, outcome, samples, calls_table(outcome.calls, calls))
        write_report(folder, "<html></html>\n", "# Report\n", metrics_digest(folder))

    def run(self, search: Search, truth: Truth = tok_s) -> list[TrialPlan]:
        """What is handed out to one worker until there is nothing more to wait for."""
        handed_out: list[TrialPlan] = []
        while search.left:
            taken = search.take("a worker")
            if taken is None:
                assert not search.left
                break
            handed_out.append(taken[0])
            self.measure(taken[0], truth)
            search.end(taken[0])
        assert search.take("a worker") is None
        return handed_out

    def grid(self, **values: Sequence[float]) -> list[TrialPlan]:
        """Measured trials of an earlier sweep, each of the values with those of the space's middle."""
        plans = self.spec(models=["gemma3:270m"], grid={"num_ctx": [2048], "top_k": [20]} | values).plans()
        for plan in plans:
            self.measure(plan)
        return plans


@pytest.fixture(scope="module")
def template(desk: Desk) -> Recorded:
    desk.run()
    return read_recorded(desk.store, desk.plan())


@pytest.fixture
def lab(desk: Desk, template: Recorded, tmp_path: Path) -> Lab:
    shutil.rmtree(desk.store.runs, ignore_errors=True)
    return Lab(desk, template, tmp_path / "search.db")


def taken(search: Search) -> TrialPlan:
    found = search.take("a worker")
    assert found is not None
    return found[0]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_proposals_are_new_lie_in_the_space_and_are_as_many_as_asked_for(lab: Lab, sampler: SamplerName) -> None:
    search = lab.search(16, sampler)
    keys = [plan.trial.key for plan in lab.run(search)]
    assert len(set(keys)) == len(keys) == 16
    for trial, values, _ in search.tried():
        assert trial.model in ("smollm2:135m", "gemma3:270m")
        assert trial.params.num_ctx in range(1024, 8193, 1024)
        assert trial.params.temperature in [number / 10 for number in range(16)]
        assert trial.params.top_k in (20, 40, 80)
        assert values["throughput_tok_s"] == pytest.approx(tok_s(trial))
    assert [trial.key for trial, *_ in search.tried()] == keys
    [best] = [trial for trial, _, on_front in search.tried() if on_front]
    assert tok_s(best) == max(tok_s(trial) for trial, *_ in search.tried())
    assert search.why_ended() == "16 of 16 proposals are measured"


@pytest.mark.slow
def test_tpe_finds_more_than_chance(desk: Desk, template: Recorded, tmp_path: Path) -> None:
    samplers: tuple[SamplerName, ...] = ("tpe", "random")
    best: dict[SamplerName, list[float]] = {sampler: [] for sampler in samplers}
    for seed in range(2):
        for sampler, found in best.items():
            shutil.rmtree(desk.store.runs, ignore_errors=True)
            lab = Lab(desk, template, tmp_path / f"{sampler}.db")
            search = lab.search(32, sampler, seed=seed)
            lab.run(search)
            found.append(max(tok_s(trial) for trial, *_ in search.tried()))
    assert fmean(best["tpe"]) > fmean(best["random"]) + 2, best


def test_what_is_measured_already_is_learned_and_not_proposed(lab: Lab) -> None:
    known = lab.grid(temperature=[0.0, 0.5, 1.0])
    outside = lab.grid(temperature=[0.55])
    search = lab.search(10)
    assert search.learned == 3
    proposed = {plan.trial.key for plan in lab.run(search)}
    assert len(proposed) == 10 and proposed.isdisjoint(plan.trial.key for plan in [*known, *outside])
    assert lab.search(10).learned == 3


def test_the_best_that_is_known_is_none_that_a_proposal_beats_by_less(lab: Lab) -> None:
    lab.measure(
        lab.spec(models=["gemma3:270m"], grid={"num_ctx": [4096], "temperature": [0.7], "top_k": [40]}).plans()[0]
    )
    search = lab.search(6)
    lab.run(search)
    assert not any(on_front for *_, on_front in search.tried())


def test_another_question_is_another_search(lab: Lab) -> None:
    lab.grid(temperature=[0.0, 0.5, 1.0])
    lab.run(lab.search(3))
    search = lab.search(3, seed=8)
    assert (search.learned, search.left, search.tried()) == (0, 3, [])


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_search_that_died_goes_on_with_what_it_had_handed_out(lab: Lab, sampler: SamplerName) -> None:
    first = lab.search(6, sampler)
    done = [taken(first), taken(first)]
    for plan in done:
        lab.measure(plan)
        first.end(plan)
    lost = taken(first)
    again = lab.search(6, sampler)
    assert again.left == 4
    assert [trial.key for trial, *_ in again.tried()] == [plan.trial.key for plan in done]
    rest = lab.run(again)
    assert rest[0].trial == lost.trial
    assert len({plan.trial.key for plan in [*done, *rest]}) == 6
    assert lab.search(6, sampler).left == 0


def test_what_was_measured_just_before_it_died_is_not_measured_again(lab: Lab) -> None:
    first = lab.search(3)
    last = taken(first)
    lab.measure(last)
    again = lab.search(3)
    rest = lab.run(again)
    assert len(rest) == 2 and last.trial not in {plan.trial for plan in rest}
    assert again.tried()[0].trial == last.trial


def test_one_that_failed_counts_and_may_be_proposed_by_a_later_search_only(lab: Lab) -> None:
    search = lab.search(2)
    failed = taken(search)
    search.end(failed)
    rest = lab.run(search)
    assert len(rest) == 1 and rest[0].trial != failed.trial
    assert search.why_ended() == "1 of 2 proposals are measured, and 1 failed"
    assert lab.search(2).left == 1


def test_one_that_is_not_valid_counts_is_on_no_front_and_is_not_proposed_again(lab: Lab) -> None:
    search = lab.search(2)
    spoiled = taken(search)
    lab.measure(spoiled, lambda _: 1e6, spoiled=True)
    search.end(spoiled)
    lab.run(search)
    [(trial, values, on_front), (_, others, best)] = search.tried()
    assert (trial, values, on_front) == (spoiled.trial, {}, False)
    assert others and best
    assert lab.search(2).left == 0


def test_what_breaks_a_limit_is_on_no_front(lab: Lab) -> None:
    def truth(trial: Trial) -> float:
        return 100 + 100 * (trial.params.temperature or 0)

    search = lab.search(12, goals={"want": {"total_ms": 1}, "limits": ["throughput_tok_s <= 150"]})
    lab.run(search, truth)
    kept = {trial for trial, values, _ in search.tried() if truth(trial) <= 150}
    assert 0 < len(kept) < 12
    assert {trial for trial, _, on_front in search.tried() if on_front} <= kept


def test_without_goals_it_is_for_throughput_ttft_and_quality(lab: Lab) -> None:
    search = lab.search(4, goals={})
    lab.run(search)
    assert set(search.tried()[0].values) == {"throughput_tok_s", "ttft_ms", "quality"}


def test_a_goal_that_is_not_measured_here_is_named(lab: Lab) -> None:
    search = lab.search(4, goals={"want": {"joules_per_token": 1}})
    plan = taken(search)
    lab.measure(plan)
    with pytest.raises(InputError, match=r"The goals name joules_per_token, but .* has no value for it") as caught:
        search.end(plan)
    assert "it has throughput_tok_s" in caught.value.hint


def test_a_small_space_is_searched_to_its_end(lab: Lab) -> None:
    search = lab.search(50, search={}, grid={"num_ctx": [1024, 4096], "temperature": [0.2, None]})
    proposed = lab.run(search, lambda trial: trial.params.num_ctx or 0)
    assert len({plan.trial for plan in proposed}) == 8
    assert search.why_ended() == "all 8 configurations of the space are known"


def test_one_configuration_is_nothing_to_search(lab: Lab) -> None:
    with pytest.raises(InputError, match="nothing to search"):
        lab.search(3, models=["gemma3:270m"], search={})


def test_it_ends_where_nothing_better_is_found(lab: Lab) -> None:
    search = lab.search(100, plateau=5)
    proposed = lab.run(search)
    places = [place for place, tried in enumerate(search.tried(), 1) if tried.on_front]
    assert len(proposed) == places[-1] + 5 < 100
    assert search.why_ended() == "none of the last 5 proposals is on the Pareto front"


def test_trials_of_several_workers_end_in_any_order(lab: Lab) -> None:
    search = lab.search(5)
    plans = [taken(search) for _ in range(5)]
    assert search.left == 5 and search.take("sixth") is None
    search.put_back(plans[2])
    assert search.take("third") == (plans[2], True)
    for plan in reversed(plans):
        lab.measure(plan)
        search.end(plan)
    assert search.left == 0
    assert {trial for trial, *_ in search.tried()} == {plan.trial for plan in plans}
