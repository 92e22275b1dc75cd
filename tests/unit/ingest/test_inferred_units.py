"""Units that a file does not state: found if its other numbers leave only one, and never a wrong one."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.ingest.json_reader import read_json
from tests.unit.ingest.reading import read

PER_MS = {"s": 1e-3, "ms": 1.0, "us": 1e3, "ns": 1e6}
NAMES = {
    "ttft_ms": ("ttft", "p50_ttft", "time_to_first_token", "mean_ttft"),
    "tpot_ms": ("tpot", "mean_tpot", "time_per_output_token"),
    "itl_ms": ("itl", "median_itl", "inter_token_latency"),
    "e2e_ms": ("e2e", "e2e_latency", "p50_e2e"),
    "latency_ms": ("latency", "duration", "mean_latency"),
}


def found(text, reader=read_csv):
    """By name: the first value, and its unit with how it was found; None for a name that stays unread."""
    rows = read(reader, text).rows
    return {
        row["original_name"]: (row["value"], row["original_unit"]) if row["unit"] else None for row in reversed(rows)
    }


def test_latency_times_rate_is_tokens():
    text = "tokens,tokens_per_s,latency\n128,25,5.2\n130,25,5.3\n"
    assert found(text)["latency"] == (5200, "s, inferred from decode_tok_s and output_tokens")
    assert found(text.replace("5.2", "5200").replace("5.3", "5300"))["latency"][0] == 5200
    assert found(text.replace("5.2", "5200000").replace("5.3", "5300000"))["latency"] == (
        5200,
        "us, inferred from decode_tok_s and output_tokens",
    )


def test_times_that_add_up_are_decided_together():
    rows = read(read_csv, "ttft,tpot,e2e,output_tokens\n81,18,2400,129\n").rows
    assert [(row["metric"], row["value"]) for row in rows][:3] == [("ttft_ms", 81), ("tpot_ms", 18), ("e2e_ms", 2400)]


def test_another_aggregate_states_the_unit():
    assert found("mean_ttft_ms,p50_ttft,p99_ttft\n81,79,120\n") == {
        "mean_ttft_ms": (81, "ms"),
        "p50_ttft": (79, "ms, inferred from ttft_ms mean"),
        "p99_ttft": (120, "ms, inferred from ttft_ms mean"),
    }


def test_no_more_requests_are_in_a_server_than_may_be():
    """At two requests a second a latency of 700 s would need 1,400 at once, and 700 us is too short for an answer."""
    of_server = json.dumps({"concurrency": 8, "request_throughput": 2.0, "mean_e2e_latency": 700})
    assert found(of_server, read_json)["mean_e2e_latency"] == (700, "ms, inferred from concurrency and requests_per_s")
    assert found(of_server.replace("8", "2000"), read_json)["mean_e2e_latency"] is None


def test_a_size_that_only_one_unit_can_have():
    assert found("ttft\n0.2\n0.31\n")["ttft"] == (200, "s, inferred from its size")
    assert found("tpot\n0.021\n")["tpot"] == (21, "s, inferred from its size")


@pytest.mark.parametrize(
    "text",
    [
        "ttft\n81\n",
        "ttft,latency\n81,2400\n",
        "latency\n0.2\n",
        "duration,tokens\n5,100\n",
        "tpot\n5\n",
        "itl,tokens_per_s\n7,12\n",  # no unit explains both
        "latency,tokens,tokens_per_s\n5,100,20\n9000,100,20\n",
        "ttft\n0\n-1\n",
    ],
)
def test_what_does_not_tell_stays_unread(text):
    name = next(
        name for name in text.split("\n")[0].split(",") if name in ("ttft", "latency", "duration", "tpot", "itl")
    )
    assert found(text)[name] is None


def test_a_name_that_may_be_a_rate_is_not_taken_for_a_time():
    assert found("decode,ttft_ms,e2e_ms\n40,81,2400\n")["decode"] is None


def test_the_file_says_what_was_inferred_and_counts_it(tmp_path):
    (tmp_path / "a.csv").write_text("model,ttft,speedy\na:1b,0.2,5\n")
    (tmp_path / "b.csv").write_text("model,ttft\na:1b,81\n")
    files = read_in_memory(tmp_path).files.set_index("path")
    assert files.loc["a.csv", "reason"] == "ttft states no unit, and is read in s, inferred from its size"
    assert (files.loc["a.csv", "covered"], files.loc["a.csv", "unread"]) == (1, '{"speedy": 1}')
    assert (files.loc["b.csv", "covered"], files.loc["b.csv", "unread"]) == (0, '{"ttft": 1}')


def simulated(rng):
    """Requests of one configuration: slow ones on a processor and fast ones, alone or many at once."""
    per_token = 10 ** rng.uniform(0, 2.7)
    tokens = int(rng.choice([2, 16, 128, 900]))
    first = 10 ** rng.uniform(0.75, 4.6)
    for _ in range(int(rng.integers(1, 6))):
        tpot = per_token * rng.uniform(0.9, 1.1)
        ttft = first * rng.uniform(0.6, 1.6)
        whole = ttft + tpot * (tokens - 1)
        yield {
            "ttft_ms": ttft,
            "tpot_ms": tpot,
            "itl_ms": tpot * rng.uniform(0.9, 2 if tokens > 2 else 1),  # it is within the whole
            "e2e_ms": whole,
            "latency_ms": rng.choice([whole, ttft]) if rng.uniform() < 0.1 else whole,
            "decode_tok_s": float(rng.choice([1000 / tpot, 1000 * tokens / whole])),
            "output_tokens": tokens,
        }


@settings(deadline=None, max_examples=400, derandomize=True, database=None)
@given(st.integers(0, 2**32 - 1))
def test_no_time_is_ever_read_in_a_wrong_unit(seed):
    """Some of the columns, some with their unit; those without are in one unit of the file, or each in its own."""
    rng = np.random.default_rng(seed)
    runs = [*simulated(rng)]
    unit_of_file = str(rng.choice([*PER_MS], p=[0.45, 0.45, 0.05, 0.05]))
    columns, units = {}, {}
    for metric in runs[0]:
        if rng.uniform() < 0.35:
            continue
        if metric in NAMES and rng.uniform() < 0.8:
            name = str(rng.choice(NAMES[metric]))
            unit = unit_of_file if rng.uniform() < 0.9 else str(rng.choice(["s", "ms"]))
            columns[name] = [run[metric] * PER_MS[unit] for run in runs]
            units[name] = (unit, metric)
        else:
            columns[metric] = [run[metric] for run in runs]
    if not units:
        return
    text = "\n".join(
        [",".join(columns), *(",".join(map(repr, map(float, row))) for row in zip(*columns.values(), strict=True))]
    )
    for row in read(read_csv, text + "\n").rows:
        if row["unit"] == "ms" and row["original_name"] in units:
            unit, metric = units[row["original_name"]]
            truth = runs[int(row["record"].removeprefix("row ")) - 1][metric]
            assert row["original_unit"].partition(",")[0] == unit, text
            assert row["value"] == pytest.approx(truth)


def test_most_units_of_whole_files_are_found():
    rng = np.random.default_rng(5)
    decided = 0
    for _ in range(200):
        runs = [*simulated(rng)]
        text = "ttft,e2e,tokens,tokens_per_s\n" + "".join(
            f"{run['ttft_ms'] / 1000},{run['e2e_ms'] / 1000},{run['output_tokens']},{run['decode_tok_s']}\n"
            for run in runs
        )
        decided += found(text)["e2e"] is not None
    assert decided > 130  # of 200, a quarter of which have answers of two tokens


@pytest.mark.parametrize(
    ("column", "value", "unit"),
    [
        ("MMLU\n71.2\n61\n", 0.712, "%, by its column"),
        ("mmlu\n0.712\n0.61\n", 0.712, "share, by its column"),
        ("F1\n0.5\n1\n", 0.5, "share, by its column"),
        ("HumanEval pass@1\n71.2\n61\n", 0.712, "%, by its column"),
        ("MMLU (5-shot)\n0.7\n", 0.7, "share, by its column"),
        ("scores.gsm8k\n0.7\n", 0.7, "share, by its column"),
        ("WikiText-2 PPL\n5.9\n", 5.9, None),
        ("EM\n1\n55\n", 0.01, "%, by its column"),
        ("Accuracy (%)\n0.5\n", 0.005, "%"),
        ("model,pass@1\na:7b,45%\n", 0.45, "%"),
        ("ppl\n5.9\n", 5.9, None),
        ("Perplexity\n120\n", 120, None),
    ],
)
def test_scores_are_shares_or_percentages_by_their_column(column, value, unit):
    (first, *_) = read(read_csv, column).rows
    assert (first["value"], first["original_unit"]) == (pytest.approx(value), unit)
    assert first["unit"] in ("share", "score")


@pytest.mark.parametrize("column", ["accuracy\n120\n50\n", "F1\n-1\n0.5\n"])
def test_a_score_on_another_scale_keeps_its_own_name(column):
    assert {row["unit"] for row in read(read_csv, column).rows} == {None}


def test_perplexity_by_context_length():
    rows = read(read_csv, "model,num_ctx,ppl\na:7b,2048,6.1\na:7b,4096,5.8\n").rows
    assert [(row["metric"], row["value"], json.loads(row["params"])) for row in rows] == [
        ("perplexity", 6.1, {"num_ctx": 2048}),
        ("perplexity", 5.8, {"num_ctx": 4096}),
    ]


def test_the_parts_of_a_total_tell_its_unit_and_theirs():
    records = [
        {"ttft": 3.9, "gen_time": 7.25, "total": 11.15, "gen_tps": 19.3, "output_tokens": 140},
        {"ttft": 21.5, "gen_time": 1.5, "total": 23.0, "gen_tps": 100.0, "output_tokens": 150},
    ]
    rows = read(read_json, json.dumps(records)).values("metric", "value")
    assert [pair for pair in rows if pair[0] in ("ttft_ms", "latency_ms", "total_ms")] == [
        *(("ttft_ms", 3900), ("latency_ms", 7250), ("total_ms", 11150)),
        *(("ttft_ms", 21500), ("latency_ms", 1500), ("total_ms", 23000)),
    ]


def test_a_total_of_something_else_is_no_time():
    records = [
        {"correct": 10, "total": 12, "gen_tps": 19.3, "output_tokens": 140},
        {"ttft": 3.9, "gen_time": 7.25, "total": 90, "gen_tps": 19.3, "output_tokens": 140},
    ]
    for record in records:
        assert "total_ms" not in {name for (name,) in read(read_json, json.dumps(record)).values("metric")}
