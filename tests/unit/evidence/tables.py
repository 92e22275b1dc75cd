"""Measurements made by hand, with the columns that a test does not care about filled in."""

import pandas as pd

from chimera_dagster.schemas import Measurements

_DEFAULTS = {
    "file": "a.csv",
    "model": "m:1",
    "model_source": "column",
    "backend": None,
    "gpu": None,
    "params": "{}",
    "conditions": "{}",
    "labels": "{}",
    "prompt": None,
    "timestamp": None,
    "metric": "ttft_ms",
    "unit": "ms",
    "original_name": "ttft_ms",
    "original_unit": "ms",
    "aggregate": None,
    "n": None,
    "derived": None,
    "doubt": None,
    "error": False,
}


def measurements(*rows):
    """schemas.Measurements of rows that each name their record, their value and what else differs."""
    columns = list(Measurements.to_schema().columns)
    frame = pd.DataFrame([{**_DEFAULTS, **row} for row in rows], columns=columns)
    texts = [name for name in columns if name not in ("value", "n", "error")]
    types = dict.fromkeys(texts, "str") | {"value": "float64", "n": "float64", "error": "bool"}
    return Measurements.validate(frame.astype(types))


def as_categories(frame):
    """The same table with categories where texts were, in an order that says nothing about the texts."""
    texts = [name for name, column in frame.items() if column.dtype == "str"]
    return frame.assign(
        **{name: pd.Categorical(frame[name], sorted(frame[name].dropna().unique(), reverse=True)) for name in texts}
    )
