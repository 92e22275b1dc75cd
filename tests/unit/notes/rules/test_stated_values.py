from pathlib import Path

from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, values, wordings


def summary(*models: str) -> list[dict[str, object]]:
    return [{"model": model, "mean_ttft_ms": 80 + place, "mean_tokens_s": 50} for place, model in enumerate(models)]


def test_values_without_runs_are_a_risk(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_summary.csv", summary("a:1b", "b:1b"))
    noted = notes_of(tmp_path, "stated_values")
    assert wordings(noted.only) == [
        "4 values are stated without the runs behind them, so nobody can check them.",
        "No file lists the runs behind 4 values: how far they scatter is unknown.",
    ]
    assert values(noted.only) == [noted.measurements["aggregate"].notna().sum()]
    assert (noted.only.scope.models, noted.only.scope.n) == (("a:1b", "b:1b"), 4)


def test_among_runs_they_are_counted_against_all(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_summary.csv", summary("a:1b"))
    write_csv(tmp_path / "b_runs.csv", [run("b:1b", 50 + place, 80) for place in range(4)])
    assert wordings(notes_of(tmp_path, "stated_values").only)[0].startswith("2 of 4 values are stated without the runs")


def test_summaries_of_listed_runs_are_none(tmp_path: Path) -> None:
    write_csv(tmp_path / "b_runs.csv", [run("b:1b", 50, 80), run("b:1b", 50, 80)])
    write_csv(tmp_path / "b_summary.csv", [{"model": "b:1b", "mean_ttft_ms": 80, "mean_tokens_s": 50}])
    assert notes_of(tmp_path, "stated_values").notes == []
