"""Keys that say in words what the results below them are."""

import json

import pytest

from chimera_dagster.ingest.json_reader import read_json
from chimera_dagster.ingest.key_texts import KeyText, said_in_key
from tests.unit.ingest.reading import read


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (
            "offload ngl=40 ubatch=256 thr=4",
            KeyText(None, (("micro_batch_size", 256), ("threads", 4), ("variant", "offload")), (("num_gpu", 40),)),
        ),
        ("lynx-7b-Q5_K_S.gguf [draft-n3]", KeyText("lynx-7b-Q5_K_S", (("variant", "draft-n3"),), ())),
        (
            "lynx-7b patched Q4_K_M (older)",
            KeyText("lynx-7b", (("quantization", "Q4_K_M"), ("variant", "patched older")), ()),
        ),
        ("ngl=99 depth_x=3", KeyText(None, (("variant", "depth_x=3"),), (("num_gpu", 99),))),
        ("puma-3b concurrency=8", KeyText("puma-3b", (("concurrency", 8),), ())),
    ],
)
def test_pairs_and_remarks_are_settings_and_the_rest_is_the_variant(key, said):
    assert said_in_key(key) == said


@pytest.mark.parametrize("key", ["lynx-7b", "latency_ms", "no pairs here", "a=b", "x" * 300 + " ngl=9", "", "=", "[a]"])
def test_other_keys_say_nothing(key):
    assert said_in_key(key) is None


def test_the_results_below_such_keys_are_no_one_sample():
    text = {
        "lynx-7b.gguf [plain]": {"decode_tps": 30.5},
        "lynx-7b.gguf [draft-n3]": {"decode_tps": 40.5},
        "tuned ngl=20 ubatch=512": {"decode_tps": 20.5},
    }
    found = read(read_json, json.dumps(text))
    assert [(row["model"], row["conditions"], row["params"], row["value"]) for row in found.rows] == [
        ("lynx-7b", '{"variant":"plain"}', "{}", 30.5),
        ("lynx-7b", '{"variant":"draft-n3"}', "{}", 40.5),
        (None, '{"micro_batch_size":512,"variant":"tuned"}', '{"num_gpu":20}', 20.5),
    ]


def test_a_key_below_which_nothing_is_measured_is_none():
    found = read(read_json, json.dumps({"lynx-7b [draft]": {"wins": [1, 2]}}))
    assert {row["model"] for row in found.rows} == {None}
