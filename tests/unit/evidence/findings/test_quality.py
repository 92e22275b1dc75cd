"""What is wrong with the files: cold starts, failures, copies, summaries, outliers, units, telemetry."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from chimera_dagster.evidence.findings.outliers import flagged_runs
from tests.unit.evidence.findings.tables import CORPUS, coherent, found_in, needs_corpus, noisy, run, write_csv


def clean(seed: int, n: int = 24, **more: object) -> list[dict[str, object]]:
    rng = np.random.default_rng(seed)
    return [coherent(rng, run=place, **more) for place in range(n)]


def cold(row: dict[str, object], load: float = 3.0) -> dict[str, object]:
    return row | {"load_s": load, "ttft_s": f"{load + float(str(row['prompt_eval_s'])):.6f}"}


def test_cold_starts_say_what_they_add(tmp_path: Path) -> None:
    rows = clean(1)
    for place in (0, 8, 16):
        rows[place] = cold(rows[place])
    write_csv(tmp_path / "a_runs.csv", rows)
    (found,) = found_in(tmp_path, "cold_starts")
    assert (found["severity"], found["n"]) == ("warning", 24)
    assert found["values"]["cold"] == [3.0, ""]
    assert found["values"]["added"][0] == pytest.approx(2940, abs=10)
    assert "3 of 24 runs of m:1b had to load the model first" in str(found["text"])
    assert found["sources"] == [("a_runs.csv", "row 1"), ("a_runs.csv", "row 9"), ("a_runs.csv", "row 17")]
    assert found["p_value"] < 0.001


def test_a_long_load_that_every_run_has_is_no_cold_start(tmp_path: Path) -> None:
    rows = [cold(row, 3.0 + place / 50) for place, row in enumerate(clean(2))]
    rows[0] = cold(rows[0], 9.0)
    write_csv(tmp_path / "a_runs.csv", rows)
    assert found_in(tmp_path, "cold_starts") == []


def test_every_run_of_a_file_is_cold_if_its_first_tokens_waited_for_the_load(tmp_path: Path) -> None:
    write_csv(tmp_path / "warm.csv", clean(2))
    write_csv(tmp_path / "cold.csv", [cold(row, 3.0 + place / 50) for place, row in enumerate(clean(2))])
    found = found_in(tmp_path, "cold_starts")
    assert sum(each["values"]["cold"][0] for each in found) == len(clean(2))


def test_a_load_time_that_only_cold_runs_have_makes_them_cold(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = [run("m:1b", 100, noisy(rng, 80), load_s="") for _ in range(5)]
    rows += [run("m:1b", 100, noisy(rng, 2400), load_s=2.3) for _ in range(5)]
    write_csv(tmp_path / "a_runs.csv", rows)
    (found,) = found_in(tmp_path, "cold_starts")
    assert found["values"]["cold"] == [5.0, ""]


def test_failed_runs_are_counted_by_file(tmp_path: Path) -> None:
    rows = clean(4, 6)
    rows[1]["error"] = rows[4]["error"] = "timeout"
    write_csv(tmp_path / "some_runs.csv", rows)
    write_csv(tmp_path / "all_runs.csv", [row | {"error": "no connection", "tokens_s": 0} for row in clean(5, 3)])
    write_csv(tmp_path / "none_runs.csv", clean(6, 6))
    every, some = found_in(tmp_path, "failed_runs_of_files")
    assert (every["severity"], every["subject"], every["values"]["failed"]) == ("warning", "all_runs.csv", [3.0, ""])
    assert (some["severity"], some["n"]) == ("notice", 6)
    assert some["text"] == "2 of 6 runs in some_runs.csv failed."
    assert some["sources"] == [("some_runs.csv", "row 2"), ("some_runs.csv", "row 5")]


def test_copies_are_said_to_be_copies(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", clean(7))
    write_csv(tmp_path / "b_runs.csv", clean(8))
    assert found_in(tmp_path, "duplicate_files") == found_in(tmp_path, "duplicate_runs") == []
    shutil.copy(tmp_path / "a_runs.csv", tmp_path / "c_runs.csv")
    (found,) = found_in(tmp_path, "duplicate_files")
    assert found["sources"] == [("a_runs.csv", "/"), ("c_runs.csv", "/")]
    assert "c_runs.csv holds the same bytes as a_runs.csv" in str(found["text"])
    write_csv(tmp_path / "c_runs.csv", [{"note": "exported"} | row for row in clean(7)])
    (found,) = found_in(tmp_path, "duplicate_runs")
    assert "c_runs.csv holds the same runs as a_runs.csv" in str(found["text"])


def with_summary(tmp_path: Path, **changes: float) -> None:
    """A sweep of two settings with its summary, printed to 2 and 4 decimals; `changes` are added to its first row."""
    rows = [row | {"num_ctx": (512, 1024)[place % 2]} for place, row in enumerate(clean(9))]
    write_csv(tmp_path / "sweep_runs.csv", rows)
    summary = []
    for ctx in (512, 1024):
        kept = [row for row in rows if row["num_ctx"] == ctx]
        row: dict[str, object] = {"num_ctx": ctx}
        for name, digits in (("tokens_s", 2), ("ttft_s", 4)):
            values = [float(str(one[name])) for one in kept]
            added = changes.get(name, 0.0) if not summary else 0.0
            row[f"mean_{name}"] = f"{np.mean(values) + added:.{digits}f}"
            row[f"p95_{name}"] = f"{np.percentile(values, 95):.{digits}f}"
        summary.append(row)
    write_csv(tmp_path / "sweep_summary.csv", summary)


def test_a_summary_that_agrees_within_its_digits_is_left_alone(tmp_path: Path) -> None:
    with_summary(tmp_path)
    assert found_in(tmp_path, "wrong_summaries") == []


def test_a_summary_that_disagrees_is_computed_again(tmp_path: Path) -> None:
    with_summary(tmp_path, tokens_s=0.02)
    (found,) = found_in(tmp_path, "wrong_summaries")
    assert found["severity"] == "warning"
    assert "1 of 8 figures in sweep_summary.csv disagree with the runs in sweep_runs.csv" in str(found["text"])
    assert found["values"]["stated"][0] - found["values"]["expected"][0] == pytest.approx(0.02, abs=0.006)
    assert found["values"]["runs"] == [12.0, ""]
    assert found["sources"][0] == ("sweep_summary.csv", "row 1")
    assert len(found["sources"]) == 13


def test_a_summary_without_the_failed_runs_has_to_say_so(tmp_path: Path) -> None:
    rows = [row | {"num_ctx": place} for place, row in enumerate(clean(10, 6))]
    rows[2] |= {"error": "timeout", "tokens_s": ""}
    write_csv(tmp_path / "sweep_runs.csv", rows)
    summary = [{"num_ctx": row["num_ctx"], "mean_tokens_s": row["tokens_s"]} for row in rows if row["tokens_s"]]
    write_csv(tmp_path / "sweep_summary.csv", summary)
    (found,) = found_in(tmp_path, "wrong_summaries")
    assert found["text"] == ("sweep_summary.csv sums up 5 of 6 runs in sweep_runs.csv and does not say so: 1 failed.")
    assert found["sources"] == [("sweep_runs.csv", "row 3")]
    write_csv(tmp_path / "sweep_summary.csv", [row | {"timeouts": 0} for row in summary])
    assert found_in(tmp_path, "wrong_summaries") == []


@pytest.mark.parametrize(("name", "counts", "words"), [("failures", [0, 0], "0 failures"), ("errors", [1, 0], None)])
def test_a_summary_that_counts_too_few_failures(
    tmp_path: Path, name: str, counts: list[int], words: str | None
) -> None:
    rows = [row | {"num_ctx": place % 2} for place, row in enumerate(clean(10, 6))]
    rows[2] |= {"error": "timeout", "tokens_s": ""}
    write_csv(tmp_path / "sweep_runs.csv", rows)
    means = [float(np.mean([float(str(row["tokens_s"])) for row in rows[at::2] if row["tokens_s"]])) for at in (0, 1)]
    summary = [{"num_ctx": at, "mean_tokens_s": f"{means[at]:.4f}", name: counts[at]} for at in (0, 1)]
    write_csv(tmp_path / "sweep_summary.csv", summary)
    texts = [found["text"] for found in found_in(tmp_path, "wrong_summaries")]
    said = f"sweep_summary.csv sums up 5 of 6 runs in sweep_runs.csv and counts {words}: 1 failed."
    assert texts == ([said] if words else [])


def test_a_summary_in_a_line_is_checked_against_the_runs_of_that_line(tmp_path: Path) -> None:
    def line(ttft: float, mean: float) -> str:
        runs = [{"run": place, "ttft_ms": ttft + place} for place in range(3)]
        return json.dumps({"model": "m:1b", "mean_ttft_ms": mean, "individual": runs})

    (tmp_path / "a.jsonl").write_text(f"{line(100, 101)}\n{line(400, 401)}\n")
    assert found_in(tmp_path, "wrong_summaries") == []
    (tmp_path / "a.jsonl").write_text(f"{line(100, 101)}\n{line(400, 411)}\n")
    (found,) = found_in(tmp_path, "wrong_summaries")
    assert found["values"]["expected"] == [401.0, "ms"]


def test_a_summary_of_one_of_two_columns_of_a_run_is_not_checked_against_both(tmp_path: Path) -> None:
    runs = [{"run": place, "tok_s": 150.0 + place, "decode_tok_s": 160.0 + place} for place in range(3)]
    (tmp_path / "a.json").write_text(json.dumps({"model": "m:1b", "median_tok_s": 151.0, "individual": runs}))
    assert found_in(tmp_path, "wrong_summaries") == []


def test_a_summary_in_a_document_is_checked_against_the_runs_beside_it(tmp_path: Path) -> None:
    def agent(ttft: float, mean: float) -> dict[str, object]:
        runs = [{"run": place, "ttft_ms": ttft + place} for place in range(3)]
        return {"model": "m:1b", "aggregates": {"runs": 3, "mean_ttft_ms": mean}, "individual": runs}

    document = {"plain": agent(3815, 3816), "tuned": agent(3000, 3001) | {"options": {"num_ctx": 1024}}}
    (tmp_path / "agents.json").write_text(json.dumps(document))
    assert found_in(tmp_path, "wrong_summaries") == []
    document["tuned"]["aggregates"] = {"runs": 3, "mean_ttft_ms": 3400}
    (tmp_path / "agents.json").write_text(json.dumps(document))
    (found,) = found_in(tmp_path, "wrong_summaries")
    assert (
        "/tuned/aggregates gives 3400 ms as mean of ttft_ms at num_ctx=1024, its 3 runs give 3001 ms" in found["text"]
    )
    elements = {
        "configs": [
            {"model": "m:1b", "mean_ttft_ms": base + 1, "runs": agent(base, 0)["individual"]} for base in (10, 90)
        ]
    }
    (tmp_path / "agents.json").write_text(json.dumps(elements))
    assert found_in(tmp_path, "wrong_summaries") == []


def test_summary_rows_told_apart_by_something_unknown_are_not_checked(tmp_path: Path) -> None:
    rows = [row | {"warm": place % 2} for place, row in enumerate(clean(11))]
    write_csv(tmp_path / "a_runs.csv", rows)
    write_csv(tmp_path / "a_summary.csv", [{"state": "x", "mean_tokens_s": 1}, {"state": "y", "mean_tokens_s": 2}])
    assert found_in(tmp_path, "wrong_summaries") == []


def test_a_run_far_from_the_others_is_an_outlier(tmp_path: Path) -> None:
    rows = clean(12)
    rows[5] |= {"prompt_eval_s": 26.3, "ttft_s": float(str(rows[5]["load_s"])) + 26.3}
    write_csv(tmp_path / "a_runs.csv", rows)
    found = {str(row["subject"]): row for row in found_in(tmp_path, "outliers")}
    assert set(found) == {"prompt_eval_ms of m:1b", "ttft_ms of m:1b"}
    row = found["prompt_eval_ms of m:1b"]
    assert row["severity"] == "warning"
    assert row["values"]["value"] == [26300.0, "ms"]
    assert row["values"]["usual"][0] == pytest.approx(12, abs=1)
    assert row["sources"] == [("a_runs.csv", "row 6")]
    assert "1 of 24 runs of m:1b has a prompt_eval_ms far from the others': 26300 ms" in str(row["text"])


def test_skewed_times_and_longer_prompts_are_no_outliers(tmp_path: Path) -> None:
    rng = np.random.default_rng(13)
    rows = [row | {"ttft_s": noisy(rng, 0.08, 0.4)} for row in clean(13, 200)]
    rows += [coherent(rng) | {"prompt_eval_count": 900, "prompt_eval_s": 0.4, "ttft_s": 0.46} for _ in range(4)]
    write_csv(tmp_path / "a_runs.csv", rows)
    assert found_in(tmp_path, "outliers") == []


@pytest.mark.parametrize(("n", "share"), [(5, 0.006), (6, 0.002), (12, 0.002), (50, 0.002)])
@pytest.mark.parametrize("sigma", [0.2, 0.6])
def test_chance_makes_few_outliers(n: int, share: float, sigma: float) -> None:
    rng = np.random.default_rng(20)
    groups = np.repeat(np.arange(20_000 // n), n)
    assert flagged_runs(rng.normal(0, sigma, len(groups)), groups)[0].mean() <= share


def test_a_rate_off_by_a_thousand_contradicts_its_record(tmp_path: Path) -> None:
    rows = clean(14)
    rows[3]["eval_s"] = float(str(rows[3]["eval_s"])) * 1000
    write_csv(tmp_path / "a_runs.csv", rows)
    (found,) = found_in(tmp_path, "contradicting_units")
    assert found["severity"] == "warning"
    assert "In 1 of 24 runs of a_runs.csv the units contradict each other" in str(found["text"])
    assert "decode_tok_s = output_tokens / eval_ms is off by a factor of 1000" in str(found["text"])
    assert found["sources"] == [("a_runs.csv", "row 4")]


def test_one_part_of_a_sum_off_by_a_thousand_contradicts_its_record(tmp_path: Path) -> None:
    rows = clean(15)
    rows[3]["load_s"] = float(str(rows[3]["load_s"])) * 1000
    write_csv(tmp_path / "a_runs.csv", rows)
    (found,) = found_in(tmp_path, "contradicting_units")
    assert "ttft_ms = load_ms + prompt_eval_ms is off by a factor of 1000" in str(found["text"])


def test_a_first_token_that_waited_and_a_rate_twice_as_high_are_no_contradiction(tmp_path: Path) -> None:
    rows = clean(16)
    rows[3]["ttft_s"], rows[4]["tokens_s"] = 70, 200
    write_csv(tmp_path / "a_runs.csv", rows)
    assert found_in(tmp_path, "contradicting_units") == []


def test_two_files_a_thousand_times_apart_contradict_each_other(tmp_path: Path) -> None:
    rng = np.random.default_rng(17)
    for name, ttft in (("a", 80), ("b", 81), ("c", 80000)):
        write_csv(tmp_path / f"{name}_runs.csv", [run("m:1b", noisy(rng, 100), noisy(rng, ttft)) for _ in range(5)])
    (found,) = found_in(tmp_path, "contradicting_files")
    assert found["values"]["factor"] == [1000.0, ""]
    assert found["sources"][0] == ("c_runs.csv", "/")
    assert found["n"] == 15
    write_csv(tmp_path / "c_runs.csv", [run("m:1b", noisy(rng, 100), noisy(rng, 8000)) for _ in range(5)])
    assert found_in(tmp_path, "contradicting_files") == []


TELEMETRY = {"gpu_util": 90, "gpu_memory_mb": 900, "power_w": 200, "energy_j": 50, "gpu_name": "H100"}


def test_missing_telemetry_is_named(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", clean(18, 6))
    (found,) = found_in(tmp_path, "missing_telemetry")
    assert "None of 6 model runs has GPU utilisation, GPU memory, power, energy or the GPU's name" in str(found["text"])
    write_csv(tmp_path / "b_runs.csv", clean(19, 4, **TELEMETRY))
    (found,) = found_in(tmp_path, "missing_telemetry")
    assert "Only 4 of 10 model runs have power beside them." in str(found["text"])
    (tmp_path / "a_runs.csv").unlink()
    assert found_in(tmp_path, "missing_telemetry") == []


@needs_corpus
def test_what_the_corpus_gets_wrong() -> None:
    found = found_in(CORPUS)
    texts = [str(row["text"]) for row in found]
    assert "2 of 36 runs in reports/gemma3/gemma3_270m_param_tuning.csv failed." in texts
    assert (
        "reports/gemma3/gemma3_270m_param_tuning_summary.csv sums up 34 of 36 runs in "
        "reports/gemma3/gemma3_270m_param_tuning.csv and does not say so: 2 failed."
    ) in texts
    unmeasured = next(row for row in found if row["subject"] == "reports/ollama/20251002-151204/prompt_suite_runs.csv")
    assert (unmeasured["severity"], unmeasured["values"]["failed"]) == ("warning", [15.0, ""])
    eval_ = next(row for row in found if row["subject"] == "prompt_eval_ms of gemma3:latest")
    assert eval_["values"]["value"] == [pytest.approx(26320.605), "ms"]
    assert eval_["sources"] == [("reports/ollama/20251008-122911/gemma3_benchmark_fixed_runs.csv", "row 1")]
    assert sum(row["detector"] == "duplicate_files" for row in found) == 3
    assert sum(row["detector"] == "duplicate_runs" for row in found) == 3
    assert not [row for row in found if str(row["detector"]).startswith("contradicting")]
    wrong = [row["subject"] for row in found if "disagree with" in str(row["text"])]
    assert wrong == ["csv_data/baseline_test_results_1759099000.json"]
    # its five answers are the message that all connection attempts failed
    refused = next(row for row in found if row["subject"] == "csv_data/baseline_test_results_1759186372.json")
    assert (refused["detector"], refused["values"]["failed"]) == ("failed_runs_of_files", [5.0, ""])
