"""The page over all trials: what it says of good sweeps, of poor ones and of none, and that it stays small."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from chimera_dagster.compare.comparison import Comparison, compare
from chimera_dagster.compare.observed import Observed
from chimera_dagster.compare.regression import regress
from chimera_dagster.render.blocks import Page, Table
from chimera_dagster.render.html_writer import to_html
from chimera_dagster.render.index.index_page import Withheld, build_index
from chimera_dagster.render.markdown_writer import to_markdown
from chimera_dagster.spec.goals import Goals
from chimera_dagster.spec.trial import ParamSet
from tests.simulated import in_full, large_sweep, simulated_sweep
from tests.unit.render.pages import text_of

GOALS = Goals(want={"throughput_tok_s": 1, "quality": 0.5}, limits=["ttft_ms <= 2000"])


def sweep(**fields: object) -> list[Observed]:
    rng = np.random.default_rng(1)
    fields = {"models": ["a:1b", "b:1b"], "num_ctx": [2048, 20480], "temperature": [0.2, 1.0]} | fields
    return in_full(simulated_sweep(lambda cell: 100 if cell.num_ctx == 2048 else 80, rng, **fields), rng)  # pyright: ignore


def compared(trials: Sequence[Observed], goals: Goals = GOALS) -> Comparison:
    return compare(trials, goals, datetime(2026, 11, 25, tzinfo=UTC))


def page(trials: Sequence[Observed], goals: Goals = GOALS) -> Page:
    return build_index(compared(trials, goals), [], None)


def read(trials: Sequence[Observed], goals: Goals = GOALS) -> str:
    """The page's words, without Markdown's escapes."""
    return to_markdown(page(trials, goals)).replace("\\", "")


def sections(markdown: str) -> list[str]:
    return re.findall(r"^## (.*)$", markdown, re.M)


def spoiled(trial: Observed, why: str = "at 60 %") -> Observed:
    return trial.model_copy(update={"spoiled_by": {"throttled": why}})


def failed(trial: Observed, error: str = "It ended.") -> Observed:
    return Observed(model=trial.model, params=trial.params, state="failed", error=error)


def test_the_answer_comes_first_with_how_sure_and_what_it_cost() -> None:
    trials = sweep()
    said, tied = read(trials), len(compared(trials, GOALS).recommendation.tied)
    assert sections(said)[:2] == ["Recommendation", "Leaderboard"]
    answer = said[: said.index("## Leaderboard")]
    assert "8 trials: 8 valid. 8 of 8 reports are published." in answer
    assert re.search(r"Run \*\*[ab]:1b, num_ctx=2048, temperature=[\d.]+\*\*\.", answer)
    assert 0 < tied < 7
    assert "**Confidence:** 8 of 8 valid trials keep every limit. It has the best mean; " in answer
    assert f"{tied} of the 7 others can't be told from it." in answer
    assert re.search(r"\*\*Cost:\*\* the calls of its 3 repeats took [\d.]+ s and [\d,]+ J\.", answer)
    assert re.search(
        r"\*\*Cost of the whole sweep:\*\* all calls of measured trials took 1\d\d s and [\d,]+ J\.", answer
    )
    assert "Goals: throughput_tok_s (weight 1); quality (weight 0.5); ttft_ms <= 2000." in answer.replace("&lt;", "<")


def test_the_leaderboard_has_each_mean_as_it_is_and_its_distance_from_the_best() -> None:
    trials = sweep()
    comparison = compared(trials, Goals())
    [table] = [
        block for block in build_index(comparison, [], None).blocks if isinstance(block, Table) and block.interactive
    ]
    rows = [[text_of(cell) for cell in row] for row in table.rows]
    means = {(trial.model, trial.params.key): trial.mean("throughput_tok_s") or 0 for trial in trials}
    column = table.header.index("throughput_tok_s")
    best = max(means.values())
    for place, row in enumerate(rows):
        mean = means[row[0], row[2]]
        assert float(row[column].split(" ±")[0]) == pytest.approx(mean, rel=1e-3)
        assert float(row[3].split(" %")[0]) == pytest.approx(100 * (1 - mean / best), abs=0.06)
        assert row[3].endswith(", best") == (place == 0)
        assert row[3].endswith(", tie") == (
            place > 0 and comparison.standings[f"{row[0]}|{row[2]}"]["throughput_tok_s"].rank == 1
        )
    assert [row[3] for row in rows] == sorted((row[3] for row in rows), key=lambda words: float(words.split(" %")[0]))
    said = to_markdown(build_index(comparison, [], None)).replace("\\", "")
    assert "The same for all trials: repeats 3, error_rate 0.00, model's text usable with care." in said


def test_without_goals_it_names_who_leads_and_recommends_nothing() -> None:
    said = read(sweep(), Goals())
    assert "**No recommendation.** No goals are stated" in said
    assert re.search(
        r"By decode throughput alone, [ab]:1b, num_ctx=2048, .* comes first with \d+\.?\d* tok/s; \d of the 7", said
    )
    assert "Cost:" not in said


def test_no_trial_at_all_is_one_sentence() -> None:
    said = read([])
    assert sections(said) == []
    assert "There are no trials yet." in said


@pytest.mark.parametrize(
    ("trials", "counted"),
    [
        ([spoiled(each) for each in sweep()], "8 trials: 8 not valid."),
        ([failed(each) for each in sweep()], "8 trials: 8 failed."),
        ([Observed(model="a:1b", params=ParamSet(), state="missing")], "1 trial: 1 not run yet."),
    ],
)
def test_where_no_trial_is_valid_nothing_is_ranked(trials: list[Observed], counted: str) -> None:
    for goals in (GOALS, Goals()):
        said = read(trials, goals)
        assert sections(said) == ["Recommendation", "Not ranked", "How this was computed"]
        assert counted in said
        assert "**No recommendation.** No trial is valid" in said
        assert "comes first" not in said and "±" not in said and "best" not in said


def test_what_is_not_valid_stands_apart_with_its_figures_and_why() -> None:
    trials = sweep()
    trials[0], trials[1] = spoiled(trials[0]), failed(trials[1], "x" * 5_000)
    ranked, apart = read(trials).split("## Not ranked")
    for trial in trials[:2]:
        row = f"| {trial.model} | num_ctx={trial.params.num_ctx}, temperature={trial.params.temperature} |"
        assert row not in ranked and row in apart
    assert f"throttled: at 60 % | {trials[0].mean('throughput_tok_s'):.4g} |" in apart
    assert "failed: xxx" in apart and "x […]" in apart
    assert len(apart) < 4_000


def test_one_trial_is_compared_with_nothing() -> None:
    said = read(sweep()[:1], Goals())
    assert "Only one trial is valid, so there is nothing to compare it with." in said
    assert "No test was possible" in said
    assert "No effect can be tested" in said
    assert "Bonferroni" not in said
    assert "It is the only one to choose from." in read(sweep()[:1])


def test_trials_that_ran_once_have_no_tie_and_no_sureness() -> None:
    said = read(sweep(repeats=1), Goals())
    assert "this can't be tested, as there are too few repeats" in said
    assert "tie" not in said.replace("properties", "")
    assert "No test was possible" in said


def test_one_model_alone_has_no_effect_of_the_model() -> None:
    said = read(sweep(models=["a:1b"], temperature=[0.2, 0.6, 1.0]))
    assert "| num_ctx |" in said
    assert "| model |" not in said.split("## Effects")[1]


def test_metrics_that_nobody_measured_have_no_column_and_single_gaps_a_dash() -> None:
    trials = sweep()
    trials[0] = trials[0].model_copy(update={"values": {"quality": [0.5]}})
    trials[1:] = [
        each.model_copy(update={"values": {of: them for of, them in each.values.items() if of != "joules_per_token"}})
        for each in trials[1:]
    ]
    said = read(trials, Goals())
    assert "joules_per_token" not in said
    assert "energy was not measured" in said
    assert "Not drawn: 1 trial without both values." in said
    board = said.split("## Leaderboard")[1].split("## ")[0].strip().splitlines()
    assert board[-1].startswith(f"| {trials[0].model} |") and board[-1].count("| – ") >= 5
    good = [each.model_copy(update={"values": {"quality": each.values["quality"]}}) for each in trials]
    assert "this can't be tested, as there is only one value per trial" in read(good, Goals())
    bare = [each.model_copy(update={"values": {}}) for each in trials]
    assert "No valid trial has a value to rank by." in read(bare, Goals())


def test_what_is_worse_than_the_baseline_comes_first_and_the_rest_is_counted() -> None:
    before, now = large_sweep(np.random.default_rng(1), 5, 5, 4), []
    for place, trial in enumerate(before):
        factor = 0.5 if place % 2 else 3
        values = trial.values | {"throughput_tok_s": [factor * each for each in trial.values["throughput_tok_s"]]}
        now.append(
            trial.model_copy(
                update={"values": values | {"tpot_ms": [1e3 / each for each in values["throughput_tok_s"]]}}
            )
        )
    after = compared([*now, *sweep()])
    said = to_markdown(build_index(after, [], regress(compared(before), after, "base.json"))).replace("\\", "")
    assert "**Compared with the baseline:** 100 worse, 100 better ([details](#compared-with-the-baseline))." in said
    table = said.split("Detected changes, worst first")[1]
    assert "| worse |" in table.split("\n")[4] and "and 150 more rows" in table
    assert "- not in the baseline: 8" in said


@pytest.mark.slow
def test_1000_trials_stay_small_whatever_became_of_them() -> None:
    """Below 5 MiB, and Markdown that the Dagster UI draws at once; a baseline of which all is worse, too."""
    trials = large_sweep(np.random.default_rng(1))
    comparison = compared(trials)
    better = [
        each.model_copy(update={"values": {of: [2 * one for one in them] for of, them in each.values.items()}})
        for each in trials
    ]
    withheld = [Withheld(trial, "Nothing that can be checked is supported.") for trial in trials]
    pages = [
        build_index(comparison, withheld, regress(compared(better), comparison, "base.json")),
        page([spoiled(each, "word " * 1_000) for each in trials]),
        page([failed(each, "word " * 1_000) for each in trials]),
    ]
    for each in pages:
        assert len(to_html(each).encode()) < 5 * 2**20
        assert len(to_markdown(each).encode()) < 100 * 2**10
    said = to_markdown(pages[0])
    assert "and 950 more rows; the HTML page has all of them" in said
