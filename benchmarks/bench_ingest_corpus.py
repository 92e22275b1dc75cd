"""A whole cold ingest (discover, hash, parse, validate, write) against the plain loop that most scripts have:
pandas.read_csv, json.load and read_text over the same files, in turns.

    python -m benchmarks.bench_ingest_corpus [FOLDER]

FOLDER is data/reports unless named. Prints the median of the ratios of neighbouring runs; below 1 the ingest is faster.
Then the CPU time of each kind of file on both sides, and of what the ingest does besides, each part by itself.
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
from chimera_dagster.ingest.discover import discover
from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.ingest.parse import parse_files
from chimera_dagster.records.store import Store
from chimera_dagster.schemas import BenchmarkFiles, Measurements
from chimera_dagster.steps.ingest import ingest_folder

ROUNDS = 31


def plain_csv(root: Path) -> None:
    for path in root.rglob("*.csv"):
        try:
            pd.read_csv(path)
        except ValueError:  # no text, or no table
            continue


def plain_json(root: Path) -> None:
    for path in root.rglob("*.json"):
        with path.open() as file:
            json.load(file)


def plain_markdown(root: Path) -> None:
    for path in root.rglob("*.md"):
        path.read_text(encoding="utf-8")


PLAIN = {"csv": plain_csv, "json": plain_json, "markdown": plain_markdown}


def plain_loop(root: Path) -> None:
    for read in PLAIN.values():
        read(root)


def seconds(what: Callable[[], object]) -> float:
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


def cpu_ms(what: Callable[[], object]) -> float:
    """The least of many: what else runs on the machine only adds to it."""
    least = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        what()
        least = min(least, time.process_time() - started)
    return least * 1e3


def print_parts(root: Path) -> None:
    found = discover(root)
    tables = read_in_memory(root)
    frames = ((tables.files, BenchmarkFiles), (tables.measurements, Measurements))
    for kind, plain in PLAIN.items():
        files = [file for file in found if file.kind == kind]
        ours = cpu_ms(lambda files=files: parse_files(files, lambda _: None))
        theirs = cpu_ms(lambda plain=plain: plain(root))
        print(f"  read {len(files)} {kind} files: {ours:.1f} ms, plain loop {theirs:.1f} ms")
    print(f"  discover: {cpu_ms(lambda: discover(root)):.1f} ms")
    validation = cpu_ms(lambda: [schema.validate(frame, lazy=True) for frame, schema in frames])
    print(f"  validate two tables: {validation:.1f} ms")
    with tempfile.TemporaryDirectory() as data:
        store = Store(Path(data))
        both = cpu_ms(lambda: [store.write_table(schema.__name__, frame, schema) for frame, schema in frames])
    print(f"  write two tables: {both - validation:.1f} ms")


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
        f"ingest_time_ratio: {ratio:.2f} (ingest {median(ours) * 1e3:.0f} ms, plain loop {median(plain) * 1e3:.0f} ms; "
        f"the first of the process {ours[0] * 1e3:.0f} and {plain[0] * 1e3:.0f} ms)"
    )
    print_parts(root)


if __name__ == "__main__":
    main()
