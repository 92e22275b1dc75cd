"""lighteval's results."""

import json

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

PATH = "lighteval/results.json"
RESULTS = json.loads((FORMATS / PATH).read_text())


def test_scores_of_each_task():
    read = read_file(PATH)
    assert (read.file["format"], read.file["status"]) == ("lighteval", "ok")
    assert read.records == ["/results/lighteval|gsm8k|5", "/results/leaderboard|arc:challenge|25"]
    assert read.figures("/results/lighteval|gsm8k|5") == {
        ("score", "mean"): (0.425, 40),
        ("score", "stderr"): (0.0791, 40),
    }
    about = read.about("/results/lighteval|gsm8k|5")
    assert about["model"] == "acme/alpha-1b"
    assert about["labels"] == {"limit": 40, "task_version": 0}
    assert about["conditions"] == {
        **{"dtype": "bfloat16", "task": "lighteval|gsm8k", "n_shot": 5},
        "score_name": "extractive_match",
    }


def test_two_scores_of_a_task_differ_in_a_condition():
    read = read_file(PATH)
    rows = read.rows[read.rows["record"] == "/results/leaderboard|arc:challenge|25"]
    assert [(json.loads(row.conditions)["score_name"], row.metric, row.value) for row in rows.itertuples()] == [
        ("acc", "accuracy", 0.4),
        ("acc", "accuracy", 0.0784),
        ("acc_norm", "accuracy", 0.45),
        ("acc_norm", "accuracy", 0.0797),
    ]


def test_means_over_all_tasks_stay_unread():
    assert read_file(PATH).unread["extractive_match"] == 1


def test_the_model_may_stand_in_its_configuration_alone(tmp_path):
    general = {name: value for name, value in RESULTS["config_general"].items() if name != "model_name"}
    read = read_text(tmp_path, "results.json", RESULTS | {"config_general": general})
    assert set(read.rows["model"]) == {"acme/alpha-1b"}


def test_a_task_without_a_number_of_shots_keeps_its_name(tmp_path):
    read = read_text(tmp_path, "results.json", RESULTS | {"results": {"leaderboard|ifeval": {"acc": 0.5}}})
    assert read.about("/results/leaderboard|ifeval")["conditions"]["task"] == "leaderboard|ifeval"
