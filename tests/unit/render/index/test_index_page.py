"""The page over all trials: what it says of good sweeps, of poor ones and of none, and that it stays small."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from chimera_dagster.compare.comparison import Comparison, compare
from chimera_dagster.compare.observed import Observed
from chimera_dagster.compare.regression import regress
from chimera_dagster.render.blocks import Page, Part, Table, flat
from chimera_dagster.render.brief.page import brief_page
from chimera_dagster.render.html_writer import to_html
from chimera_dagster.render.index.index_page import build_index
from chimera_dagster.render.markdown_writer import to_markdown
from chimera_dagster.spec.goals import Goals
from chimera_dagster.spec.trial import ParamSet
from tests.simulated import in_full, large_sweep, simulated_sweep
from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.render.brief.test_page import brief_of
from tests.unit.render.pages import text_of

GOALS = Goals(want={"throughput_tok_s": 1, "quality": 0.5}, limits=["ttft_ms <= 2000"])


def sweep(**fields: object) -> list[Observed]:
    rng = np.random.default_rng(1)
    fields = {"models": ["a:1b", "b:1b"], "num_ctx": [2048, 20480], "temperature": [0.2, 1.0]} | fields
    return in_full(simulated_sweep(lambda cell: 100 if cell.num_ctx == 2048 else 80, rng, **fields), rng)  # pyright: ignore


def compared(trials: Sequence[Observed], goals: Goals = GOALS) -> Comparison:
    return compare(trials, goals, datetime(2026, 11, 25, tzinfo=UTC))


def page(trials: Sequence[Observed], goals: Goals = GOALS) -> Page:
    return build_index(None, compared(trials, goals), None)


def read(trials: Sequence[Observed], goals: Goals = GOALS) -> str:
    """The page's words, without Markdown's escapes."""
    return to_markdown(page(trials, goals)).replace("\\", "")


def sections(markdown: str) -> list[str]:
    return re.findall(r"^### (.*)$", markdown, re.M)


def spoiled(trial: Observed, why: str = "at 60 %") -> Observed:
    return trial.model_copy(update={"spoiled_by": {"throttled": why}})


def failed(trial: Observed, error: str = "It ended.") -> Observed:
    return Observed(model=trial.model, params=trial.params, state="failed", error=error)


def test_the_answer_comes_first_with_how_sure_and_what_it_cost() -> None:
    trials = sweep()
    said, tied = read(trials), len(compared(trials, GOALS).recommendation.tied)
    assert sections(said)[:2] == ["Recommendation", "Leaderboard"]
    answer = said[: said.index("### Leaderboard")]
    assert "8 trials: 8 valid. 8 reports." in answer
    assert re.search(r"Run \*\*[ab]:1b, num_ctx=2048, temperature=[\d.]+\*\*\.", answer)
    assert 0 < tied < 7
    assert "**Confidence:** 8 of 8 valid trials keep every limit. It has the best mean; " in answer
    assert f"{tied} of the 7 others can't be told from it." in answer
    assert re.search(r"\*\*Cost:\*\* the calls of its 3 repeats took [\d.]+ s and [\d,]+ J\.", answer)
    assert re.search(
        r"\*\*Cost of the whole sweep:\*\* all calls of measured trials took 1\d\d s and [\d,]+ J\.", answer
    )
    goals = (
        "**Goals:** throughput_tok_s (weight 1); quality (weight 0.5); ttft_ms <= 2000. They are from `goals` in sweep"
    )
    assert goals in answer.replace("&lt;", "<")


def test_the_leaderboard_has_each_mean_as_it_is_and_its_distance_from_the_best() -> None:
    trials = sweep()
    comparison = compared(trials, Goals(want={"throughput_tok_s": 1}))
    [table] = [
        block
        for block in flat(build_index(None, comparison, None).blocks)
        if isinstance(block, Table) and block.interactive
    ]
    rows = [[text_of(cell) for cell in row] for row in table.rows]
    means = {(trial.model, trial.params.key): trial.mean("throughput_tok_s") or 0 for trial in trials}
    assert table.header[:4] == ("model", "parameters", "behind the best", "throughput_tok_s")
    report, best = table.header.index("report"), max(means.values())
    for place, row in enumerate(rows):
        mean, gap = means[row[0], row[report]], row[2]
        assert float(row[3].split(" ±")[0]) == pytest.approx(mean, rel=1e-3)
        assert float(gap.split(" %")[0]) == pytest.approx(100 * (1 - mean / best), abs=0.06)
        assert gap.endswith(", best") == (place == 0)
        assert gap.endswith(", tie") == (
            place > 0 and comparison.standings[f"{row[0]}|{row[report]}"]["throughput_tok_s"].rank == 1
        )
    assert [row[2] for row in rows] == sorted((row[2] for row in rows), key=lambda words: float(words.split(" %")[0]))
    said = to_markdown(build_index(None, comparison, None)).replace("\\", "")
    assert "The same for all trials: error_rate 0.00, rounds 1, repeats 3, model's text usable with care." in said


def test_without_goals_the_default_ones_decide_and_are_named() -> None:
    said = read(sweep(), Goals())
    answer = said[: said.index("### Leaderboard")]
    assert re.search(r"By the default goals, \*\*[ab]:1b, num_ctx=2048, temperature=[\d.]+\*\* comes first\.", answer)
    assert (
        "**Goals:** throughput_tok_s (weight 1); ttft_ms (weight 1); quality (weight 2). These are the default"
        in answer
    )
    assert "state your own under `goals` in sweep.yaml" in answer
    assert (
        "others can't be told from it. The test takes quality score as exact: there is one value per trial." in answer
    )
    assert "No recommendation" not in said


def test_limits_without_weights_take_the_default_ones() -> None:
    said = read(sweep(), Goals(limits=["ttft_ms <= 2000"])).replace("&lt;", "<")
    assert (
        "quality (weight 2); ttft_ms <= 2000. The limits are from sweep.yaml, the weights are the default ones" in said
    )


def test_goals_that_name_what_nobody_measured_leave_no_answer_but_who_leads() -> None:
    trials = [
        each.model_copy(update={"values": {of: them for of, them in each.values.items() if of != "joules_per_token"}})
        for each in sweep()
    ]
    said = read(trials, Goals(want={"joules_per_token": 1}))
    assert "**No recommendation.** No valid trial has a value for joules_per_token" in said
    assert re.search(
        r"By decode throughput alone, [ab]:1b, num_ctx=2048, .* comes first with \d+\.?\d* tok/s; \d of the 7", said
    )
    assert "Cost:" not in said


def test_the_two_halves_say_what_they_are_with_and_without_trials(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [run("quick:1b", 80.0 + place, 90.0 + place) for place in range(6)])
    brief = brief_of(tmp_path)
    for found in (brief, None):
        for trials in (sweep(), []):
            page = build_index(found, compared(trials), None)
            ours, sweeps = page.blocks
            assert isinstance(ours, Part) and isinstance(sweeps, Part)
            assert ours.heading.text == "What your benchmarks say"
            assert sweeps.heading.text == "Which model and setting writes the report, and how fast"
            first, second = to_markdown(page).replace("\\", "").split("## Which model")
            assert "no language model took part" in first and "a model wrote a report" in second
            assert ("There is no brief yet: `chimera ingest`" in first) == (found is None)
            assert ("How sure this is." in first) == ("../brief.html#n1" in first) == (found is not None)
            assert ("There are no trials yet." in second) == (not trials)
            assert "quick:1b" not in second and "a:1b" not in first


def test_what_leads_to_the_evidence_leads_to_the_brief(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [run("quick:1b", 80.0 + place, 90.0 + place) for place in range(6)])
    brief = brief_of(tmp_path)
    html = to_html(build_index(brief, compared([]), None))
    targets = set(re.findall(r'id="([^"]+)"', to_html(brief_page(brief))))
    named = re.findall(r'href="\.\./brief\.html#([^"]+)"', html)
    assert named and set(named) <= targets
    assert '<a href="../brief.html">' in html


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
    ranked, apart = read(trials).split("### Not ranked")
    for trial in trials[:2]:
        row = f"| {trial.model} | num_ctx={trial.params.num_ctx}, temperature={trial.params.temperature} |"
        assert row not in ranked and row in apart
    assert f"throttled: at 60 % | {trials[0].mean('throughput_tok_s'):.4g} |" in apart
    assert "failed: xxx" in apart and "x […]" in apart
    assert len(apart) < 4_000


def test_one_trial_is_compared_with_nothing() -> None:
    said = read(sweep()[:1], Goals())
    assert "It is the only one to choose from." in said
    assert "No test was possible" in said
    assert "No effect can be tested" in said
    assert "Bonferroni" not in said
    unmet = Goals(limits=["ttft_ms <= 1"])
    assert "Only one trial is valid, so there is nothing to compare it with." in read(sweep()[:1], unmet)


def test_trials_that_ran_once_have_no_tie_and_no_sureness() -> None:
    said = read(sweep(repeats=1), Goals())
    assert "no test can tell how sure that is: one round can't tell a difference from a drift of the host" in said
    unmet = read(sweep(repeats=1), Goals(limits=["ttft_ms <= 1"]))
    assert "this can't be tested: one round can't tell" in unmet
    assert "tie" not in said.replace("properties", "")
    assert "No test was possible" in said


def test_one_model_alone_has_no_effect_of_the_model() -> None:
    said = read(sweep(models=["a:1b"], temperature=[0.2, 0.6, 1.0], rounds=4))
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
    board = said.split("### Leaderboard")[1].split("### ")[0].strip().splitlines()
    assert board[-1].startswith(f"| {trials[0].model} |") and board[-1].count("| – ") >= 5
    good = [each.model_copy(update={"values": {"quality": each.values["quality"]}}) for each in trials]
    assert "this can't be tested, as there is only one value per trial" in read(good, Goals(limits=["ttft_ms <= 1"]))
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
    said = to_markdown(build_index(None, after, regress(compared(before), after, "base.json"))).replace("\\", "")
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
    pages = [
        build_index(None, comparison, regress(compared(better), comparison, "base.json")),
        page([spoiled(each, "word " * 1_000) for each in trials]),
        page([failed(each, "word " * 1_000) for each in trials]),
    ]
    for each in pages:
        assert len(to_html(each).encode()) < 5 * 2**20
        assert len(to_markdown(each).encode()) < 100 * 2**10
    said = to_markdown(pages[0])
    assert "and 950 more rows; the HTML page has all of them" in said
