"""Models and parameter sets are put in an order only where a corrected test separates them."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.unit.evidence.findings.tables import CORPUS, found_in, needs_corpus, noisy, run, write_csv


def models(tmp_path: Path, means: dict[str, float], n: int = 8, share: float = 0.01) -> list[dict[str, object]]:
    rng = np.random.default_rng(3)
    write_csv(
        tmp_path / "a_runs.csv", [run(name, noisy(rng, mean, share)) for name, mean in means.items() for _ in range(n)]
    )
    return [row for row in found_in(tmp_path, "rank_models") if row["subject"] == "decode throughput"]


def test_models_that_differ_are_ordered_with_intervals(tmp_path: Path) -> None:
    (found,) = models(tmp_path, {"slow": 50, "fast": 100, "middle": 75})
    text = str(found["text"])
    assert text.index("fast") < text.index("middle") < text.index("slow")
    assert text.endswith(
        "In this session every two of them differ. Whether it holds in other sessions was not measured."
    )
    assert found["certainty"] == "in_session"
    values = found["values"]
    assert values["low_1"][0] < 100 < values["high_1"][0]
    assert (values["mean_1"][1], values["n_1"]) == ("tok/s", [8.0, ""])
    assert found["n"] == 24
    assert len(found["sources"]) == 24
    assert found["p_value"] < 0.001
    assert found["effect"] == pytest.approx(1.0, abs=0.03)


def test_models_that_chance_separates_are_a_tie(tmp_path: Path) -> None:
    (found,) = models(tmp_path, {"one": 100, "other": 100.5, "slow": 50})
    text = str(found["text"]).replace("other and one", "one and other")
    assert "No difference can be told between one and other; in this session all other pairs differ." in text
    assert f"A difference of {found['detectable'] * 100:.3g} % would have shown." in text
    assert found["detectable"] > 0.005


def test_two_runs_are_too_few_to_test(tmp_path: Path) -> None:
    (found,) = models(tmp_path, {"one": 100, "other": 50}, n=2)
    assert "in plain order without a test" in str(found["text"])
    assert found["p_value"] != found["p_value"]


def test_cold_starts_are_left_out_of_a_ranking(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    rows = [run(name, 100, noisy(rng, 80), load_s=0.05) for name in ("one", "other") for _ in range(8)]
    rows += [run("one", 100, 4000, load_s=3.9)]
    write_csv(tmp_path / "a_runs.csv", rows)
    (found,) = [row for row in found_in(tmp_path, "rank_models") if row["subject"] == "time to first token"]
    assert found["n"] == 16
    assert "interval, cold starts left out)" in str(found["text"])
    assert max(values[0] for name, values in found["values"].items() if name.startswith("mean")) < 90


def test_where_no_start_can_be_told_none_is_said_to_be_left_out(tmp_path: Path) -> None:
    (found,) = models(tmp_path, {"one": 100, "other": 50})
    assert "cold" not in str(found["text"])


def sweep(tmp_path: Path, means: dict[int, float], n: int) -> list[dict[str, object]]:
    rng = np.random.default_rng(5)
    rows = [run("m:1b", noisy(rng, mean), num_ctx=ctx, run=i) for i in range(n) for ctx, mean in means.items()]
    write_csv(tmp_path / "sweep_runs.csv", rows)
    return found_in(tmp_path, "rank_configurations")


def test_a_parameter_set_that_beats_all_others_is_named(tmp_path: Path) -> None:
    found = sweep(tmp_path, {512: 100, 1024: 120, 2048: 101}, 5)
    decode = next(row for row in found if "decode throughput" in str(row["text"]))
    assert "num_ctx=1024 has the highest decode throughput in this session: 1" in str(decode["text"])
    assert "It differs from every other set. Whether it holds in other sessions was not measured." in str(
        decode["text"]
    )
    assert decode["certainty"] == "in_session"
    assert decode["severity"] == "notice"
    assert decode["values"]["runs"] == [5.0, ""]


def test_sets_that_chance_separates_have_no_best(tmp_path: Path) -> None:
    found = sweep(tmp_path, {512: 100, 1024: 100.2, 2048: 100.1}, 5)
    decode = next(row for row in found if "decode throughput" in str(row["text"]))
    assert str(decode["text"]).startswith("None of 3 parameter sets of m:1b in sweep_runs.csv can be called the best")
    assert "highest" not in str(decode["text"])
    assert (decode["severity"], decode["certainty"]) == ("info", "tie")


def test_a_sweep_without_repeats_has_no_best(tmp_path: Path) -> None:
    (found,) = sweep(tmp_path, {512: 100, 1024: 120, 2048: 101}, 1)
    assert "3 sets ran, each once without a cold start" in str(found["text"])
    assert found["p_value"] != found["p_value"]


def test_sets_of_different_files_are_not_compared(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    for ctx, mean in ((512, 100), (1024, 200)):
        write_csv(tmp_path / f"{ctx}_runs.csv", [run("m:1b", noisy(rng, mean), num_ctx=ctx) for _ in range(5)])
    assert found_in(tmp_path, "rank_configurations") == []


@needs_corpus
def test_the_corpus_ranks_models_and_no_sets() -> None:
    found = found_in(CORPUS, "rank_models")
    decode = max((row for row in found if row["subject"] == "decode throughput"), key=lambda row: row["n"])
    # gemma3:latest ran at settings of its own, so it is not compared with the other models of its family
    assert "over 25 equal setups (num_ctx=1024 to 4096" in str(decode["text"])
    assert "gemma3:latest" not in str(decode["text"])
    # two of the models have one session, so that what is known of them is so in these sessions alone
    assert "No difference" not in str(decode["text"])
    assert "in these sessions all other pairs differ too." in str(decode["text"])
    assert decode["certainty"] == "holds"
    sets = found_in(CORPUS, "rank_configurations")
    assert {row["subject"] for row in sets} >= {"llama3.1:8b-instruct-q4_0", "gemma3:270m"}
    assert all("can be called the best" in str(row["text"]) for row in sets)
    assert json.dumps(sets)
