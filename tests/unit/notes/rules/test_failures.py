from pathlib import Path

from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, wordings


def rows(model: str, failed: int, good: int) -> list[dict[str, object]]:
    broken = [run(model, 0, 0, error="timeout") for _ in range(failed)]
    return [*broken, *(run(model, 50 + place, 90, error="") for place in range(good))]


def test_runs_that_failed_in_part_are_counted_with_their_models(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [*rows("a:1b", 3, 5), *rows("b:1b", 0, 4)])
    write_csv(tmp_path / "c_runs.csv", rows("c:1b", 1, 3))
    noted = notes_of(tmp_path, "failures")
    assert wordings(noted.only) == [
        "4 of 16 runs (`a:1b` and `c:1b`) in 2 files failed, 3 of them in `a_runs.csv`; no mean includes them.",
        "In 2 files, 4 of 16 runs (`a:1b` and `c:1b`) failed, 3 of them in `a_runs.csv`. No mean includes them.",
    ]
    assert (noted.only.section, noted.only.scope.models) == ("findings", ("a:1b", "c:1b"))
    assert noted.only.sources == (
        *(("a_runs.csv", f"row {place}") for place in (1, 2, 3)),
        ("c_runs.csv", "row 1"),
    )


def under_load(tmp_path: Path, broken: dict[int, int]) -> None:
    """Eight runs each at four loads, of which so many failed; the throughput is highest with 16 requests at once."""
    rates = {1: 100.0, 4: 380.0, 16: 1200.0, 32: 900.0}
    rows = [
        {"model": name, "concurrency": load, "output_throughput": rate + place, "error": ""}
        for name in ("a:1b", "b:2b")
        for load, rate in rates.items()
        for place in range(8)
    ]
    for load, number in broken.items():
        chosen = [row for row in rows if row["model"] == "b:2b" and row["concurrency"] == load]
        for row in chosen[:number]:
            row.update(output_throughput="", error="timeout after 120 s")
    write_csv(tmp_path / "load_runs.csv", rows)


def test_failures_of_one_model_under_one_load_are_said_as_such(tmp_path: Path) -> None:
    under_load(tmp_path, {32: 3})
    assert wordings(notes_of(tmp_path, "failures").only)[0] == (
        "3 of 64 runs in `load_runs.csv` failed, all of `b:2b` with 32 requests at once (3 of 8 there); no mean "
        "includes them."
    )
    [advice] = notes_of(tmp_path, "below_the_knee").notes
    assert wordings(advice)[0].endswith(" with 32 requests at once, where 3 of 8 runs of `b:2b` failed.")


def test_failures_under_most_loads_are_not_said_to_be_of_one(tmp_path: Path) -> None:
    under_load(tmp_path, {1: 2, 4: 2})
    assert wordings(notes_of(tmp_path, "failures").only)[0] == (
        "4 of 64 runs (`b:2b`) in `load_runs.csv` failed; no mean includes them."
    )


def test_failures_that_name_no_model_are_not_counted_for_those_that_are_named(tmp_path: Path) -> None:
    nobody = [row | {"model": ""} for row in rows("", 2, 2)]
    write_csv(tmp_path / "a_runs.csv", [*rows("a:1b", 1, 5), *nobody])
    assert " (`a:1b`, and runs that name no model) " in wordings(notes_of(tmp_path, "failures").only)[0]


def test_a_file_whose_runs_all_failed_is_said_to_measure_nothing(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", 2, 0))
    write_csv(tmp_path / "b_runs.csv", rows("b:1b", 0, 6))
    noted = notes_of(tmp_path, "failures")
    assert wordings(noted.only)[0] == "Both runs in `a_runs.csv` failed, so nothing in it measures a model."
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", 1, 0))
    assert wordings(notes_of(tmp_path, "failures").only) == [
        "The only run in `a_runs.csv` failed, so nothing in it measures a model.",
        "Nothing can be learned from `a_runs.csv`: its only run failed.",
    ]


def test_failures_of_a_compared_model_are_on_the_first_screen_from_one_percent_on(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", 1, 99))
    assert notes_of(tmp_path, "failures").only.weight >= 100
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", 1, 100))
    assert notes_of(tmp_path, "failures").only.weight < 100


def test_without_failures_there_is_no_note(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", 0, 6))
    assert notes_of(tmp_path, "failures").notes == []


def test_the_counts_are_those_of_the_table(tmp_path: Path) -> None:
    for name, failed, good in (("a", 3, 3), ("b", 5, 0), ("c", 2, 7), ("d", 4, 0)):
        write_csv(tmp_path / f"{name}_runs.csv", rows(f"{name}:1b", failed, good))
    noted = notes_of(tmp_path, "failures")
    failed = noted.measurements[noted.measurements["metric"] == "failed"]
    whole, part = noted.notes
    for note, files in ((whole, ["b_runs.csv", "d_runs.csv"]), (part, ["a_runs.csv", "c_runs.csv"])):
        of_files = failed[failed["file"].isin(files)]
        assert note.figures[0].value == len(of_files) or note.figures[1].value == len(of_files)
        assert note.scope.n == noted.files.set_index("path").loc[files, "records"].sum()
        assert (note.scope.files, len(note.sources)) == (2, len(of_files))
