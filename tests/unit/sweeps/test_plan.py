"""What a sweep takes and shows, before it runs."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from chimera_dagster.cli.plan import detected_share, plan_lines
from chimera_dagster.compare.comparison import compare
from chimera_dagster.compare.power import Design
from chimera_dagster.errors import SpecError
from chimera_dagster.spec.goals import Goals
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan
from chimera_dagster.sweeps.plan import Estimate, Known, design_of, known_from, plan, propose
from tests.simulated import in_full, simulated_sweep

NOTHING_KNOWN = known_from(None, {})


def planned(**spec: Any) -> list[TrialPlan]:
    fields = {"models": ["a:1b", "b:1b"], "max_tokens": 300, "grid": {"num_ctx": [2048, 4096], "top_k": [1, 2, 3]}}
    return SweepSpec.model_validate(fields | spec).plans()


def test_a_sweep_about_which_nothing_is_known_is_planned_by_stated_guesses() -> None:
    plans = planned(repeats=3)
    found = plan(plans, plans[:9], NOTHING_KNOWN, design_of(plans))
    assert (found.trials, found.to_run, found.rounds, found.repeats) == (12, 9, 1, 3)
    assert (found.calls, found.loads) == (9 * 3 * 2, 3)  # the first nine share three loaded models
    assert found.minutes == pytest.approx((54 * 10.0 + 3 * 5.0) / 60)
    assert {it.trials for it in (found.call_s, found.load_s, found.scatter, found.drift)} == {0}
    lines = plan_lines(found)
    assert lines[0] == "12 trials, 9 to run, 1 round of 3 repeats: 54 calls, 3 loads, about 9 min."
    assert lines[1] == "A call takes 10.0 s (a guess), a load 5.0 s (a guess)."
    assert lines[2] == "Throughput scatters by 2.0% between repeats (a guess) and by 1.0% between visits (a guess)."
    assert lines[3].startswith("If the host does not drift: with 80 % power it shows one trial that is ")
    assert lines[-1].startswith("One round can't tell")


def test_each_round_loads_each_model_once_and_a_cold_sweep_for_each_repeat() -> None:
    plans = planned()
    assert plan(plans, plans, NOTHING_KNOWN, Design(12, 3, 2)).loads == 3 * 4
    cold = planned(cold=True)
    assert plan(cold, cold, NOTHING_KNOWN, Design(12, 3, 2)).loads == 12 * 3 * 2
    assert plan(plans, [], NOTHING_KNOWN, Design(12, 3, 2)).minutes == 0


def test_earlier_trials_say_how_long_a_call_takes_and_how_far_it_scatters() -> None:
    rng = np.random.default_rng(3)
    trials = in_full(simulated_sweep(lambda cell: 100.0, rng, repeats=20, noise=0.03, drift=0.01), rng)
    found = known_from(compare(trials, Goals(), datetime.now(UTC)), {"a:1b": [2.0, 4.0]})
    assert found.scatter.value == pytest.approx(0.03, rel=0.1)
    assert found.scatter.trials == 18
    assert found.drift.value == pytest.approx(0.01, rel=0.6) and found.drift.trials == 18
    assert found.load_s == {"a:1b": Estimate(value=3.0, trials=2)}
    assert found.call_s["a:1b"].trials == 9
    assert found.call_s["a:1b"].value == pytest.approx(2.1, rel=0.05)  # 100 ms, then 200 tokens at 100 tok/s
    half_known = plan(planned(), planned(), found, Design(12, 1, 3))
    assert half_known.load_s.value == pytest.approx((3.0 + 5.0) / 2)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.05, 0.02])
def test_a_proposal_finds_what_it_was_asked_for_and_no_quicker_one_does(share: float) -> None:
    plans = planned()
    found = propose(plans, plans, NOTHING_KNOWN, share)
    assert found is not None and found.slowest is not None
    assert found.rounds >= 2
    assert 0.7 * share < found.slowest <= share
    fewer = plan(plans, plans, NOTHING_KNOWN, Design(12, found.rounds - 1, found.repeats))
    assert fewer.slowest is None or fewer.slowest > share or fewer.rounds == 1
    lines = plan_lines(found, share)
    assert lines[0].startswith(f"To find a trial that is {share:.1%} slower: {found.rounds} rounds of {found.repeats}")


@pytest.mark.slow
def test_dear_loads_are_spread_over_more_repeats() -> None:
    plans = planned()
    quick, dear = (
        propose(plans, plans, Known({}, dict.fromkeys(("a:1b", "b:1b"), load), *NOTHING_KNOWN[2:]), 0.04)
        for load in (Estimate(value=0.1, trials=1), Estimate(value=900.0, trials=1))
    )
    assert quick is not None and dear is not None
    assert dear.rounds < quick.rounds and dear.repeats > quick.repeats


def test_what_can_not_be_found_is_not_proposed() -> None:
    plans = planned()
    assert propose(plans, plans, NOTHING_KNOWN, 0.0001) is None
    one = planned(models=["a:1b"], grid={})
    assert propose(one, one, NOTHING_KNOWN, 0.05) is None
    lines = plan_lines(plan(one, one, NOTHING_KNOWN, design_of(one)))
    assert "It will show no difference: a test needs at least two trials, and more repeats or rounds." in lines


@pytest.mark.parametrize(("text", "share"), [("5%", 0.05), ("0.05", 0.05), (" 2.5 % ", 0.025)])
def test_a_difference_is_given_as_a_share(text: str, share: float) -> None:
    assert detected_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["5", "0", "-5%", "100%", "much", ""])
def test_a_difference_that_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="--detect"):
        detected_share(text)
