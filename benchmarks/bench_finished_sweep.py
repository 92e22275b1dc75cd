"""How long `chimera sweep` takes to find that nothing is to be done: 1,000 finished trials, against one.

python -m benchmarks.bench_finished_sweep
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.folders import SAMPLES
from chimera_dagster.engines.registry import Engines
from chimera_dagster.records.store import Store, write_text
from chimera_dagster.records.trial_files import metrics_digest, write_report
from chimera_dagster.settings import Settings
from chimera_dagster.spec.sweep import load_spec
from chimera_dagster.steps import evidence, ingest
from chimera_dagster.steps.done import fingerprint, is_done
from chimera_dagster.steps.report import render_trial
from chimera_dagster.steps.trial import run_trial
from tests.stub_ollama import StubOllama

TRIALS, ROUNDS = 1000, 5
CHIMERA = Path(sys.executable).with_name("chimera")
SPEC = "engine: ollama\nmodels: [gemma3:270m]\nmax_tokens: 32\ngrid: {top_k: [%s]}\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as name, StubOllama() as stub:
        folder = Path(name)
        settings = Settings(data_dir=folder / "data")
        shutil.copytree(SAMPLES, settings.reports)
        for count in (1, TRIALS):
            (folder / f"{count}.yaml").write_text(SPEC % ", ".join(map(str, range(1, count + 1))))
        finish_all(settings, folder / f"{TRIALS}.yaml", stub)
        seconds: dict[int, list[float]] = {1: [], TRIALS: []}
        for _ in range(ROUNDS):
            for count, of in seconds.items():
                began = time.perf_counter()
                done = subprocess.run(
                    [CHIMERA, "sweep", "--spec", f"{count}.yaml", "--json"], cwd=folder, check=True, capture_output=True
                )
                of.append(time.perf_counter() - began)
                assert done.stdout.count(b'"skipped"') == count
    one, all_of_them = (median(of) for of in seconds.values())
    print(
        f"finished_sweep_ratio: {all_of_them / one:.2f} ({all_of_them:.2f} s for {TRIALS} trials, {one:.2f} s for one)"
    )


def finish_all(settings: Settings, spec: Path, stub: StubOllama) -> None:
    """Run one trial; the others have its results under their own fingerprints."""
    store = Store(settings.data_dir)
    ingest.ingest_folder(store, settings.reports)
    summary = evidence.compute_evidence(store)
    plans = load_spec(spec).plans()
    metrics = run_trial(store, plans[0], Engines(stub.url)).metrics
    render_trial(store, plans[0])
    one = store.folder_of(plans[0].trial)
    for plan in plans[1:]:
        folder = store.folder_of(plan.trial)
        shutil.copytree(one.path, folder.path)
        wanted = fingerprint(plan, summary.digest, summary.code)
        write_text(folder.metrics, metrics.model_copy(update={"fingerprint": wanted}).model_dump_json())
        write_report(folder, folder.page.read_text(), folder.report.read_text(), metrics_digest(folder))
    assert all(is_done(store, plan, summary.digest) for plan in plans)


if __name__ == "__main__":
    main()
