"""How `chimera compare` grows from 1,000 to 10,000 trials: seconds, memory, and the size of what it writes.

    python -m benchmarks.bench_compare_scale

Every trial has three repeats, figures of its own with planted effects and 2 % scatter, and the files that a run leaves;
ten models or five, five parameters, and goals with a limit. Each comparison is a process of its own. The baseline is a
process that reads the same metrics.json files with `json.loads` and does nothing with them.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from benchmarks.folders import SAMPLES
from chimera_dagster.engines.registry import Engines
from chimera_dagster.records.store import Store, TrialFolder, write_text
from chimera_dagster.settings import Settings
from chimera_dagster.spec.sweep import TrialPlan, load_spec
from chimera_dagster.steps import evidence, ingest
from chimera_dagster.steps.trial import run_trial
from tests.stub_ollama import StubOllama

ROUNDS = 3
CHIMERA = str(Path(sys.executable).with_name("chimera"))
LOADS = """
import json, pathlib
for path in pathlib.Path("data/runs").glob("*/*/metrics.json"):
    json.loads(path.read_bytes())
"""
GRIDS: dict[int, dict[str, list[float]]] = {
    1_000: {
        "num_ctx": [1024 * size for size in range(1, 6)],
        "temperature": [0.2 * step for step in range(5)],
        "top_k": [20, 40],
        "top_p": [0.8, 0.9],
        "repeat_penalty": [1.0, 1.1],
    },
    10_000: {
        "num_ctx": [1024 * size for size in range(1, 6)],
        "temperature": [0.2 * step for step in range(5)],
        "top_k": [10, 20, 40, 80, 160],
        "top_p": [0.8, 0.9],
        "repeat_penalty": [1.0, 1.1, 1.2, 1.3],
    },
}
GOALS = {"want": {"throughput_tok_s": 1, "ttft_ms": 0.5}, "limits": ["quality >= 0.45", "tpot_ms <= 100"]}


class Took(NamedTuple):
    """Seconds and most memory of one process."""

    seconds: float
    peak_mib: float


def took(command: list[str], folder: Path) -> Took:
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return Took(time.perf_counter() - began, usage.ru_maxrss / 1024)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folders = {trials: make(Path(name, str(trials)), trials) for trials in GRIDS}
        commands = {
            "compare": [CHIMERA, "compare"],
            "against a baseline": [CHIMERA, "compare", "--baseline", "base.json"],
            "json.loads": [sys.executable, "-c", LOADS],
        }
        for folder in folders.values():
            took([CHIMERA, "compare", "--save", "base.json"], folder)  # and all files are in memory
        found = {
            (what, trials): [took(command, folder) for _ in range(ROUNDS)]
            for trials, folder in folders.items()
            for what, command in commands.items()
        }
        size = (folders[10_000] / "data" / "runs" / "comparison.json").stat().st_size
    for (what, trials), rounds in found.items():
        seconds, peak = median(each.seconds for each in rounds), max(each.peak_mib for each in rounds)
        print(f"{what}, {trials} trials: {seconds:.2f} s, {peak:.0f} MiB")
    few, many, loads = (
        median(each.seconds for each in found[key])
        for key in (("compare", 1_000), ("compare", 10_000), ("json.loads", 10_000))
    )
    print(f"comparison_json_mib: {size / 2**20:.1f}")
    print(f"growth_ratio: {many / few:.1f} (10.0 is linear)")
    print(f"compare_ratio: {many / loads:.2f} ({many:.2f} against {loads:.2f} s of json.loads)")


def make(folder: Path, trials: int) -> Path:
    """A folder with sweep.yaml and so many finished trials in data/."""
    folder.mkdir()
    models = [f"model:{number}b" for number in range(1, 1 + trials // size_of(GRIDS[trials]))]
    spec = {"engine": "ollama", "models": models, "repeats": 3, "grid": GRIDS[trials], "goals": GOALS}
    write_text(folder / "sweep.yaml", json.dumps(spec))  # which is YAML too
    settings = Settings(data_dir=folder / "data")
    store, plans = Store(settings.data_dir), load_spec(folder / "sweep.yaml").plans()
    assert len(plans) == trials
    one, rng = measured_once(Store(folder / "once")), np.random.default_rng(trials)
    documents = one.metrics.read_bytes()
    about = plans[0].model_dump(mode="json")
    for plan in plans:
        left = store.folder_of(plan.trial)
        left.path.mkdir(parents=True)
        left.plan.write_text(json.dumps(about | {"model": plan.model, "params": plan.params.model_dump()}, indent=2))
        left.metrics.write_text(json.dumps(varied(json.loads(documents), plan, rng), indent=2))
        for path in (one.outcome, one.telemetry, one.calls):  # whose digests are compared with those in metrics.json
            os.link(path, left.path / path.name)
        left.page.write_text("<html></html>")
    return folder


def size_of(grid: dict[str, list[float]]) -> int:
    return int(np.prod([len(values) for values in grid.values()]))


def measured_once(store: Store) -> TrialFolder:
    """What one trial of a stub leaves."""
    fields = {"engine": "ollama", "models": ["smollm2:135m"], "repeats": 3, "max_tokens": 1000}
    with StubOllama() as stub:
        ingest.ingest_folder(store, SAMPLES)
        evidence.compute_evidence(store)
        spec = load_spec(write_text(store.data_dir / "sweep.yaml", json.dumps(fields | {"grid": {"num_ctx": [4096]}})))
        run_trial(store, spec.plans()[0], Engines(stub.url))
        return store.folder_of(spec.plans()[0].trial)


def varied(document: dict[str, Any], plan: TrialPlan, rng: np.random.Generator) -> dict[str, Any]:
    """A trial's metrics.json as a GPU's would be: faster with a small context, slower with a large model."""
    params = plan.params
    slower = int(plan.model.removeprefix("model:").removesuffix("b")) ** 0.5 * (1 + (params.num_ctx or 0) / 50_000)
    document |= {"model": plan.model, "params": params.model_dump(), "params_key": params.key}
    document |= {"configuration": str(params), "validity": [{"name": "valid", "evidence": "nothing spoils it"}]}
    document["text_quality"]["score"] = float(rng.uniform(0.4, 0.6))
    document["telemetry"]["gpu_process_memory_peak_mib"] = 1000 * slower
    for call, telemetry in zip(document["calls"], document["telemetry_by_call"], strict=True):
        longer, later = slower * np.exp(rng.normal(0, 0.02, 2))
        call |= {"ttft_ms": 200 * later, "ttfa_ms": 200 * later, "e2e_ms": 200 * later + 5000 * longer}
        call |= {"eval_ms": 5000 * longer, "output_tokens": 400, "tpot_ms": 5000 * longer / 399}
        telemetry["energy_j"] = 2000 * longer
    return document


if __name__ == "__main__":
    main()
