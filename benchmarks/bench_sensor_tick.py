"""A tick of the sensor `reports_folder` over 10,000 files, against os.walk and a stat of each of them, in turns.

python -m benchmarks.bench_sensor_tick
"""

import os
import tempfile
from pathlib import Path
from statistics import median

from dagster import DagsterInstance, build_sensor_context

from benchmarks.bench_ingest_unchanged import seconds
from chimera_dagster.orchestration.sensors import reports_folder
from chimera_dagster.orchestration.workspace import Workspace
from chimera_dagster.settings import Settings
from chimera_dagster.steps.evidence import compute_evidence
from chimera_dagster.steps.ingest import ingest_folder

FILES, ROUNDS = 10_000, 25


def write(folder: Path) -> None:
    """Small files of one model, a hundred a folder, that changed long ago: what is in them costs a tick nothing."""
    for number in range(FILES):
        path = folder / f"{number // 100:03d}" / f"{number:05d}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"iteration,model,ttft_ms\n{number},m:1,{5 + number % 7}\n")
        os.utime(path, (1_700_000_000, 1_700_000_000))


def walk(folder: Path) -> int:
    return sum(os.stat(f"{root}/{name}").st_size for root, _, names in os.walk(folder) for name in names)  # noqa: PTH116


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, DagsterInstance.ephemeral() as instance:
        workspace = Workspace(Settings(data_dir=Path(folder, "data"), reports_dir=Path(folder, "reports")))
        reports, store = workspace.settings.reports, workspace.store
        write(reports)

        def tick() -> object:
            context = build_sensor_context(instance, resources={"workspace": workspace})
            return reports_folder(context)

        def changed() -> object:
            (reports / "new.csv").write_text(f"model,ttft_ms\nm:1,{os.urandom(4).hex()}\n")
            return tick()

        first = seconds(tick)
        ingest_folder(store, reports)
        compute_evidence(store)
        pairs = [(seconds(tick), seconds(lambda: walk(reports))) for _ in range(ROUNDS)]
        after_change = median(seconds(changed) for _ in range(ROUNDS))
    ratio = median(ours / bare for ours, bare in pairs)
    ours, bare = (median(side) for side in zip(*pairs, strict=True))
    print(
        f"tick_ratio: {ratio:.2f} (tick {ours:.3f} s, os.walk and stat {bare:.3f} s; "
        f"first tick {first:.3f} s, after a change {after_change:.3f} s)"
    )


if __name__ == "__main__":
    main()
