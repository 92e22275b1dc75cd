"""What a search finds, against a grid, on the embedded engine: each in a data folder of its own.

    python -m benchmarks.search_against_grid

The grid has 2 temperatures x 2 values of top_k. The search, of 12 proposals in ranges that hold the grid's values, is
killed by kill -9 after some of them and started again. Both have the goals that are stated in their sweep file; the
utility is that of the recommendation, so that exp(its difference) is a ratio.
"""

import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.folders import SAMPLES
from chimera_dagster.compare.comparison import compare
from chimera_dagster.compare.observed import Observed, valid
from chimera_dagster.compare.recommend import utility
from chimera_dagster.records.store import Store
from chimera_dagster.spec.goals import Goals
from chimera_dagster.steps.sweep_comparison import read_comparison

TRIALS, KILLED_AFTER = 12, 5
GOALS = Goals(want={"throughput_tok_s": 1, "quality": 2})
SPEC = {
    "engine": "embedded",
    "models": ["smollm2:135m"],
    "grid": {"num_ctx": [2048], "temperature": [0.2, 1.0], "top_k": [20, 40]},
    "search": {
        "num_ctx": {"low": 2048, "high": 4096},
        "temperature": {"low": 0.0, "high": 1.2},
        "top_k": {"low": 10, "high": 60, "step": 10},
    },
    "goals": GOALS.model_dump(),
    "repeats": 2,
    "max_tokens": 512,
}
CHIMERA = Path(sys.executable).with_name("chimera")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        grid, search = (_folder(Path(name) / each) for each in ("grid", "search"))
        _run(grid, "sweep").wait()
        killed = _run(search, "search", "--trials", str(TRIALS))
        while len(_reports(search)) < KILLED_AFTER and killed.poll() is None:
            time.sleep(0.1)
        killed.kill()
        killed.wait()
        before = len(_reports(search))
        _run(search, "search", "--trials", str(TRIALS)).wait()
        sides = [read_comparison(Store(folder / "data"), GOALS).trials for folder in (grid, search)]
        measured = len(_reports(search))
    best = [max(valid(trials), key=_utility) for trials in sides]
    print(f"grid: {_said(sides[0], best[0])}")
    print(f"search, killed after {before} of {measured} reports: {_said(sides[1], best[1])}")
    both = [_named(trial, side) for side, trials in zip(("grid", "search"), sides, strict=True) for trial in trials]
    answer = compare(both, GOALS, datetime.now(UTC)).recommendation
    print(f"search_over_grid: {math.exp(_utility(best[1]) - _utility(best[0])):.3f}")
    print(f"of all {len(both)} trials {answer.best.trial if answer.best else 'none'}. {answer.why}")


def _utility(trial: Observed) -> float:
    return utility(trial, GOALS)


def _said(trials: Sequence[Observed], best: Observed) -> str:
    return f"{len(trials)} trials, {len(valid(trials))} valid, best {best.key} of utility {_utility(best):.3f}"


def _named(trial: Observed, side: str) -> Observed:
    return Observed.model_validate(trial.model_dump() | {"model": f"{trial.model}.{side}"})


def _folder(path: Path) -> Path:
    shutil.copytree(SAMPLES, path / "data" / "reports")
    (path / "sweep.yaml").write_text(json.dumps(SPEC))  # which is YAML too
    return path


def _run(folder: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([CHIMERA, *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _reports(folder: Path) -> list[Path]:
    return list(folder.glob("data/runs/*/*/report.md"))


if __name__ == "__main__":
    main()
