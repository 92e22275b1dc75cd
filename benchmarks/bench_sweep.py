"""How much longer `chimera sweep` takes than the engine's own time in it, and how often it loads a model.

    python -m benchmarks.bench_sweep [TRIALS_A_GROUP]

Two models with two sizes of context each, so four groups that share a loaded model, of 12 trials each, on the embedded
engine. The makespan is that of the whole command, from its start to its end, over a folder that was ingested before.
The engine's own time is what it reports of the trials' calls, and of loading.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.folders import SAMPLES

MODELS, SIZES = ("qwen2.5-coder:0.5b", "smollm2:135m"), (2048, 3072)
SPEC = """\
engine: embedded
models: [{models}]
grid: {{num_ctx: [{sizes}], top_k: [{trials}]}}
max_tokens: 192
"""
CHIMERA = Path(sys.executable).with_name("chimera")


def main(trials: int = 12) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(SAMPLES, folder / "data" / "reports")
        lists = {"models": MODELS, "sizes": SIZES, "trials": range(1, trials + 1)}
        (folder / "sweep.yaml").write_text(SPEC.format_map({key: ", ".join(map(str, of)) for key, of in lists.items()}))
        subprocess.run([CHIMERA, "models", "get", *MODELS], check=True)
        subprocess.run([CHIMERA, "ingest"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        began = time.perf_counter()
        subprocess.run([CHIMERA, "sweep"], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        makespan = time.perf_counter() - began
        outcomes = [json.loads(path.read_text()) for path in folder.glob("data/runs/*/*/outcome.json")]
    loads = [load for each in outcomes if (load := each["warm_up_load_ms"]) is not None]
    engine_ms = [sum(call["stats"]["total_ms"] for call in each["calls"]) for each in outcomes]
    engine_s = (sum(engine_ms) + sum(loads)) / 1000
    print(
        f"makespan_ratio: {makespan / engine_s:.3f} ({makespan:.1f} against {engine_s:.1f} s of the engine's own time)"
    )
    print(f"loads: {len(loads)} of {len(MODELS) * len(SIZES)}")
    print(f"{len(outcomes)} trials of {median(engine_ms) / 1000:.1f} s (median; least {min(engine_ms) / 1000:.1f} s)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
