"""The comparison of a data folder: what trials left is read, valid or not, and kept as files."""

import json
import shutil

import pandas as pd
import pytest

from chimera_dagster.errors import EngineError, InputError, NotIngestedError
from chimera_dagster.records.store import write_text
from chimera_dagster.records.trial_files import read_metrics
from chimera_dagster.spec.goals import Goals
from chimera_dagster.steps.report import render_trial
from chimera_dagster.steps.sweep_comparison import (
    goals_of,
    load_comparison,
    parse_comparison,
    read_baseline,
    read_comparison,
    write_comparison,
)
from tests.desk import Desk, faithful
from tests.stub_ollama import Answer

REFUSED = Answer(status=400, body={"error": "not today"})
SETS = [{"grid": {"num_ctx": [1024], "top_k": [number]}} for number in range(1, 5)]


@pytest.fixture(autouse=True)
def _no_trials(desk: Desk) -> None:
    """The project is shared by the module's tests; its trials are not."""
    shutil.rmtree(desk.store.runs, ignore_errors=True)


def registered(desk: Desk, number: int) -> None:
    desk.store.register(desk.plan(**SETS[number]))


def ran(desk: Desk, number: int, **spec: object) -> None:
    registered(desk, number)
    desk.run(**(SETS[number] | spec))
    render_trial(desk.store, desk.plan(**SETS[number]))


def failed(desk: Desk, number: int) -> None:
    registered(desk, number)
    with pytest.raises(EngineError):
        desk.run(REFUSED, **SETS[number])


def test_every_trial_is_there_with_what_became_of_it(desk: Desk) -> None:
    ran(desk, 0)
    failed(desk, 1)
    registered(desk, 2)
    found = read_comparison(desk.store, Goals())
    assert [(trial.params.top_k, trial.state) for trial in found.trials] == [
        (1, "measured"),
        (2, "failed"),
        (3, "missing"),
    ]
    assert "not today" in (found.trials[1].error or "")
    assert found.trials[0].href is not None and (desk.store.runs / found.trials[0].href.replace("%3A", ":")).exists()


def test_the_values_are_those_of_metrics_json(desk: Desk) -> None:
    ran(desk, 0, repeats=3)
    plan = desk.plan(**SETS[0])
    metrics = read_metrics(desk.store, plan.trial)
    assert metrics is not None and metrics.headline.throughput_by_repeat is not None
    [trial] = read_comparison(desk.store, Goals()).trials
    assert len(trial.values["ttft_ms"]) == 3
    assert trial.mean("ttft_ms") == pytest.approx(metrics.headline.ttft_by_repeat.mean)
    assert trial.mean("throughput_tok_s") == pytest.approx(metrics.headline.throughput_by_repeat.mean)
    assert sum(trial.values["total_ms"]) == pytest.approx(metrics.headline.total_duration_ms)
    assert trial.values["quality"] == [metrics.text_quality.score]
    assert len(trial.call_rows) == 6


def test_runs_that_failed_before_count_into_the_error_rate(desk: Desk) -> None:
    failed(desk, 0)
    failed(desk, 0)
    ran(desk, 0)
    [trial] = read_comparison(desk.store, Goals()).trials
    assert trial.values["error_rate"] == [pytest.approx(2 / 3)]


def test_failures_of_another_question_do_not_count(desk: Desk) -> None:
    failed(desk, 0)
    ran(desk, 0, seed=99)
    [trial] = read_comparison(desk.store, Goals()).trials
    assert trial.values["error_rate"] == [0.0]


def test_it_is_kept_as_json_csv_and_tables(desk: Desk) -> None:
    ran(desk, 0)
    failed(desk, 1)
    found = read_comparison(desk.store, Goals())
    write_comparison(desk.store, found)
    assert load_comparison(desk.store) == found
    trials, standings = desk.store.read_table("trials"), desk.store.read_table("standings")
    assert trials["state"].tolist() == ["measured", "failed"]
    assert set(standings["metric"]) == set(found.trials[0].values)
    wide = pd.read_csv(desk.store.comparison.with_suffix(".csv"))
    assert wide["ttft_ms"].tolist()[0] == pytest.approx(found.trials[0].mean("ttft_ms"))
    assert len(wide) == 2


def test_an_empty_folder_is_compared_to_nothing(desk: Desk) -> None:
    found = read_comparison(desk.store, Goals(want={"ttft_ms": 1}))
    write_comparison(desk.store, found)
    assert found.recommendation.best is None
    assert "No valid trial was measured" in found.recommendation.why
    assert len(desk.store.read_table("trials")) == 0


def test_values_that_are_not_finite_are_left_out(desk: Desk) -> None:
    ran(desk, 0)
    folder = desk.store.folder_of(desk.plan(**SETS[0]).trial)
    document = json.loads(folder.metrics.read_text())
    for call in document["calls"]:
        call["ttft_ms"] = float("inf")
    write_text(folder.metrics, json.dumps(document))
    [trial] = read_comparison(desk.store, Goals()).trials
    assert "ttft_ms" not in trial.values
    assert "quality" in trial.values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "is not a saved comparison"),
        ('{"schema_version": 99}', "of schema version 99; this version reads comparisons of version 2"),
        ('{"schema_version": 2}', "created_at: Field required"),
    ],
)
def test_what_is_no_comparison_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        parse_comparison(text, "base.json")
    assert "base.json" in error.value.message and said in error.value.message


def test_a_baseline_that_is_neither_file_nor_commit_is_refused(desk: Desk) -> None:
    assert read_baseline(desk.store, None) is None
    with pytest.raises(InputError, match="no-such-thing is not a file, and git finds no comparison in it"):
        read_baseline(desk.store, "no-such-thing")


def test_without_a_comparison_it_says_what_to_run(desk: Desk) -> None:
    with pytest.raises(NotIngestedError, match="missing"):
        load_comparison(desk.store)


def test_a_sweep_file_that_is_not_there_has_no_goals(desk: Desk) -> None:
    assert goals_of(desk.store.data_dir / "none.yaml") == Goals()


def answered(desk: Desk, number: int, letters: str) -> None:
    """A valid trial that was asked a question for each letter, and answered with it."""
    registered(desk, number)
    texts = iter([*[faithful(desk.notes())] * 2, *map(json.dumps, letters)])
    desk.run_texts(texts, **(SETS[number] | {"questions": len(letters)}))


def test_accuracy_is_compared_with_the_interval_of_its_questions(desk: Desk) -> None:
    answered(desk, 0, "ABCDABCD")
    answered(desk, 1, "")
    found = read_comparison(desk.store, Goals())
    metrics = read_metrics(desk.store, desk.plan(**SETS[0]).trial)
    assert metrics is not None and metrics.accuracy is not None and metrics.is_valid
    asked, unasked = found.trials
    assert asked.values["accuracy"] == [metrics.accuracy.share]
    assert "accuracy" not in unasked.values and unasked.accuracy is None
    assert "accuracy" not in found.front_axes  # not every trial has it
    write_comparison(desk.store, found)
    [row] = pd.read_parquet(desk.store.table_path("standings")).query("metric == 'accuracy'").to_dict("records")
    figures = (row["n"], row["mean"], row["low"], row["high"])
    assert figures == (8, metrics.accuracy.share, metrics.accuracy.low, metrics.accuracy.high)
    answered(desk, 1, "AAAAAAAA")
    assert "accuracy" in read_comparison(desk.store, Goals()).front_axes
