"""Keys of JSON objects that say what the results below them are about."""

import json

import pytest

from chimera_dagster.ingest.json_reader import read_json
from tests.unit.ingest.reading import read

SPEED = {"ttft_ms": 12, "tok_s": 80}


def about(document):
    """What is said of each record: engine, GPU, conditions, parameters and the number of the run."""
    found = {}
    for row in read(read_json, json.dumps(document)).rows:
        said = {name: row[name] for name in ("backend", "gpu") if row[name]}
        for name in ("conditions", "params", "labels"):
            said |= json.loads(row[name])
        found[row["record"]] = said
    return [*found.values()]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"f16": SPEED, "Q4_K_M": SPEED}, [{"quantization": "f16"}, {"quantization": "Q4_K_M"}]),
        ({"quants": {"q8_0": {"speed": SPEED}}}, [{"quantization": "q8_0"}]),
        ({"lynx:7b": {"awq": SPEED, "gptq": SPEED}}, [{"quantization": "awq"}, {"quantization": "gptq"}]),
        ({"vllm": SPEED, "ollama": SPEED}, [{"backend": "vllm"}, {"backend": "ollama"}]),
        ({"RTX 4090": SPEED, "Apple M2 Max": SPEED}, [{"gpu": "RTX 4090"}, {"gpu": "Apple M2 Max"}]),
        ({"results": {"batch_1": SPEED, "batch_8": SPEED}}, [{"batch_size": 1}, {"batch_size": 8}]),
        ({"8 users": [SPEED, SPEED]}, [{"concurrency": 8}, {"concurrency": 8}]),
        ({"concurrency": {"1": SPEED, "16": SPEED}}, [{"concurrency": 1}, {"concurrency": 16}]),
        ({"ctx_4096": SPEED}, [{"num_ctx": 4096}]),
        ({"run_1": SPEED, "run_2": SPEED}, [{"run": 1}, {"run": 2}]),
        ({"baseline": SPEED, "optimized": SPEED}, [{"variant": "baseline"}, {"variant": "optimized"}]),
        ({"tok_s": 50, "baseline": {"tok_s": 40}}, [{}, {"variant": "baseline"}]),
        ({"cold": SPEED, "warm": SPEED}, [{"variant": "cold"}, {"variant": "warm"}]),
        ({"short": SPEED, "long": SPEED}, [{"variant": "short"}, {"variant": "long"}]),
        ({"tasks": {"chat": SPEED, "code": {"a": SPEED}}}, [{"task": "chat"}, {"task": "code"}]),
        ({"ttft_ms": {"fp16": 12, "int4": 8}}, [{"quantization": "fp16"}, {"quantization": "int4"}]),
        ({"tok_s": {"4090": 1}}, [{}]),
    ],
)
def test_keys_that_say_something(document, expected):
    assert about(document) == expected


@pytest.mark.parametrize(
    "document",
    [
        {"req_1": SPEED, "req_2": SPEED},
        {"prompt1": SPEED, "prompt2": SPEED, "prompt3": SPEED},
        {"a3f91c02": SPEED, "77b0ee41": SPEED},
        {"client": SPEED, "server": SPEED},
        {"attic": SPEED, "notes": {"text": "none"}},
        {"attic": {"ttft_ms": 3}, "basement": {"watts": 4}},
        {"Write a poem about lynxes. It should rhyme.": SPEED, "Prove that there are many primes.": SPEED},
        {"0": SPEED, "1": SPEED},
    ],
)
def test_other_keys_say_nothing(document):
    assert all(said == {} for said in about(document))


def test_what_compares_others_is_no_value():
    document = {"before": SPEED, "after": SPEED, "improvement": {"tok_s": 2.5}}
    found = read(read_json, json.dumps(document))
    assert [(row["metric"], row["unit"]) for row in found.rows if row["value"] == 2.5] == [("tok_s", None)]
    assert (found.numbers, found.covered) == (5, 4)


def test_every_number_is_counted_once():
    found = read(read_json, json.dumps({"ttft_ms": {"fp16": 12, "int4": 8, "speedup": 1.5}, "seed": 4}))
    assert (found.numbers, len(found.rows)) == (4, 3)
