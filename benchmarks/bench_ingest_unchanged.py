"""An ingest of 10,000 files of which none changed, against a bare os.scandir + stat walk over them, in turns.

python benchmarks/bench_ingest_unchanged.py
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.folders import make_folder
from chimera_dagster.records.store import Store
from chimera_dagster.steps.ingest import ingest_folder

FILES, ROUNDS = 10_000, 25


def walk(folder: str) -> int:
    found = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                found += walk(entry.path)
            else:
                entry.stat()
                found += 1
    return found


def seconds(what: Callable[[], object]) -> float:
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, store = Path(folder, "reports"), Store(Path(folder, "data"))
        make_folder(root, FILES)
        time.sleep(0.1)  # files that changed just before an ingest are read again by the next one
        cold = seconds(lambda: ingest_folder(store, root))
        pairs = [(seconds(lambda: ingest_folder(store, root)), seconds(lambda: walk(str(root)))) for _ in range(ROUNDS)]
    ratio = median(ours / bare for ours, bare in pairs)
    ours, bare = (median(side) * 1e3 for side in zip(*pairs, strict=True))
    print(f"unchanged_ratio: {ratio:.2f} (ingest {ours:.0f} ms, bare walk {bare:.0f} ms; cold {cold * 1e3:.0f} ms)")


if __name__ == "__main__":
    main()
