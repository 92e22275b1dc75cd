from pathlib import Path

from chimera_dagster.notes.phrase import plain
from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, values, wordings


def sweep(folder: Path, repeats: int, settings: int = 3) -> None:
    rows = [
        run("a:1b", 50 + place, 80 + place + setting, num_ctx=1024 * (setting + 1))
        for setting in range(settings)
        for place in range(repeats)
    ]
    write_csv(folder / "a_runs.csv", rows)


def test_three_runs_for_each_setting_are_few(tmp_path: Path) -> None:
    sweep(tmp_path, 3)
    noted = notes_of(tmp_path, "few_runs")
    assert wordings(noted.only) == [
        "3 runs for most settings: a difference in time to first token has to be large to show.",
        "Most settings rest on 3 runs, so a difference in time to first token has to be large to show.",
    ]
    assert plain(noted.only.mitigation) == "Repeat the settings that matter to you before you compare them."
    sizes = noted.rows("ttft_ms").groupby("params").size()
    assert values(noted.only) == [sizes.median()]
    assert noted.only.scope.n == sizes.sum()


def test_one_run_is_said_to_be_chance(tmp_path: Path) -> None:
    sweep(tmp_path, 1)
    assert wordings(notes_of(tmp_path, "few_runs").only)[0] == (
        "Most settings ran once, so chance alone can explain a difference in time to first token."
    )
    sweep(tmp_path, 1, settings=1)
    assert wordings(notes_of(tmp_path, "few_runs").only)[0] == (
        "The time to first token rests on 1 run, and chance can have moved it."
    )


def test_five_runs_are_enough_to_say_nothing(tmp_path: Path) -> None:
    sweep(tmp_path, 5)
    assert notes_of(tmp_path, "few_runs").notes == []
