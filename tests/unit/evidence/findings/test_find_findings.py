"""All detectors together: order, identity of results, and how many planted errors are caught."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chimera_dagster.evidence.findings import DETECTORS, find_findings
from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.schemas import SEVERITIES, Findings
from tests.unit.evidence.findings.tables import coherent, found_in, rows_of, write_csv

REPORTS = Path(__file__).parents[4] / "data" / "reports"
CHECKERS = {
    "failed_runs_of_files",
    "wrong_summaries",
    "outliers",
    "duplicate_files",
    "duplicate_runs",
    "contradicting_units",
    "contradicting_files",
}


def test_row_order_and_column_types_change_nothing() -> None:
    read = read_in_memory(REPORTS)
    plain = find_findings(read.files, read.measurements)
    shuffled = read.measurements.sample(frac=1, random_state=1)
    texts = [name for name in shuffled.columns if name not in ("value", "n", "error")]
    categories = shuffled.astype(dict.fromkeys(texts, "category"))
    files = read.files.sample(frac=1, random_state=2)
    assert find_findings(files, shuffled).to_csv() == plain.to_csv()
    assert find_findings(files, categories).to_csv() == plain.to_csv()


def test_findings_are_ranked_and_every_figure_is_kept_with_its_name() -> None:
    read = read_in_memory(REPORTS)
    table = find_findings(read.files, read.measurements)
    rows = rows_of(table)
    assert [row["id"] for row in rows] == [f"D{place}" for place in range(1, len(rows) + 1)]
    assert [SEVERITIES.index(str(row["severity"])) for row in rows] == sorted(
        SEVERITIES.index(str(row["severity"])) for row in rows
    )
    known = {str(path) for path in read.files["path"]}
    assert all(0 < len(row["sources"]) <= 100 and {file for file, _ in row["sources"]} <= known for row in rows)


def test_nothing_measured_gives_nothing() -> None:
    read = read_in_memory(REPORTS)
    empty = find_findings(read.files.head(0), read.measurements.head(0))
    Findings.validate(empty)
    assert empty.empty
    assert len({detector.__name__ for detector in DETECTORS}) == len(DETECTORS)


def table(rng: np.random.Generator) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """30 runs of a sweep, and its summary."""
    rows = [coherent(rng, num_ctx=(512, 1024, 2048)[place % 3], run=place) for place in range(30)]
    summary = []
    for ctx in (512, 1024, 2048):
        kept = [row for row in rows if row["num_ctx"] == ctx]
        means = {
            f"mean_{name}": f"{np.mean([float(str(row[name])) for row in kept]):.4f}" for name in ("tokens_s", "ttft_s")
        }
        summary.append({"num_ctx": ctx, **means})
    return rows, summary


Rows = list[dict[str, object]]


def fail(rng: np.random.Generator, rows: Rows, summary: Rows) -> str:
    rows[int(rng.integers(30))]["error"] = "timeout"
    return "failed_runs_of_files"


def misprint(rng: np.random.Generator, rows: Rows, summary: Rows) -> str:
    row, name = summary[int(rng.integers(3))], str(rng.choice(["mean_tokens_s", "mean_ttft_s"]))
    row[name] = f"{float(str(row[name])) * (1 + rng.choice([-1, 1]) * rng.uniform(0.005, 0.2)):.4f}"
    return "wrong_summaries"


def stretch(rng: np.random.Generator, rows: Rows, summary: Rows) -> str:
    row, name = rows[int(rng.integers(30))], str(rng.choice(["tokens_s", "prompt_eval_s", "load_s", "ttft_s"]))
    row[name] = float(str(row[name])) * float(rng.uniform(3, 30)) ** float(rng.choice([-1, 1]))
    return "outliers"  # or a cold start if it is the load time, or implausible if its own record contradicts it


def copy(rng: np.random.Generator, rows: Rows, summary: Rows) -> str:
    return "duplicate_files"


def mistake_unit(rng: np.random.Generator, rows: Rows, summary: Rows) -> str:
    row, name = (
        rows[int(rng.integers(30))],
        str(rng.choice(["tokens_s", "eval_s", "eval_count", "ttft_s", "load_s", "prompt_eval_s"])),
    )
    row[name] = f"{float(str(row[name])) * 10.0 ** int(rng.choice([-6, -3, 3, 6])):.12f}"
    return "contradicting_units"


def caught(tmp_path: Path, plant: Callable[[np.random.Generator, Rows, Rows], str], seed: int) -> bool:
    rng = np.random.default_rng(seed)
    rows, summary = table(rng)
    expected = plant(rng, rows, summary)
    write_csv(tmp_path / "sweep_runs.csv", rows)
    write_csv(tmp_path / "sweep_summary.csv", summary)
    if plant is copy:
        write_csv(tmp_path / "copy_runs.csv", rows)
    accepted = {expected, "cold_starts", "implausible"} if plant is stretch else {expected}
    return bool(accepted & {str(row["detector"]) for row in found_in(tmp_path)})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plant", "floor"), [(fail, 20), (misprint, 20), (stretch, 19), (copy, 20), (mistake_unit, 19)]
)
def test_planted_errors_are_caught(
    tmp_path: Path, plant: Callable[[np.random.Generator, Rows, Rows], str], floor: int
) -> None:
    assert sum(caught(tmp_path, plant, seed) for seed in range(20)) >= floor


@pytest.mark.slow
def test_clean_tables_raise_no_alarm(tmp_path: Path) -> None:
    alarms = 0
    for seed in range(100, 120):
        rows, summary = table(np.random.default_rng(seed))
        write_csv(tmp_path / "sweep_runs.csv", rows)
        write_csv(tmp_path / "sweep_summary.csv", summary)
        alarms += bool(CHECKERS & {str(row["detector"]) for row in found_in(tmp_path)})
    assert alarms == 0


def test_data_frames_given_are_not_changed() -> None:
    read = read_in_memory(REPORTS)
    before = read.measurements.copy(deep=True)
    find_findings(read.files, read.measurements)
    pd.testing.assert_frame_equal(read.measurements, before)


def test_a_key_of_thousands_of_digits_is_no_number(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"model": "m:1", "error": "lost", "' + "9" * 5_000 + '": {"ttft_ms": 1}}')
    (found,) = found_in(tmp_path, "failed_runs_of_files")
    assert tuple(found["sources"][0]) == ("a.json", "/")
