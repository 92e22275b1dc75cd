"""A row of the facts table becomes words and figures, and is the same after a run has stored it."""

import json

import pandas as pd
from pydantic import TypeAdapter

from chimera_dagster.evidence.fact import Fact, load_facts
from chimera_dagster.schemas import Facts

SOURCES = [["a b.csv", "row 2"], ["c.json", "/runs/1"]]


def table() -> pd.DataFrame:
    row = {
        "id": "F1",
        "kind": "model_mean",
        "text": "mean decode throughput of {odd}:1b",
        "template": "mean decode throughput of {{odd}}:1b: {value} ({low} to {high}, n={n})",
        "value": 57.26,
        "values": json.dumps({"value": 57.26, "low": 55.0, "high": 1234.5, "n": 12}),
        "unit": "tok/s",
        "n": 12,
        "model": "{odd}:1b",
        "metric": "decode_tok_s",
        "aggregate": "mean",
        "params": "{}",
        "conditions": "{}",
        "runs": "all",
        "sources": json.dumps(SOURCES),
    }
    texts = [name for name in row if name not in ("value", "n")]
    return Facts.validate(pd.DataFrame([row]).astype(dict.fromkeys(texts, "str")))


def test_every_figure_of_a_statement_is_rendered() -> None:
    [fact] = load_facts(table())
    assert fact == Fact(
        "F1",
        "mean decode throughput of {odd}:1b",
        "57.3 tok/s",
        12,
        "a b.csv",
        "row 2",
        "mean decode throughput of {odd}:1b: 57.3 tok/s (55 tok/s to 1234 tok/s, n=12)",
        (("a b.csv", "row 2"), ("c.json", "/runs/1")),
    )
    assert fact.line == f"{{F1}} {fact.statement}"


def test_a_stored_fact_is_the_same_when_it_is_loaded() -> None:
    adapter = TypeAdapter(list[Fact])
    facts = load_facts(table())
    loaded = adapter.validate_json(adapter.dump_json(facts))
    assert loaded == facts
    assert isinstance(loaded[0].sources[0], tuple)
