from pathlib import Path

from chimera_dagster.notes.phrase import plain
from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, values, wordings


def rows(model: str, *contexts: int) -> list[dict[str, object]]:
    return [run(model, 50 + place, 80 + place, num_ctx=ctx) for ctx in contexts for place in range(4)]


def test_a_comparison_that_rests_on_one_of_five_settings_is_a_risk(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", 512, 1024, 2048, 4096))
    write_csv(tmp_path / "b_runs.csv", rows("b:1b", 512, 8192))
    noted = notes_of(tmp_path, "few_settings")
    assert wordings(noted.only)[0] == (
        "The comparison of `a:1b` and `b:1b` by time to first token rests on 1 of 5 settings; the others may differ."
    )
    assert plain(noted.only.mitigation) == "Measure each model under the settings that you will use."
    params = noted.rows("ttft_ms").groupby("params")["model"].nunique()
    assert values(noted.only) == [(params == 2).sum(), len(params)]


def test_settings_that_models_share_are_not(tmp_path: Path) -> None:
    for name in "ab":
        write_csv(tmp_path / f"{name}_runs.csv", rows(f"{name}:1b", 512, 1024, 2048, 4096))
    assert notes_of(tmp_path, "few_settings").notes == []
