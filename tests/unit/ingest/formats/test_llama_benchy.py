import csv
import json

import pytest

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

FOLDER = FORMATS / "llama_benchy"
REQUEST = ("pp_req_throughput", "prefill_tok_s"), ("tg_req_throughput", "decode_tok_s"), ("e2e_ttft", "ttft_ms")
SERVER = ("pp_throughput", "input_tok_s"), ("tg_throughput", "output_tok_s")


def run_of(written, concurrency):
    return next(
        (f"/benchmarks/{place}", run)
        for place, run in enumerate(written["benchmarks"])
        if run["concurrency"] == concurrency and not run["context_size"]
    )


def test_json_has_the_sums_over_requests_and_over_rounds_of_the_server():
    written = json.loads((FOLDER / "concurrency.json").read_text(encoding="utf-8"))
    at, run = run_of(written, concurrency=2)
    read = read_file(FOLDER / "concurrency.json")
    assert (read.file.format, read.file.status) == ("llama-benchy", "ok")
    for name, metric in (*REQUEST, *SERVER):
        count = len(run[name]["values"])
        assert read.values("metric", "value", "aggregate", "n", record=f"{at}/{name}") == [
            (metric, run[name]["mean"], "mean", count),
            (metric, run[name]["std"], "std", count),
        ]
    assert read.conditions(f"{at}/e2e_ttft") == {
        **{"concurrency": 2, "prompt_tokens": 32, "output_tokens": 12, "context_depth": 0}
    }
    about = "model", "model_source", "backend", "timestamp"
    assert set(read.values(*about)) == {("smollm2:135m", "json", None, written["timestamp"])}


def test_json_has_each_request_and_each_round_of_several_at_once():
    written = json.loads((FOLDER / "concurrency.json").read_text(encoding="utf-8"))
    read = read_file(FOLDER / "concurrency.json")
    at, run = run_of(written, concurrency=1)
    assert len({len(run[name]["values"]) for name, _ in (*REQUEST, *SERVER)}) == 1
    assert read.values("metric", "value", "original_name", "aggregate", record=f"{at}/*/values/1") == [
        (metric, run[name]["values"][1], name, None) for name, metric in (*REQUEST, *SERVER)
    ]
    at, run = run_of(written, concurrency=2)
    lists = [name for name, _ in REQUEST]
    equal = len({len(run[name]["values"]) for name in lists}) == 1
    for name, metric in REQUEST:
        value = run[name]["values"][1]
        record = f"{at}/*/values/1" if equal else f"{at}/{name}/*/1"
        assert (metric, value, None) in read.metrics(record)
    for name, metric in SERVER:
        assert read.metrics(f"{at}/{name}/*/1") == [(metric, run[name]["values"][1], None)]


def test_lists_of_different_lengths_are_not_of_the_same_requests(tmp_path):
    written = json.loads((FOLDER / "prefix.json").read_text(encoding="utf-8"))
    written["benchmarks"][0]["tg_req_throughput"]["values"].pop()
    read = read_text(tmp_path, "a.json", written)
    records = [record for record in read.records if record.startswith("/benchmarks/0/") and "*" in record]
    assert records == [
        *(f"/benchmarks/0/{name}/*/{place}" for name in ("pp_req_throughput",) for place in (0, 1)),
        "/benchmarks/0/tg_req_throughput/*/0",
        *(
            f"/benchmarks/0/{name}/*/{place}"
            for name in ("e2e_ttft", "pp_throughput", "tg_throughput")
            for place in (0, 1)
        ),
    ]


def test_what_is_not_read_of_json_is_named():
    unread = read_file(FOLDER / "prefix.json").unread
    names = "peak_throughput", "peak_req_throughput", "ttfr", "est_ppt"
    assert set(unread) == {f"{name}/{part}" for name in names for part in ("mean", "std", "values")}


@pytest.mark.parametrize("name", ["concurrency.md", "concurrency.csv"])
def test_rows_of_one_run_know_the_tokens_of_each_other(name):
    read = read_file(FOLDER / name)
    assert (read.file.format, read.file.status, read.file.records) == ("llama-benchy", "ok", 8)
    row = "table 1 row {}" if name.endswith("md") else "row {}"
    assert read.conditions(row.format(1)) == read.conditions(row.format(2))
    assert [read.conditions(row.format(place)) for place in (3, 5, 8)] == [
        {"concurrency": 2, "prompt_tokens": 32, "output_tokens": 12, "context_depth": 0},
        {"concurrency": 1, "prompt_tokens": 32, "output_tokens": 12, "context_depth": 32},
        {"concurrency": 2, "prompt_tokens": 32, "output_tokens": 12, "context_depth": 32},
    ]


def test_markdown_has_means_with_their_spread():
    read = read_file(FOLDER / "concurrency.md")
    assert read.metrics("table 1 row 3") == [
        ("prefill_tok_s", 20.21, "mean"),
        ("prefill_tok_s", 8.42, "std"),
        ("input_tok_s", 19.92, "mean"),
        ("input_tok_s", 2.7, "std"),
        ("ttft_ms", 130.91, "mean"),
        ("ttft_ms", 71.82, "std"),
    ]
    assert read.metrics("table 1 row 4") == [
        ("decode_tok_s", 132.58, "mean"),
        ("decode_tok_s", 1.71, "std"),
        ("output_tok_s", 112.65, "mean"),
        ("output_tok_s", 22.18, "std"),
    ]
    assert read.unread == {"ttfr (ms)": 4, "est_ppt (ms)": 4, "peak t/s": 4, "peak t/s (req)": 4}
    assert (read.file.numbers, read.file.covered) == (36, 20)


def test_csv_has_the_same_in_columns():
    with open(FOLDER / "concurrency.csv", encoding="utf-8", newline="") as file:
        written = [*csv.DictReader(file)][3]
    read = read_file(FOLDER / "concurrency.csv")
    assert read.metrics("row 4") == [
        ("decode_tok_s", float(written["t_s_req_mean"]), "mean"),
        ("decode_tok_s", float(written["t_s_req_std"]), "std"),
        ("output_tok_s", float(written["t_s_mean"]), "mean"),
        ("output_tok_s", float(written["t_s_std"]), "std"),
    ]


def test_of_one_request_at_a_time_the_rate_is_that_of_the_request(tmp_path):
    table = (
        "| model | test | t/s | peak t/s | ttfr (ms) | est_ppt (ms) | e2e_ttft (ms) |\n|:--|--:|--:|--:|--:|--:|--:|\n"
        "| alpha-7b | pp2048 | 2265.07 ± 142.42 | | 979.34 ± 59.72 | 908.36 ± 59.72 | 979.34 ± 59.72 |\n"
        "| alpha-7b | tg480 @ d64 | 75.79 ± 0.56 | 98.33 ± 5.44 | | | |\n"
    )
    read = read_text(tmp_path, "a.md", table)
    assert [row for row in read.values("metric", "value", "aggregate") if row[2] == "mean"] == [
        ("prefill_tok_s", 2265.07, "mean"),
        ("ttft_ms", 979.34, "mean"),
        ("decode_tok_s", 75.79, "mean"),
    ]
    # rows at different depths are not of one run
    assert read.conditions("table 1 row 1") == {"concurrency": 1, "prompt_tokens": 2048, "context_depth": 0}
    assert read.conditions("table 1 row 2") == {"concurrency": 1, "output_tokens": 480, "context_depth": 64}


def test_a_table_spelt_for_readers_is_read(tmp_path):
    table = (
        "# gemma3:1b\n\n| Test | t/s | Peak t/s | TTFR (ms) | E2E TTFT (ms) |\n|:---|---:|---:|---:|---:|\n"
        "| pp2048 | 1,329.72 ± 0.50 | — | 1,542.44 ± 0.00 | 1,542.44 ± 0.00 |\n| tg1500 | 35.21 | **66.00** | — | — |\n"
    )
    read = read_text(tmp_path, "a.md", table)
    assert read.values("metric", "value", aggregate="mean") == [
        ("prefill_tok_s", 1_329.72),
        ("ttft_ms", 1_542.44),
        ("decode_tok_s", 35.21),
    ]


def test_filling_the_context_first_is_a_task_of_its_own():
    read = read_file(FOLDER / "prefix.md")
    assert [read.conditions(f"table 1 row {place}") for place in (1, 2, 3)] == [
        {"concurrency": 1, "prompt_tokens": 24, "context_depth": 0, "task": "fill the context"},
        {"concurrency": 1, "prompt_tokens": 24, "context_depth": 0, "task": "fill the context"},
        {"concurrency": 1, "prompt_tokens": 16, "output_tokens": 8, "context_depth": 24},
    ]
    same = read_file(FOLDER / "prefix.json")
    filled = {"concurrency": 1, "prompt_tokens": 24, "output_tokens": 8, "context_depth": 0, "task": "fill the context"}
    assert same.conditions("/benchmarks/0/e2e_ttft") == filled | {"prefix_caching": "True"}
    assert same.conditions("/benchmarks/1/e2e_ttft")["context_depth"] == 24


def test_a_cut_or_odd_file_says_what_is_wrong(tmp_path):
    text = (FOLDER / "prefix.json").read_text(encoding="utf-8")
    assert read_text(tmp_path, "cut.json", text[:900]).file.status == "malformed"
    odd = json.loads(text) | {"benchmarks": [{"concurrency": 1, "tg_req_throughput": {"mean": 5, "values": "none"}}, 3]}
    read = read_text(tmp_path, "odd.json", json.dumps(odd))
    assert read.metrics("/benchmarks/0/tg_req_throughput") == [("decode_tok_s", 5, "mean")]
    assert read.unread == {"benchmarks": 1}
    table = (FOLDER / "concurrency.md").read_text(encoding="utf-8")
    read = read_text(tmp_path, "a.md", table.replace("tg12 (c2)", "gen 12"))
    assert read.file.reason == "table 1 row 4: 'gen 12' is not a test such as pp2048 or tg32"
    read = read_text(tmp_path, "b.md", table.replace("pp32", "prompt").replace("tg12", "gen"))
    assert read.file.format is None
    assert "it looks like a file of llama-benchy" in read.file.reason
