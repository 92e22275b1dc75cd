import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.json_reader import read_json
from tests.unit.ingest.reading import read
from tests.unit.ingest.runs import as_csv, as_lines, ollama, rounded, run, some

seeds = st.integers(0, 2**32 - 1)
several = settings(deadline=None, max_examples=300, derandomize=True, database=None)


def doubted(record, **more):
    """What is doubted of a record, by original name."""
    rows = read(read_json, json.dumps(record | more)).rows
    return {row["original_name"]: row["doubt"] for row in rows if row["doubt"]}


@several
@given(seeds)
def test_no_plausible_run_is_doubted(seed):
    rng = np.random.default_rng(seed)
    runs = [rounded(rng, some(rng, run(rng))) for _ in range(20)]
    for reader, text in (
        (read_csv, as_csv(runs)),
        (lambda text, sheet: read_json(text, sheet, lines=True), as_lines(runs)),
    ):
        rows = read(reader, text).rows
        assert [(row["metric"], row["doubt"]) for row in rows if row["doubt"]] == []


@several
@given(seeds)
def test_no_answer_of_ollama_is_doubted_or_read_in_another_unit(seed):
    rng = np.random.default_rng(seed)
    found = read(read_json, as_lines([ollama(run(rng)) for _ in range(int(rng.integers(1, 6)))]), lines=True)
    assert {row["doubt"] for row in found.rows} == {None}
    assert {row["original_unit"] for row in found.rows if row["unit"] == "ms"} == {"ns"}


RUN = {
    "total_ms": 5000,
    "load_ms": 50,
    "prompt_eval_ms": 200,
    "eval_ms": 4500,
    "output_tokens": 300,
    "prompt_tokens": 100,
}


@pytest.mark.parametrize(
    ("record", "names", "words"),
    [
        ({"ttft_ms": -3, "decode_tok_s": 50}, {"ttft_ms"}, "ttft_ms -3 is negative"),
        ({"ttft_ms": 0, "decode_tok_s": 50}, {"ttft_ms"}, "ttft_ms is zero"),
        ({"ttft_ms": 120, "tokens_per_second": 0}, {"tokens_per_second"}, "decode_tok_s is zero"),
        ({"ttft_s": 1_767_225_600, "decode_tok_s": 50}, {"ttft_s"}, "is a point in time, not a duration"),
        ({"e2e_ms": 1_767_225_600_123, "decode_tok_s": 50}, {"e2e_ms"}, "is a point in time, not a duration"),
        ({"e2e_ms": 5e10}, {"e2e_ms"}, "e2e_ms 5e+10 is longer than a month"),
        ({"decode_tok_s": 2.5e5, "ttft_ms": 80}, {"decode_tok_s"}, "decode_tok_s 2.5e+05 is faster than any machine"),
        ({"tpot_ms": 0.002}, {"tpot_ms"}, "tpot_ms 0.002 is faster than any machine"),
        ({"gpu_util": 130, "cpu_util_pct": 130}, {"gpu_util"}, "gpu_util_pct 130 is more than 100 %"),
        (RUN | {"eval_ms": 516_371_613.757}, {"eval_ms", "total_ms"}, "eval_ms 5.164e+08 is longer than total_ms 5000"),
        (RUN | {"eval_ms": 4900, "prompt_eval_ms": 3000}, {"eval_ms", "prompt_eval_ms", "total_ms"}, "is longer than"),
        (
            {"ttft_ms": 900, "e2e_ms": 300, "output_tokens": 9},
            {"ttft_ms", "e2e_ms"},
            "ttft_ms 900 is longer than e2e_ms",
        ),
        ({"ttft_ms": 900, "ttfa_ms": 300}, {"ttft_ms", "ttfa_ms"}, "ttft_ms 900 is longer than ttfa_ms 300"),
        (
            RUN | {"decode_tok_s": 66_700},
            {"decode_tok_s", "eval_ms"},
            "decode_tok_s 6.67e+04 contradicts output_tokens 300 in eval_ms 4500, which are 66.67 tok/s",
        ),
        (
            RUN | {"decode_tok_s": 0.0667},
            {"decode_tok_s", "eval_ms"},
            "decode_tok_s 0.0667 contradicts output_tokens 300",
        ),
        (
            {"eval_ms": 0.0045, "output_tokens": 300},
            {"eval_ms"},
            "output_tokens 300 in eval_ms 0.0045 is faster than any machine",
        ),
    ],
)
def test_what_is_doubted_and_why(record, names, words):
    found = doubted(record)
    assert found.keys() == names
    assert all(words in reason for reason in found.values())


def test_another_value_of_the_record_says_which_of_two_is_wrong():
    assert doubted(RUN, total_ms=5, decode_tok_s=66.7).keys() == {"total_ms"}
    assert doubted(RUN, eval_ms=45_000, e2e_ms=5010).keys() == {"eval_ms"}


@pytest.mark.parametrize(
    "record",
    [
        {"load_ms": 9000, "total_ms": 700},  # llama.cpp prints the load of the first of many runs
        {"ttft_s": 0.12, "e2e_s": 0.1},  # 118 and 120 ms, one of them rounded to a tenth of a second
        {"residual_ms": -2},
        {"prompt_cached_tokens": 4000, "prompt_tokens": 3},
        RUN | {"decode_tok_s": 1.5, "load_ms": 190_000, "total_ms": 195_000},  # over the whole of a cold call
        RUN | {"prefill_tok_s": 3},  # of the tokens that were not cached
        {"throughput": 20_000, "unit": "tok/s", "eval_ms": 4500, "output_tokens": 300, "concurrency": 256},
        {"decode_tok_s": 4e5, "concurrency": 512},
        {"elapsed_s": 0, "itl_ms": 0, "load_ms": 0, "prompt_eval_ms": 0, "gpu_util": 0, "output_tokens": 0},
        {"eval_ms": 0, "output_tokens": 1},
        {"std_ttft_ms": 0, "mean_ttft_ms": 5, "n": 1},
        {"sum_eval_ms": 9e9, "n": 400_000},
    ],
)
def test_what_is_unusual_and_true(record):
    assert doubted(record) == {}


def test_only_the_zeros_of_a_failed_run_are_doubted_and_its_failure_is_not():
    record = {"error": "out of memory", "ttft_ms": 0, "output_tokens": 0, "e2e_ms": 500}
    assert doubted(record) == {
        "ttft_ms": "ttft_ms 0 is of a run that failed",
        "output_tokens": "output_tokens 0 is of a run that failed",
    }


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"p50": 90, "p99": 40}, {"p50", "p99"}),
        ({"min": 10, "p50": 900, "p90": 30, "p99": 40, "max": 50}, {"p50"}),
        ({"min": 10, "median": 20, "mean": 80, "p99": 40, "max": 50}, {"mean", "max"}),
        ({"min": 10, "median": 20, "mean": 30, "p99": 40, "max": 50}, set()),
        ({"mean": 30, "p50": 20.0, "p90": 20.1, "p95": 20.0}, set()),  # all nearly equal, and rounded
        ({"median": 20, "mean": 90, "p75": 30}, set()),  # a long tail
    ],
)
def test_percentiles_rise_and_a_mean_lies_between_the_extremes(values, wrong):
    record = {f"{name}_ttft_ms": value for name, value in values.items()}
    assert {name.partition("_")[0] for name in doubted(record)} == wrong


def test_percentiles_of_different_things_are_not_compared():
    assert doubted({"p50_decode_tok_s": 90, "p99_tps": 40}) == {}
    assert doubted({"p50_ttft_ms": 90, "p99_itl_ms": 40}) == {}


def test_percentiles_of_a_rate_may_be_counted_from_the_fastest():
    assert (
        doubted({"p50_decode_tok_s": 90, "p90_decode_tok_s": 80, "p99_decode_tok_s": 40, "mean_decode_tok_s": 85}) == {}
    )


PLANTS = {
    "a negative time": lambda values: values.update(ttft_ms=-values["ttft_ms"]),
    "a part longer than the whole": lambda values: values.update(eval_ms=values["total_ms"] * 1e3),
    "a rate in another unit": lambda values: values.update(
        decode_tok_s=values["output_tokens"] / values["eval_ms"] * 1e6
    ),
    "a first token after the last": lambda values: values.update(ttft_ms=values["e2e_ms"] * 1.5 + 5),
    "a point in time": lambda values: values.update(e2e_ms=1.7e12),
    "a time of nothing": lambda values: values.update(total_ms=0),
}


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS.keys())
@settings(several, max_examples=60)
@given(seeds)
def test_every_planted_fault_is_found_and_only_in_its_record(plant, seed):
    rng = np.random.default_rng(seed)
    runs = [run(rng) for _ in range(10)]
    runs[3]["output_tokens"] = max(runs[3]["output_tokens"], 2)
    plant(runs[3])
    rows = read(read_csv, as_csv(runs)).rows
    assert {row["record"] for row in rows if row["doubt"]} == {"row 4"}
    assert not any(row["doubt"] for row in rows if row["unit"] == "tokens")
    assert not any(row["doubt"] for row in rows if row["derived"])


@pytest.mark.parametrize(
    ("record", "names", "words"),
    [
        ({"ttft_ms": 900, "latency_ms": 400}, {"ttft_ms", "latency_ms"}, "ttft_ms 900 is longer than latency_ms 400"),
        ({"ttft_s": 3.1, "total_time_s": 2.4}, {"ttft_s", "total_time_s"}, "ttft_ms 3100 is longer than total_ms 2400"),
        ({"ttft_ms": 900, "response_time_ms": 400}, {"ttft_ms", "response_time_ms"}, "longer than latency_ms 400"),
        # a client's first token and a server's total are by two clocks, but not that far apart
        (
            {"ttft_ms": 9000, "total_ms": 5000, "load_ms": 40, "eval_ms": 4000},
            {"ttft_ms", "total_ms"},
            "ttft_ms 9000 is longer than total_ms 5000",
        ),
    ],
)
def test_a_first_token_after_the_whole_request(record, names, words):
    found = doubted(record)
    assert {*found} == names
    assert words in found[next(iter(names))]


@pytest.mark.parametrize(
    "record",
    [
        {"ttft_ms": 400, "latency_ms": 12.5, "decode_tok_s": 80},  # of a token
        {"ttft_ms": 400, "elapsed_ms": 100},  # since the start of the benchmark, say
        {"ttft_ms": 180, "total_ms": 170, "prompt_eval_ms": 60, "eval_ms": 90},  # way to the server
        {"ttft_ms": 5100, "total_ms": 900, "load_ms": 5000, "eval_ms": 500, "prompt_eval_ms": 400},  # first loaded
        {"ttft_ms": 180, "e2e_ms": 900, "total_ms": 170},  # the client has its own whole
        {"ttft_ms": 400, "latency_ms": 400},
    ],
)
def test_a_first_token_within_another_time(record):
    assert doubted(record) == {}


@pytest.mark.parametrize(
    ("record", "names", "words"),
    [
        (
            {"eval_count": 200, "eval_ms": 4000, "decode_tok_s": 300},
            {"decode_tok_s", "eval_ms"},
            "decode_tok_s 300 contradicts output_tokens 200 in eval_ms 4000, which are at most 5",
        ),
        (
            {"output_tokens": 205, "ttft_ms": 100, "e2e_ms": 4200, "tokens_per_second": 490},
            {"tokens_per_second", "e2e_ms"},
            "contradicts output_tokens 205 in e2e_ms 4200, which are at most 5",
        ),
        (
            {"output_tokens": 205, "ttft_ms": 100, "e2e_ms": 4200, "tpot_ms": 20, "tokens_per_second": 490},
            {"tokens_per_second"},  # the time of a token says which one is wrong
            "at most 5",
        ),
        (
            {"output_tokens": 200, "latency_s": 4, "tokens_per_second": 8},
            {"tokens_per_second", "latency_s"},
            "contradicts output_tokens 200 in latency_ms 4000, which are at least 50 tok/s",
        ),
    ],
)
def test_a_rate_that_its_tokens_and_time_contradict(record, names, words):
    found = doubted(record)
    assert {*found} == names
    assert all(words in reason for reason in found.values())


@pytest.mark.parametrize(
    "record",
    [
        {"output_tokens": 200, "ttft_ms": 2000, "e2e_ms": 6000, "tokens_per_second": 33},  # over the whole request
        {"output_tokens": 200, "eval_ms": 4000, "decode_tok_s": 300, "concurrency": 8},  # of all requests
        {"output_tokens": 200, "ttft_ms": 3900, "e2e_ms": 4000, "tokens_per_second": 50},  # a buffer held the answer
        {"output_tokens": 200, "e2e_ms": 9000, "decode_tok_s": 100},  # the rest may be the prompt, or a load
        {"output_tokens": 20000, "latency_ms": 900, "tokens_per_second": 300, "requests_per_s": 4},  # of a benchmark
        {"output_tokens": 4, "ttft_ms": 50, "e2e_ms": 100, "tokens_per_second": 400},  # too few to tell
        {"output_tokens": 200, "latency_ms": 12.5, "tokens_per_second": 80},  # of a token
    ],
)
def test_a_rate_that_another_definition_explains(record):
    assert doubted(record) == {}
