"""What is said of a difference by how many sessions show it, and of means that are mixed from other things."""

import numpy as np
import pytest

from benchmarks.audit_folders import Folder, Prompts, Visit, drifting, table_of, throttled
from benchmarks.bench_audit import DIFFERENT, EQUAL, MOST_FALSE, rates
from chimera_dagster.evidence.certainty import Certainty
from chimera_dagster.evidence.findings import find_findings
from chimera_dagster.evidence.findings.finding_context import FindingContext
from chimera_dagster.evidence.findings.ranking import model_contests
from tests.unit.evidence.findings.tables import no_files, rows_of


def found(table, detector):
    return rows_of(find_findings(no_files(), table), detector)


def results(folder, seed=1):
    return model_contests(FindingContext(no_files(), folder.simulate(np.random.default_rng(seed))))


@pytest.mark.parametrize(
    ("folder", "certainty", "words"),
    [
        (Folder(2, effect=0.3), "in_session", "In this session every two of them differ. Whether it holds in other"),
        (Folder(2, apart=True, effect=0.3), "in_session", "Each was measured in a session of its own, so a drift of"),
        (Folder(2, sessions=(4, 4), drift=0.03, effect=0.3), "holds", "n = 36). Every two of them differ."),
        (Folder(2, sessions=(4, 4), apart=True, effect=0.3), "holds", "n = 36). Every two of them differ."),
        (
            Folder(2, sessions=(4, 4), apart=True, drift=0.05),
            "tie",
            "No two of them can be told apart. A difference of",
        ),
    ],
)
def test_a_difference_holds_only_over_sessions(folder, certainty, words):
    table = folder.simulate(np.random.default_rng(1))
    (ranking,) = found(table, "rank_models")
    assert ranking["certainty"] == certainty
    assert words in ranking["text"]
    assert ("sessions, Holm" in ranking["test"] or "session's mean" in ranking["test"]) == (certainty != "in_session")


def test_two_sessions_each_show_a_difference_of_these_sessions():
    folder = Folder(2, sessions=(2, 2), apart=True, drift=0.05, effect=0.1)
    (result,) = results(folder)
    assert result.certainty_of("m0:1b", "m1:1b") is Certainty.IN_SESSION
    (ranking,) = found(folder.simulate(np.random.default_rng(1)), "rank_models")
    assert ranking["text"].endswith("So few sessions can't show whether it holds in others.")


def test_a_pair_has_the_certainty_of_its_own_sessions():
    rng = np.random.default_rng(2)
    visits = [Visit("a", f"{number}.csv", rng.normal(0.0, 0.01, 6)) for number in range(4)]
    visits += [Visit("b", f"{number}.csv", rng.normal(0.4, 0.01, 6)) for number in range(4)]
    table = table_of([*visits, Visit("c", "0.csv", rng.normal(1, 0.01, 6))])
    (ranking,) = model_contests(FindingContext(no_files(), table))
    assert ranking.certainty_of("a", "b") is Certainty.HOLDS
    assert ranking.certainty_of("c", "a") is ranking.certainty_of("b", "c") is Certainty.IN_SESSION
    assert [standing.item for standing in ranking.contest.standings] == ["c", "b", "a"]
    assert ranking.certainty_of("a", "z") is Certainty.PLAIN


def test_a_model_that_is_slower_at_every_prompt_is_never_called_the_fastest():
    # its mean is the highest by far, as it was given the fast prompt most often
    for result in results(Prompts(effect=-0.1)):
        assert [standing.item for standing in result.contest.standings] == ["m1:1b", "m0:1b"]
        ahead, behind = result.contest.standings
        assert behind.value / ahead.value == pytest.approx(0.9, abs=0.04)
        assert result.certainty is Certainty.IN_SESSION


def test_a_set_that_is_slower_at_every_prompt_is_never_called_the_best():
    rng, visits = np.random.default_rng(3), []
    for prompt, level, counts in (("short", 2.0, (9, 3)), ("long", 0.0, (3, 9))):
        for place, count in enumerate(counts):
            logs = level + rng.normal(0, 0.01, count) + np.log(0.9) * (place == 0)
            visits.append(Visit("m", "a.csv", logs, f'{{"top_k":{place}}}', [prompt] * count))
    (finding,) = found(table_of(visits), "rank_configurations")
    assert "top_k=1 has the highest decode throughput in this session" in finding["text"]


def test_models_with_prompts_of_their_own_are_not_tested():
    rng = np.random.default_rng(4)
    visits = [
        Visit(model, "a.csv", rng.normal(0, 0.01, 9), prompts=[f"{model}{n % 3}" for n in range(9)]) for model in "ab"
    ]
    (ranking,) = found(table_of(visits), "rank_models")
    assert ranking["certainty"] == "plain"
    assert ranking["text"].endswith("They were not given the same prompts, so their difference was not tested.")


def test_prompts_that_are_given_once_each_are_chance():
    rng, visits = np.random.default_rng(5), []
    for model, level in (("a", 0.3), ("b", 0.0)):
        prompts = [f"{model}{number}" for number in range(9)]
        visits.append(Visit(model, "a.csv", rng.normal(level, 0.01, 9), prompts=prompts))
    (ranking,) = found(table_of(visits), "rank_models")
    assert ranking["certainty"] == "in_session"


def test_a_model_without_a_common_prompt_is_left_out_and_named():
    rng = np.random.default_rng(6)
    prompts = {"a": "xxxyyy", "b": "xyyyyy", "c": "zzzzzz"}
    visits = [Visit(name, "a.csv", rng.normal(0, 0.01, 6), prompts=list(asked)) for name, asked in prompts.items()]
    (ranking,) = found(table_of(visits), "rank_models")
    assert "Not compared" in ranking["text"]
    assert ranking["text"].index("Not compared") < ranking["text"].index("c 1")


def test_two_speeds_show_the_median_and_why():
    table = Folder(2, (30, 30), draw=throttled).simulate(np.random.default_rng(7))
    (ranking,) = found(table, "rank_models")
    assert ranking["values"]["median_1"][0] == pytest.approx(100, abs=2)
    assert "as the runs have two speeds" in ranking["text"]


def test_an_effect_of_a_parameter_holds_only_over_sessions():
    (one,) = found(Folder(4, levels=True, effect=0.3).simulate(np.random.default_rng(8)), "parameter_effects")
    assert (one["certainty"], "in this session" in one["text"]) == ("in_session", True)
    several = Folder(4, sessions=(4, 4), levels=True, effect=0.3)
    (finding,) = found(several.simulate(np.random.default_rng(8)), "parameter_effects")
    assert (finding["certainty"], "session:" in finding["text"]) == ("holds", False)
    assert finding["text"].startswith("top_k changes the decode throughput of m:1b: at 10 it is")
    assert finding["test"].startswith("F-test of each session's mean log value within blocks")


def test_a_drift_of_the_machine_is_no_effect_over_sessions():
    folder = Folder(4, (20, 20), (6, 6), levels=True, draw=drifting)
    certainties = [
        found(folder.simulate(np.random.default_rng(seed)), "parameter_effects")[0]["certainty"] for seed in range(5)
    ]
    assert certainties.count("tie") >= 4


def test_the_p_value_of_a_pair_is_that_of_the_test_behind_its_certainty():
    (result,) = results(Folder(2, sessions=(6, 6), apart=True, drift=0.05))
    over, pairs = result.contest.over, result.contest.pairs
    assert result.certainty is Certainty.TIE
    assert result.p_of("m0:1b", "m1:1b") == pytest.approx(over.pairs.p[0])
    assert pairs.p[0] < over.pairs.p[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", EQUAL)
def test_equal_models_do_not_differ(name):
    assert rates(EQUAL[name], 60).holds <= MOST_FALSE + 2.5 * np.sqrt(MOST_FALSE * (1 - MOST_FALSE) / 60)


@pytest.mark.slow
@pytest.mark.parametrize("name", DIFFERENT)
def test_a_difference_is_never_put_in_the_wrong_order(name):
    assert rates(DIFFERENT[name], 20).reversed == 0
