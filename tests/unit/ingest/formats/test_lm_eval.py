"""lm-evaluation-harness, against files that it wrote."""

import json
from datetime import UTC, datetime

import pytest

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

PATH = "lm_eval/results_short.json"
RESULTS = json.loads((FORMATS / PATH).read_text())


def scores(read, record):
    """(score, metric, aggregate) -> (value, n) of a task, which has a row for each of its scores."""
    rows = read.rows[read.rows["record"] == record].astype(object)
    rows = rows.where(rows.notna(), None)
    return {
        (json.loads(row.conditions)["score_name"], row.metric, row.aggregate): (row.value, row.n)
        for row in rows.itertuples()
    }


def test_scores_are_means_with_their_standard_error_and_number_of_questions():
    read = read_file(PATH)
    assert (read.file["format"], read.file["status"]) == ("lm-evaluation-harness", "ok")
    assert scores(read, "/results/short_sums") == {
        ("exact_match,strict-match", "accuracy", "mean"): (0.8333333333333334, 6),
        ("exact_match,strict-match", "accuracy", "stderr"): (0.16666666666666669, 6),
    }
    assert scores(read, "/results/short_words") == {
        ("exact_match", "accuracy", "mean"): (0, 4),
        ("exact_match", "accuracy", "stderr"): (0, 4),
        ("ter", "error_score", "mean"): (100, 4),  # the file says that less is better
        ("ter", "error_score", "stderr"): (0, 4),
    }


def test_a_group_counts_the_questions_of_each_score():
    assert scores(read_file(PATH), "/results/short") == {
        ("exact_match,strict-match", "accuracy", "mean"): (0.8333333333333334, 6),
        ("exact_match,strict-match", "accuracy", "stderr"): (0.16666666666666669, 6),
        ("exact_match", "accuracy", "mean"): (0, 4),
        ("exact_match", "accuracy", "stderr"): (0, 4),
    }


def test_what_a_score_is_about():
    read = read_file(PATH)
    assert read.about("/results/short_sums") == {
        "model": "smollm2:135m",
        "model_source": "json",
        "backend": None,  # local-completions speaks to any server
        "gpu": None,
        "conditions": {
            "task": "short_sums",
            "n_shot": 0,
            "output_tokens": 6,
            "score_name": "exact_match,strict-match",
        },
        "labels": {"batch_size": 1, "seed": 0, "task_version": 1},
        "timestamp": datetime.fromtimestamp(RESULTS["date"], UTC).isoformat(),
        "error": False,
    }
    assert json.loads(read.rows["params"].iloc[-1]) == {}
    assert json.loads(read.rows.loc[read.rows["record"] == "/results/short_sums", "params"].iloc[0]) == {
        "temperature": 0.0
    }


def test_what_is_not_read_is_named():
    read = read_file(PATH)
    assert read.unread == {
        **{"repeats": 2, "version": 2, "num_concurrent": 2, "original": 2},
        **{"bootstrap_iters": 1, "numpy_seed": 1, "torch_seed": 1, "fewshot_seed": 1},
    }
    assert read.file["numbers"] - read.file["covered"] == 12


def test_the_time_of_the_whole_evaluation():
    assert read_file(PATH).figures("/") == {("benchmark_ms", None): (pytest.approx(9141.681410999809), None)}


def test_samples_are_left_out_and_not_counted():
    read = read_file("lm_eval/samples_short_sums.jsonl")
    assert (read.file["status"], read.file["numbers"], len(read.rows)) == ("set_aside", 0, 0)
    assert read.file["reason"] == "answers to single questions; their scores are in results_*.json"


def test_the_printed_table_repeats_neither_the_task_nor_its_version():
    read = read_file("lm_eval/console.md")
    assert read.records == [*(f"table 1 row {row}" for row in range(1, 6)), "table 2 row 1", "table 2 row 2"]
    assert read.figures("table 1 row 3") == {
        ("accuracy", "mean"): (0.8333, None),
        ("accuracy", "stderr"): (0.1667, None),
    }
    assert read.about("table 1 row 5")["conditions"] == {"task": "short_words", "n_shot": 2, "score_name": "ter"}
    assert ("error_score", "mean") in read.figures("table 1 row 5")
    assert read.about("table 1 row 5")["labels"] == {"task_version": 1}


def test_model_and_engine_stand_in_a_text_too(tmp_path):
    config = {"model": "vllm", "model_args": "pretrained=acme/alpha-7b,dtype=bfloat16,tensor_parallel_size=2"}
    older = {
        "results": {
            "arc_easy": {"acc": 0.71, "acc_stderr": 0.009},
            "wikitext": {"word_perplexity": 12.3, "word_perplexity_stderr": "N/A"},
        },
        "versions": {"arc_easy": 0},
        "config": config,
    }
    read = read_text(tmp_path, "results.json", older)
    about = read.about("/results/arc_easy")
    assert (about["model"], about["backend"]) == ("acme/alpha-7b", "vllm")
    assert about["conditions"] == {
        **{"dtype": "bfloat16", "tensor_parallel": 2},
        **{"task": "arc_easy", "score_name": "acc"},
    }
    assert read.figures("/results/arc_easy") == {
        ("accuracy", "mean"): (0.71, None),
        ("accuracy", "stderr"): (0.009, None),
    }
    assert read.figures("/results/wikitext") == {("perplexity", "mean"): (12.3, None)}


@pytest.mark.parametrize("broken", [{"results": []}, {"results": {"a": {"b": 1}}}])
def test_other_documents_with_results_are_not_taken_for_it(tmp_path, broken):
    assert read_text(tmp_path, "results.json", RESULTS | broken).file["format"] != "lm-evaluation-harness"


def test_a_file_that_breaks_off_is_malformed(tmp_path):
    whole = (FORMATS / PATH).read_text()
    read = read_text(tmp_path, "results.json", whole[: len(whole) // 2])
    assert (read.file["status"], len(read.rows)) == ("malformed", 0)


def test_odd_values_are_passed_over(tmp_path):
    odd = {"groups": {"short": {"sample_count": 1.5}}, "configs": [], "n-samples": {"short_sums": None}, "versions": 7}
    read = read_text(tmp_path, "results.json", RESULTS | odd)
    assert ("exact_match,strict-match", "accuracy", "mean") in scores(read, "/results/short_sums")


def test_scores_without_the_configuration_that_stood_beside_them(tmp_path):
    read = read_text(tmp_path, "scores.json", {"results": RESULTS["results"], "model_name": "acme/alpha-7b"})
    assert set(read.rows["model"]) == {"acme/alpha-7b"}
    assert ("exact_match,strict-match", "accuracy", "mean") in scores(read, "/results/short_sums")
    read = read_text(tmp_path, "scores.json", {"results": {"a": {"acc": 0.5, "acc_stderr": 0.1}}})
    assert read.file["format"] != "lm-evaluation-harness"
