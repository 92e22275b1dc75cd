"""Whether a revision pays: what rewriting a report of which sentences fell gains in score, and what it costs in time.

    python -m benchmarks.bench_revision MODEL [--temperatures 0.2 0.8] [--seeds 5] [--reports FOLDER]

Runs trials with `revise: 1` on the embedded engine, on data/reports unless a folder is named, and prints a row for each
temperature: reports that were revised, those that got better, the mean score before and after, what is gained,
and the time of a revision as a share of analysis and report.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.folders import SAMPLES
from chimera_dagster.engines.registry import Engines
from chimera_dagster.records.documents import Metrics
from chimera_dagster.records.store import Store
from chimera_dagster.spec.sweep import SweepSpec
from chimera_dagster.steps.evidence import compute_evidence
from chimera_dagster.steps.ingest import ingest_folder
from chimera_dagster.steps.trial import run_trial

NUM_CTX, MAX_TOKENS, FIRST_SEED = 4096, 900, 11


def trials(store: Store, engines: Engines, model: str, temperature: float, seeds: int) -> Iterator[Metrics]:
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        fields: dict[str, Any] = {
            "engine": "embedded",
            "models": [model],
            "grid": {"num_ctx": [NUM_CTX], "temperature": [temperature]},
            "max_tokens": MAX_TOKENS,
            "seed": seed,
            "revise": 1,
        }
        [plan] = SweepSpec.model_validate(fields).plans()
        yield run_trial(store, plan, engines).metrics


def row(temperature: float, found: list[Metrics]) -> str:
    revised = [each.revision for each in found if each.revision is not None]
    counts = f"temperature {temperature}: {len(revised)} of {len(found)} reports revised"
    if not revised:
        return counts
    before, after = fmean(each.before.score for each in revised), fmean(each.after.score for each in revised)
    best = fmean(each.published.score for each in revised)
    share = fmean(each.seconds.revision / (each.seconds.analysis + each.seconds.report) for each in found)
    return (
        f"{counts}, {sum(each.is_better for each in revised)} better; score before {before:.3f}, after {after:.3f}, "
        f"score_gain: {best - before:.3f} (the better one), time_share: {share:.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Whether a revision pays.")
    parser.add_argument("model")
    parser.add_argument("--temperatures", type=float, nargs="+", default=[0.2, 0.8])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--reports", type=Path, default=SAMPLES)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        store, engines = Store(Path(data)), Engines()
        ingest_folder(store, given.reports)
        compute_evidence(store)
        for temperature in given.temperatures:
            print(row(temperature, list(trials(store, engines, given.model, temperature, given.seeds))), flush=True)


if __name__ == "__main__":
    main()
