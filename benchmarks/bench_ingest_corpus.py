"""A whole cold ingest (discover, hash, parse, validate, write) against the plain loop that most scripts have:
pandas.read_csv, json.load and read_text over the same files, in turns.

    python -m benchmarks.bench_ingest_corpus [FOLDER]

FOLDER is data/reports unless named. Prints the median of the ratios of neighbouring runs; below 1 the ingest is faster.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pandas as pd

from benchmarks.folders import SAMPLES
from chimera_dagster.records.store import Store
from chimera_dagster.steps.ingest import ingest_folder

ROUNDS = 31


def plain_loop(root: Path) -> None:
    for path in root.rglob("*.csv"):
        try:
            pd.read_csv(path)
        except ValueError:  # no text, or no table
            continue
    for path in root.rglob("*.json"):
        with path.open() as file:
            json.load(file)
    for path in root.rglob("*.md"):
        path.read_text(encoding="utf-8")


def seconds(what: Callable[[], object]) -> float:
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


def main() -> None:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES
    ours, plain = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as data:
            store = Store(Path(data))
            ours.append(seconds(lambda store=store: ingest_folder(store, root)))
        plain.append(seconds(lambda: plain_loop(root)))
    ratio = median(a / b for a, b in zip(ours[1:], plain[1:], strict=True))  # the first of each warms up
    print(
        f"ingest_time_ratio: {ratio:.2f} (ingest {median(ours) * 1e3:.0f} ms, plain loop {median(plain) * 1e3:.0f} ms)"
    )


if __name__ == "__main__":
    main()
