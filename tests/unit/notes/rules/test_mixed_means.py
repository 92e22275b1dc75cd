from pathlib import Path

from chimera_dagster.notes.phrase import plain
from tests.unit.evidence.findings.tables import write_csv
from tests.unit.notes.noted import notes_of, values, wordings
from tests.unit.notes.rules.test_keep_loaded import rows


def test_cold_runs_among_warm_ones_are_a_risk(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", 1, cold=3))
    note = notes_of(tmp_path, "mixed_means").only
    assert wordings(note) == [
        "Means that mix cold and warm runs: 3 of 24 runs of `a:1b` loaded the model first.",
        "A mean over all runs mixes cold and warm ones: 3 of 24 runs of `a:1b` loaded the model first.",
    ]
    assert plain(note.mitigation) == "Report the median of warm runs, and the cold start apart."
    assert note.section == "risks"


def test_the_counts_are_those_of_the_table(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", 1, cold=3))
    write_csv(tmp_path / "b_runs.csv", rows("b:1b", 2, cold=4))
    noted = notes_of(tmp_path, "mixed_means")
    loads = noted.rows("load_ms")["value"]
    assert values(noted.only) == [(loads > 500).sum(), len(loads), 2]
    assert len(noted.only.sources) == 7
    assert wordings(noted.only)[0].endswith("7 of 48 runs of 2 models loaded their model first.")


def test_a_model_that_only_ran_cold_mixes_nothing(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", 1, cold=0))
    assert notes_of(tmp_path, "mixed_means").notes == []
