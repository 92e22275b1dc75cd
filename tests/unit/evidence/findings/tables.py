"""Small folders of benchmark files, and what the detectors find in them."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chimera_dagster.evidence.findings import find_findings
from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.schemas import BenchmarkFiles, Findings, as_table

CORPUS = Path(__file__).parents[4].parent / "shared" / "corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside the repository")


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def found_in(folder: Path, detector: str | None = None) -> list[dict[str, object]]:
    """The findings of a folder, or those of one detector, `values` and `sources` parsed; their table is checked."""
    read = read_in_memory(folder)
    return rows_of(find_findings(read.files, read.measurements), detector)


def rows_of(table: pd.DataFrame, detector: str | None = None) -> list[dict[str, object]]:
    Findings.validate(table)
    rows = table.to_dict("records")
    for row in rows:
        row["values"] = json.loads(str(row["values"]))
        row["sources"] = [tuple(source) for source in json.loads(str(row["sources"]))]
    return [row for row in rows if detector in (None, row["detector"])]


def no_files() -> pd.DataFrame:
    return as_table([], BenchmarkFiles)


def run(model: str, decode: float, ttft: float = 80.0, **more: object) -> dict[str, object]:
    """A run as a row of a CSV; `ttft` in ms, written in seconds as the tools do."""
    return {"model": model, "tokens_s": f"{decode:.4f}", "ttft_s": f"{ttft / 1000:.6f}", **more}


def noisy(rng: np.random.Generator, value: float, share: float = 0.01) -> float:
    return float(value * np.exp(rng.normal(0, share)))


def coherent(rng: np.random.Generator, model: str = "m:1b", **more: object) -> dict[str, object]:
    """A run with every field that the identities use, in agreement with each other."""
    tokens, decode = int(rng.integers(80, 300)), noisy(rng, 100)
    load, prompt = noisy(rng, 60, 0.1), noisy(rng, 12, 0.1)
    return {
        "model": model,
        "ttft_s": f"{(load + prompt) / 1000:.6f}",
        "tokens_s": f"{decode:.3f}",
        "load_s": f"{load / 1000:.6f}",
        "prompt_eval_s": f"{prompt / 1000:.6f}",
        "eval_s": f"{tokens / decode:.6f}",
        "prompt_eval_count": int(rng.integers(18, 40)),
        "eval_count": tokens,
        "error": "",
        **more,
    }
