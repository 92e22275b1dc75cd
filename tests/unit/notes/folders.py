"""Measurements of small folders, and what their notes say."""

import json
from typing import Any

from chimera_dagster.notes import Note
from chimera_dagster.notes.phrase import plain
from chimera_dagster.steps.evidence import Evidence
from tests.unit.evidence.findings.tables import no_files
from tests.unit.evidence.tables import measurements

Row = dict[str, Any]
UNITS = {
    **dict.fromkeys(("ttft_ms", "tpot_ms", "e2e_ms", "latency_ms", "load_ms", "prompt_eval_ms"), "ms"),
    **dict.fromkeys(("decode_tok_s", "output_tok_s", "prefill_tok_s"), "tok/s"),
    "accuracy": "share",
    "perplexity": "score",
}


def runs(
    model: str | None, values: list[float], metric: str = "decode_tok_s", file: str = "a.csv", **about: Any
) -> list[Row]:
    """A run for each value; what else is named is a column of measurements, or else the condition of that name."""
    columns = {name: about.pop(name) for name in ("backend", "gpu", "params", "prompt", "record") if name in about}
    conditions = json.dumps(about, sort_keys=True, separators=(",", ":"))
    return [
        {
            "record": f"{model} {conditions} row {place}",
            **columns,
            "model": model,
            "metric": metric,
            "unit": UNITS[metric],
            "value": value,
            "file": file,
            "conditions": conditions,
        }
        for place, value in enumerate(values, start=1)
    ]


def sessions(model: str, values: list[list[float]], metric: str = "decode_tok_s", **about: Any) -> list[Row]:
    """Runs of several sessions: a file for each list of values."""
    found: list[Row] = []
    for place, each in enumerate(values, start=1):
        found += runs(model, each, metric, f"{model.replace(':', '_')}_{place}.csv", **about)
    return found


def stated(model: str, file: str, metric: str = "ttft_ms", n: float | None = None, **about: Any) -> list[Row]:
    """What a file states of its runs: aggregates by kind, and conditions."""
    kinds = {name: about.pop(name) for name in ("mean", "median", "std", "p95", "p99") if name in about}
    [row] = runs(model, [0.0], metric, file, record="/", **about)
    return [{**row, "value": value, "aggregate": kind, "n": n} for kind, value in kinds.items()]


def notes_of(rows: list[Row], kind: str | None = None, section: str | None = None) -> list[Note]:
    """The notes of a folder, or those of one kind or section."""
    evidence = Evidence(no_files(), measurements(*rows))
    found = [note for note in evidence.notes if kind in (None, note.kind) and section in (None, note.section)]
    assert evidence.problems == []
    return found


def texts(notes: list[Note]) -> list[str]:
    return [plain(note.text) for note in notes]
