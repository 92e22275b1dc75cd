"""What a script keeps around the output of a known tool."""

import json

from chimera_dagster.ingest.json_reader import read_json
from tests.unit.ingest.reading import read

BENCH = {
    **{"build_commit": "abc1234", "build_number": 6000, "gpu_info": "Some GPU", "backends": "ROCm", "flash_attn": True},
    **{"model_filename": "/m/lynx-7b.Q4_0.gguf", "model_type": "llama 7B Q4_0", "n_depth": 0},
    **{"avg_ns": 2_000_000_000, "stddev_ns": 1_000, "stddev_ts": 0.5, "samples_ts": [40.0, 41.0]},
}


def line(mode, prompt, generated, rate, watts):
    bench = BENCH | {"n_prompt": prompt, "n_gen": generated, "avg_ts": rate}
    around = {"mode": mode, "value": prompt or generated, "tokens_per_sec": rate, "fa": "-fa 1", "avg_power_w": watts}
    return json.dumps(around | {"bench_raw": bench})


def test_the_tool_says_what_the_numbers_around_its_output_are_about():
    text = "\n".join([line("pp", 512, 0, 256.0, 60.5), line("tg", 0, 128, 40.5, 55.0)])
    found = read(read_json, text, lines=True)
    means = [row for row in found.rows if row["aggregate"] == "mean" and row["derived"] is None]
    assert [(row["record"], row["model"], row["metric"], row["value"]) for row in means] == [
        ("line 1/bench_raw", "lynx-7b.Q4_0", "prefill_tok_s", 256.0),
        ("line 1/bench_raw", "lynx-7b.Q4_0", "prompt_eval_ms", 2_000.0),
        ("line 1", "lynx-7b.Q4_0", "power_w", 60.5),
        ("line 2/bench_raw", "lynx-7b.Q4_0", "decode_tok_s", 40.5),
        ("line 2/bench_raw", "lynx-7b.Q4_0", "eval_ms", 2_000.0),
        ("line 2", "lynx-7b.Q4_0", "power_w", 55.0),
    ]
    lengths = [(said.get("prompt_tokens"), said.get("output_tokens")) for said in map(conditions, means)]
    assert lengths == [(512, None)] * 3 + [(None, 128)] * 3
    assert {conditions(row)["flash_attention"] for row in found.rows} == {1}


def test_a_number_that_stands_around_it_once_more_is_covered_and_read_once():
    found = read(read_json, line("pp", 512, 0, 256.0, 60.5))
    assert [row["original_name"] for row in found.rows if row["value"] == 256.0] == ["avg_ts"]
    assert "value" not in {row["metric"] for row in found.rows}


def test_an_object_around_several_of_them_says_nothing_for_them():
    both = {"first": BENCH | {"n_prompt": 8, "n_gen": 0, "avg_ts": 9.0}, "second": BENCH | {"n_gen": 8, "avg_ts": 7.0}}
    found = read(read_json, json.dumps({"avg_power_w": 50.0} | both))
    assert [(row["record"], row["model"]) for row in found.rows if row["metric"] == "power_w"] == [("/", None)]


def conditions(row):
    return json.loads(row["conditions"])
