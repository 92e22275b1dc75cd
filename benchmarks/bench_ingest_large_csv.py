"""Memory that a CSV file needs as it grows: one just below the limit, which is read whole, and one of 1 GiB, of which
the beginning is read.

    python -m benchmarks.bench_ingest_large_csv

Each is ingested by a process of its own. Prints the peak memory above that of a folder with one small file.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

HEADER = "timestamp,model,num_ctx,temperature,seed,ttft_s,tokens_s,load_s,eval_s,eval_count,error\n"
ROW = "2026-01-01T00:00:00,gemma3:270m,1024,0.2,{place},0.1{place},5{place}.5,0.05,1.25,64,\n"
SIZES = {"small": 0, "63 MiB, read whole": 63 << 20, "1 GiB, sampled": 1 << 30}
CHILD = """
import resource, sys
from pathlib import Path
from chimera_dagster.pipeline import ingest
from chimera_dagster.store import Store
ingest(Store(Path(sys.argv[2])), Path(sys.argv[1]))
files = Store(Path(sys.argv[2])).read_table("benchmark_files")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, *files.loc[0, ["status", "measurements"]])
"""


def write(path: Path, size: int) -> None:
    block = "".join(ROW.format(place=place) for place in range(10_000)).encode()
    with path.open("wb") as file:
        file.write(HEADER.encode())
        file.write(block[: block.index(b"\n") + 1])
        while file.tell() + len(block) < size:
            file.write(block)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, size in SIZES.items():
            root = Path(folder, name)
            root.mkdir()
            write(root / "runs.csv", size)
            command = [sys.executable, "-c", CHILD, str(root), str(root / "data")]
            peak, status, rows = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            (root / "runs.csv").unlink()
            print(f"{name}: peak_memory_mib: {peak}, {status}, {rows} measurements")


if __name__ == "__main__":
    main()
