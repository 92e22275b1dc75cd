"""Files a second as a folder grows from 1,000 to 100,000 files, how many cores were busy, and the memory at its peak.

    python -m benchmarks.bench_ingest_scale [LARGEST]

Each size is ingested cold by a process of its own. Prints the rate of the largest folder as a share of the smallest's.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import psutil

from benchmarks.folders import make_folder
from chimera_dagster.ingest.pool import cores

SMALLEST, LARGEST, ROUNDS = 1_000, 100_000, 3
MIB = 1024 * 1024


def one(root: str, data: str) -> None:
    """Ingest `root` in this process and print what it took; memory of all its processes at one time."""
    import threading

    from chimera_dagster.records.store import Store
    from chimera_dagster.steps.ingest import ingest_folder

    me, peak, done = psutil.Process(), 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.02):
            family = [me, *me.children(recursive=True)]
            peak = max(peak, sum(_memory(process) for process in family))

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    ingest_folder(Store(Path(data)), Path(root))
    wall = time.perf_counter() - started
    done.set()
    watcher.join()
    busy = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"seconds": wall, "peak_mib": peak / MIB, "cores": busy / wall}))


def _memory(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def measured(root: Path, data: Path | None = None) -> dict[str, float]:
    """Seconds, busy cores and peak MiB of an ingest of `root`; `data` keeps its tables."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "benchmarks.bench_ingest_scale", "--one", str(root), str(data or scratch)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else LARGEST
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small"), Path(folder, "large")
        make_folder(small, SMALLEST)
        make_folder(large, largest)
        before = [measured(small) for _ in range(ROUNDS)]
        big = measured(large)
        after = [measured(small) for _ in range(ROUNDS)]
    rate = SMALLEST / median(run["seconds"] for run in before + after)
    print(f"{SMALLEST} files: {rate:.0f} files/s")
    print(f"{largest} files: {largest / big['seconds']:.0f} files/s, {big['seconds']:.0f} s")
    print(f"cores_busy: {big['cores']:.2f} of {cores()}")
    print(f"peak_memory_mib: {big['peak_mib']:.0f}")
    print(f"rate_ratio: {largest / big['seconds'] / rate:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:])
    else:
        main()
