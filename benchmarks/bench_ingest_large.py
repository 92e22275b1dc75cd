"""Memory that a file needs as it grows: CSV just below the limit, which is read whole, and 1 GiB, of which only the
beginning is read; JSON Lines of requests, which are read whole at any size.

    python -m benchmarks.bench_ingest_large

Each is ingested by a process of its own. Prints the peak memory of it and its workers, and the time.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.bench_ingest_scale import measured

HEADER = "timestamp,model,num_ctx,temperature,seed,ttft_s,tokens_s,load_s,eval_s,eval_count,error\n"
ROW = "2026-01-01T00:00:00,gemma3:270m,1024,0.2,{place},0.1{place},5{place}.5,0.05,1.25,64,\n"
REQUEST = {
    "model": "gemma3:270m",
    "created_at": "2026-01-01T00:00:00Z",
    "concurrency": 8,
    "usage": {"prompt_tokens": 512, "completion_tokens": 128},
    "timings": {"ttft_ms": 81.5, "e2e_ms": 1310.25, "itl_ms": [9.5, 9.75, 10.25]},
    "error": "",
}
SIZES = {
    "small CSV": ("runs.csv", 0),
    "63 MiB of CSV, read whole": ("runs.csv", 63 << 20),
    "1 GiB of CSV, sampled": ("runs.csv", 1 << 30),
    "20 MB of JSON Lines": ("requests.jsonl", 20_000_000),
    "200 MB of JSON Lines, read whole": ("requests.jsonl", 200_000_000),
}
STATUS = """
import sys
from pathlib import Path
from chimera_dagster.records.store import Store
files = Store(Path(sys.argv[1])).read_table("benchmark_files")
print(*files.loc[0, ["status", "records", "measurements"]])
"""


def write(path: Path, size: int) -> None:
    if path.suffix == ".csv":
        head, lines = HEADER, [ROW.format(place=place) for place in range(10_000)]
    else:
        head, lines = "", [json.dumps({"id": place, **REQUEST}) + "\n" for place in range(10_000)]
    block = "".join(lines).encode()
    with path.open("wb") as file:
        file.write((head + lines[0]).encode())
        while file.tell() + len(block) < size:
            file.write(block)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for what, (name, size) in SIZES.items():
            root, data = Path(folder, what), Path(folder, f"{what}, read")
            root.mkdir()
            write(root / name, size)
            used = measured(root, data)
            command = [sys.executable, "-c", STATUS, str(data)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            (root / name).unlink()
            print(
                f"{what}: peak_memory_mib: {used['peak_mib']:.0f}, {used['seconds']:.1f} s, "
                f"{said[0]}, {said[1]} records, {said[2]} measurements"
            )


if __name__ == "__main__":
    main()
