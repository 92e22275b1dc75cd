"""A rate in a record about the prompt is that of the prefill."""

import json

import pytest

from chimera_dagster.ingest.csv_reader import read_csv
from chimera_dagster.ingest.json_reader import read_json
from tests.unit.ingest.reading import read


@pytest.mark.parametrize(
    ("field", "said", "metric"),
    [
        ("mode", "pp", "prefill_tok_s"),
        ("test", "prefill", "prefill_tok_s"),
        ("phase", "Prompt processing", "prefill_tok_s"),
        ("type", "pp512", "prefill_tok_s"),
        ("mode", "tg", "decode_tok_s"),
        ("phase", "decode", "decode_tok_s"),
        ("mode", "chat", "decode_tok_s"),
        ("format", "pp", "decode_tok_s"),
    ],
)
def test_a_field_names_the_phase(field, said, metric):
    found = read(read_json, json.dumps({"model": "lynx:7b", field: said, "tokens_per_sec": 81.5}))
    assert found.values("metric", "value") == [(metric, 81.5)]


def test_its_length_is_a_condition():
    found = read(read_csv, "model,test,value,tok_s\nlynx:7b,pp,512,900\nlynx:7b,tg,128,40\n")
    assert [json.loads(text) for (text,) in found.values("conditions")] == [
        {"prompt_tokens": 512, "value": 512},
        {"output_tokens": 128, "value": 128},
    ]
    found = read(read_csv, "model,test,tok_s\nlynx:7b,pp2048,900\n")
    assert found.values("metric", "conditions") == [("prefill_tok_s", '{"prompt_tokens":2048}')]


def test_a_name_that_says_the_phase_counts():
    found = read(read_csv, "model,test,eval_rate,throughput_tok_s\nlynx:7b,pp,40,900\n")
    assert found.values("metric", "value") == [("decode_tok_s", 40), ("prefill_tok_s", 900)]
