"""Like is compared with like: within equal conditions, which the text names; what has none is not comparable."""

import json
from typing import Any

import numpy as np
import pytest

from chimera_dagster.evidence.findings import find_findings
from tests.unit.evidence.findings.tables import no_files, rows_of
from tests.unit.evidence.tables import measurements

Row = dict[str, Any]
UNITS = {"decode_tok_s": "tok/s", "output_tok_s": "tok/s", "ttft_ms": "ms", "tpot_ms": "ms"}


def runs(
    model: str, values: list[float], *, metric: str = "decode_tok_s", file: str = "a.csv", **about: Any
) -> list[Row]:
    """One row per value; what else is named is the condition of that name, or a column."""
    columns = {name: about.pop(name) for name in ("backend", "gpu", "params", "prompt") if name in about}
    conditions = json.dumps(about, sort_keys=True, separators=(",", ":"))
    unit = UNITS[metric]
    return [
        {
            **columns,
            "model": model,
            "metric": metric,
            "unit": unit,
            "value": value,
            "file": file,
            "record": f"{model} {conditions} {json.dumps(columns)} {place}",
            "conditions": conditions,
        }
        for place, value in enumerate(values)
    ]


def stated(model: str, file: str, n: float | None = None, *, metric: str = "ttft_ms", **about: Any) -> list[Row]:
    """What one file states: aggregates by kind, and the condition `concurrency`."""
    load = about.pop("concurrency", 1)
    return [
        {
            "model": model,
            "metric": metric,
            "unit": UNITS[metric],
            "value": value,
            "aggregate": kind,
            "n": n,
            "file": file,
            "record": "/",
            "conditions": f'{{"concurrency":{load}}}',
        }
        for kind, value in about.items()
    ]


def found(rows: list[Row], detector: str) -> list[Row]:
    return rows_of(find_findings(no_files(), measurements(*rows)), detector)


def around(rng: np.random.Generator, value: float, n: int = 6, share: float = 0.01) -> list[float]:
    return (value * np.exp(rng.normal(0, share, n))).tolist()


def test_models_are_ranked_at_the_load_that_both_were_measured_at() -> None:
    rng = np.random.default_rng(1)
    rows = [
        row for load, rate in ((1, 80), (8, 520), (32, 1500)) for row in runs("a", around(rng, rate), concurrency=load)
    ]
    rows += runs("b", around(rng, 100), concurrency=1)
    (ranking,) = found(rows, "rank_models")
    text = ranking["text"]
    assert text.startswith("Models by decode throughput at concurrency=1, highest first (geometric mean")
    assert text.index("b 1") < text.index("a 8")
    assert "In this session every two of them differ." in text
    assert ranking["n"] == 12
    assert found(rows, "not_comparable") == []


def test_without_a_common_load_the_reason_is_said() -> None:
    rng = np.random.default_rng(2)
    rows = [row for load in (1, 4, 8) for row in runs("a", around(rng, 100), concurrency=load)]
    rows += runs("b", around(rng, 300), concurrency=16)
    assert found(rows, "rank_models") == []
    (finding,) = found(rows, "not_comparable")
    assert finding["text"] == (
        "Not comparable by decode throughput: a was measured at concurrency=1 to 8; b at concurrency=16."
    )
    assert {name.split(" ")[0] for _, name in finding["sources"]} == {"a", "b"}


def test_a_condition_that_one_file_does_not_name_is_not_taken_for_equal() -> None:
    rng = np.random.default_rng(3)
    rows = runs("a", around(rng, 100), quantization="Q4_K_M") + runs("b", around(rng, 300))
    (finding,) = found(rows, "not_comparable")
    assert finding["text"] == (
        "Not comparable by decode throughput: a was measured at quantization=Q4_K_M; b without a quantization that is "
        "named."
    )


@pytest.mark.parametrize("name", ["backend", "gpu", "engine_version", "tensor_parallel", "quantization", "dataset"])
def test_models_on_different_things_are_not_ranked(name: str) -> None:
    rng = np.random.default_rng(4)
    rows = runs("a", around(rng, 100), **{name: "x"}) + runs("b", around(rng, 300), **{name: "y"})
    assert found(rows, "rank_models") == []
    (finding,) = found(rows, "not_comparable")
    assert f"a was measured at {name}=x; b at {name}=y" in finding["text"]


def test_strata_of_the_same_models_are_one_ranking_with_strata_as_blocks() -> None:
    rng = np.random.default_rng(5)
    rows = [
        row
        for load, rate in ((1, 50), (2, 90), (4, 160), (8, 300))
        for model, factor in (("a", 1.0), ("b", 1.1))
        for row in runs(model, around(rng, rate * factor, n=1), concurrency=load, backend="vllm")
    ]
    (ranking,) = found(rows, "rank_models")
    assert ranking["text"].startswith(
        "Models by decode throughput at backend=vllm over 4 equal setups (concurrency=1 to 8), highest first "
        "(geometric mean as fitted within equal conditions"
    )
    assert ranking["test"] == "t-tests of log values within blocks, Holm over 1 comparisons"
    assert ranking["effect"] == pytest.approx(0.1, abs=0.02)
    assert ranking["p_value"] < 0.05


def test_strata_in_which_the_order_changes_are_told_apart() -> None:
    rng = np.random.default_rng(6)
    rows = [
        row
        for load, rates in ((1, (100, 80)), (32, (800, 1000)))
        for model, rate in zip("ab", rates, strict=True)
        for row in runs(model, around(rng, rate), concurrency=load)
    ]
    (ranking,) = found(rows, "rank_models")
    assert "at concurrency=1 a " in ranking["text"]
    assert "at concurrency=32 b " in ranking["text"]
    assert "The order changes with concurrency. In this session every two of them differ." in ranking["text"]


def test_stated_means_are_compared_by_their_n_and_deviation_and_else_in_plain_order() -> None:
    rows = stated("a", "a.json", 200, mean=60.0, std=12.0) + stated("b", "b.json", 200, mean=46.0, std=9.0)
    (ranking,) = found(rows, "rank_models")
    assert ranking["test"] == "Welch's t-test of stated n, mean and standard deviation, Holm over 1 comparisons"
    # t = 14 / sqrt(144 / 200 + 81 / 200), far out
    assert ranking["p_value"] < 1e-20
    assert "b 46 ms (44.7 ms to 47.3 ms, n = 200); a 60 ms (58.3 ms to 61.7 ms, n = 200)" in ranking["text"]
    plain = stated("a", "a.json", mean=60.0) + stated("b", "b.json", mean=46.0)
    (ranking,) = found(plain, "rank_models")
    assert "as the files state it, in plain order without a test): b 46 ms; a 60 ms." in ranking["text"]
    assert ranking["test"] is None or ranking["test"] != ranking["test"]
    medians = stated("a", "a.json", mean=60.0, median=54.0) + stated("b", "b.json", median=70.0)
    (ranking,) = found(medians, "rank_models")
    assert "(median, as the files state it, in plain order without a test): a 54 ms; b 70 ms." in ranking["text"]


def test_stated_values_of_a_load_sweep_are_one_finding_with_every_load() -> None:
    rows = [
        row
        for load, means in ((1, (60, 46)), (8, (170, 131)))
        for model, mean in zip("ab", means, strict=True)
        for row in stated(model, f"{model}{load}.json", mean=float(mean), concurrency=load)
    ]
    (ranking,) = found(rows, "rank_models")
    assert "at concurrency=1 b 46 ms, a 60 ms; at concurrency=8 b 131 ms, a 170 ms" in ranking["text"]
    assert "The order is the same at each." in ranking["text"]


def test_runs_are_not_mixed_with_what_a_file_states_once() -> None:
    rng = np.random.default_rng(7)
    rows = runs("a", around(rng, 60), metric="ttft_ms", concurrency=1)
    rows += runs("b", around(rng, 50), metric="ttft_ms", concurrency=1) + stated("c", "c.json", mean=20.0)
    (ranking,) = found(rows, "rank_models")
    assert ranking["n"] == 12
    assert "Not compared, for too few runs or values of another kind: c 20 ms." in ranking["text"]


def test_two_runs_are_put_in_plain_order() -> None:
    (ranking,) = found(runs("a", [100, 101]) + runs("b", [50, 51]), "rank_models")
    assert "(mean, in plain order without a test): a 100 tok/s (n = 2); b 50.5" in ranking["text"]
    assert ranking["text"].endswith("Whether they differ by more than chance was not tested.")


def test_models_in_files_of_their_own_come_with_the_caveat() -> None:
    rng = np.random.default_rng(8)
    rows = runs("a", around(rng, 100), file="a.csv") + runs("b", around(rng, 120), file="b.csv")
    (ranking,) = found(rows, "rank_models")
    assert "so a drift of the machine between them would look the same" in ranking["text"]


def test_prompts_that_models_share_are_blocks() -> None:
    rng = np.random.default_rng(9)
    prompts = {"short": 50.0, "long": 400.0}
    # a has more of the short prompt: pooled, it would look faster than it is
    counts = {"a": {"short": 9, "long": 3}, "b": {"short": 3, "long": 9}}
    rows = [
        row
        for model, of_prompt in counts.items()
        for prompt, n in of_prompt.items()
        for row in runs(model, around(rng, prompts[prompt], n), metric="ttft_ms", prompt=prompt)
    ]
    (ranking,) = found(rows, "rank_models")
    assert "No two of them can be told apart." in ranking["text"]


@pytest.mark.parametrize("name", ["quantization", "gpu", "tensor_parallel", "engine_version", "backend"])
def test_levels_of_a_condition_are_a_comparison_of_their_own(name: str) -> None:
    rng = np.random.default_rng(10)
    rows = runs("m", around(rng, 60), **{name: "x"}) + runs("m", around(rng, 35), **{name: "y"})
    (finding,) = found(rows, "condition_effects")
    words = name.replace("_", " ").capitalize()
    assert finding["text"].startswith(f"{words} by decode throughput of m, highest first (geometric mean")
    assert finding["text"].index(f"): {name}=x ") < finding["text"].index(f"; {name}=y 3")
    assert "In this session every two of them differ." in finding["text"]
    assert finding["subject"] == "m: decode throughput"


def test_another_engine_has_another_version() -> None:
    rng = np.random.default_rng(11)
    rows = runs("m", around(rng, 60), backend="x", engine_version="1") + runs(
        "m", around(rng, 35), backend="y", engine_version="2"
    )
    assert [row["text"].split(" by ")[0] for row in found(rows, "condition_effects")] == ["Backend"]


@pytest.mark.parametrize(
    ("rates", "says"),
    [
        ((80, 520, 1500), "It still grows at 32."),
        ((80, 500, 520), "The knee is at concurrency=8, which reaches 90 % of the highest."),
        ((80, 600, 300), "The knee is at concurrency=8, which reaches 90 % of the highest; it falls after 8."),
        ((100, 98, 97), "It keeps 90 % of the highest at every level."),
        ((100, 95, 50), "It keeps 90 % of the highest up to concurrency=8, and falls after it."),
    ],
)
def test_the_knee_of_a_rate(rates: tuple[float, ...], says: str) -> None:
    rows = [
        row
        for load, rate in zip((1, 8, 32), rates, strict=True)
        for row in runs("m", [rate], metric="output_tok_s", concurrency=load)
    ]
    (trend,) = found(rows, "trends")
    assert trend["text"].startswith(
        f"Output throughput of m by concurrency: {rates[0]} tok/s at 1, {rates[1]} tok/s at 8"
    )
    assert trend["text"].endswith(says)
    assert trend["values"]["value_3"] == [rates[2], "tok/s"]


@pytest.mark.parametrize(
    ("times", "says"),
    [
        ((60, 70, 340), "The knee is at concurrency=8: up to it the time stays within 1.5 times that at the lowest."),
        ((60, 170, 340), "It is more than 1.5 times that at the lowest from concurrency=8 on."),
        ((60, 61, 62), "It stays within 1.5 times that at the lowest."),
    ],
)
def test_the_knee_of_a_time(times: tuple[float, ...], says: str) -> None:
    rows = [
        row
        for load, time in zip((1, 8, 32), times, strict=True)
        for row in stated("m", f"{load}.json", mean=float(time), concurrency=load)
    ]
    (trend,) = found(rows, "trends")
    assert trend["text"].startswith("Time to first token of m by concurrency, as the files state it: 60 ms at 1")
    assert trend["text"].endswith(says)


def test_a_trend_of_runs_that_chance_explains_has_no_knee() -> None:
    rng = np.random.default_rng(12)
    rows = [row for load in (1, 8, 32) for row in runs("m", around(rng, 100, 4, 0.1), concurrency=load)]
    (trend,) = found(rows, "trends")
    assert trend["severity"] == "info"
    assert trend["text"].endswith("No difference between them can be told from chance.")


def test_values_in_doubt_are_counted_by_reason_and_used_nowhere() -> None:
    rows = runs("a", [100, 101, 102]) + runs("b", [50, 51, 52])
    rows += [
        row | {"doubt": "a rate below zero", "record": f"row {place}"} for place, row in enumerate(runs("b", [-5, -6]))
    ]
    rows += [row | {"doubt": "a part longer than the whole", "file": "b.csv"} for row in runs("b", [9000])]
    (finding,) = found(rows, "implausible")
    assert finding["severity"] == "warning"
    assert finding["text"].startswith(
        "3 values can't be true and are in no statistic: 2 because a rate below zero, in a.csv (2), such as ttft_ms "
        "-6 tok/s in row 1; ttft_ms -5 tok/s in row 0; 1 because a part longer than the whole, in b.csv (1)"
    ) or finding["text"].startswith(
        "3 values can't be true and are in no statistic: 2 because a rate below zero, in a.csv (2), such as ttft_ms "
        "-5 tok/s in row 0; ttft_ms -6 tok/s in row 1; 1 because a part longer than the whole, in b.csv (1)"
    )
    (ranking,) = found(rows, "rank_models")
    assert ranking["n"] == 6


def test_a_stated_value_that_contradicts_a_derived_one_is_found() -> None:
    formula = "output_tokens / eval_ms"
    good, bad = runs("a", [100.0, 50.0])
    derived = [
        row | {"value": value, "derived": formula, "original_name": "eval_count"}
        for row, value in ((good, 100.3), (bad, 64.0))
    ]
    (finding,) = found([good, bad, *derived], "contradicting_derived")
    assert finding["text"].startswith("1 of 2 values of decode_tok_s in a.csv contradict the numbers beside them.")
    assert "states 50 tok/s as ttft_ms, and output_tokens / eval_ms gives 64 tok/s" in finding["text"]
    assert found([good, derived[0]], "contradicting_derived") == []


def test_spellings_that_differ_by_case_are_one_model_unless_they_name_a_repository() -> None:
    rng = np.random.default_rng(13)
    rows = runs("gemma3:latest", around(rng, 50)) + runs("Gemma3:latest", around(rng, 50), file="b.csv")
    (finding,) = found(rows, "model_spellings")
    assert finding["text"].startswith("Gemma3:latest and gemma3:latest are one model (12 records)")
    assert found(rows, "rank_models") == []
    repositories = runs("Org/Model", around(rng, 50)) + runs("org/model", around(rng, 50))
    assert found(repositories, "model_spellings") == []
    assert len(found(repositories, "rank_models")) == 1


def test_no_model_at_all_ends_nothing() -> None:
    rows = [row | {"model": None} for row in runs("", [100, 101, 102], metric="ttft_ms")]
    rows += [row | {"metric": "load_ms", "unit": "ms", "value": 50} for row in rows]
    table = find_findings(no_files(), measurements(*rows))
    assert set(table["detector"]) <= {"missing_telemetry"}


def false_alarms(world: str, seed: int) -> bool:
    """Whether any two equal models, levels or loads are told apart."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for model in "abc":
        for load, rate in ((1, 80), (4, 250), (16, 700)):
            about = {"concurrency": load} if world != "levels" else {"quantization": f"Q{load}"}
            rate = 100 if world == "levels" else rate  # noqa: PLW2901
            if world == "stated":
                sample = around(rng, rate, 30, 0.1)
                rows += stated(
                    model,
                    f"{model}{load}.json",
                    30,
                    mean=float(np.mean(sample)),
                    std=float(np.std(sample, ddof=1)),
                    concurrency=load,
                )
            else:
                rows += runs(model, around(rng, rate, 4, 0.03), **about)
    table = find_findings(no_files(), measurements(*rows))
    tested = table[table["detector"] == ("condition_effects" if world == "levels" else "rank_models")]
    assert len(tested)
    return bool((tested["p_value"] < 0.05).any() or tested["text"].str.contains("all other pairs differ").any())


@pytest.mark.slow
@pytest.mark.parametrize("world", ["blocks", "stated", "levels"])
def test_equal_models_and_levels_are_seldom_told_apart(world: str) -> None:
    # 5 % of 40 are 2; seven or more happen by chance in fewer than 1 of 100 such tests
    assert sum(false_alarms(world, seed) for seed in range(40)) <= 6
