from pathlib import Path

from chimera_dagster.notes.phrase import plain
from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, values, wordings


def rows(model: str, **conditions: object) -> list[dict[str, object]]:
    return [run(model, 50 + place, 80 + place, **conditions) for place in range(6)]


def test_the_missing_runs_are_named(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", concurrency=8))
    write_csv(tmp_path / "b_runs.csv", rows("b:1b", concurrency=1))
    note = notes_of(tmp_path, "same_conditions").only
    assert wordings(note)[0] == (
        "Measure `b:1b` with 8 requests at once too: `a:1b` ran with 8 requests at once, `b:1b` with one request at a "
        "time, and nothing compares them by decode throughput."
    )
    assert plain(note.action) == "Measure `b:1b` with 8 requests at once too"
    assert note.scope.models == ("a:1b", "b:1b")
    assert (note.scope.n, note.scope.files) == (12, 2)


def test_more_than_two_groups_are_counted(tmp_path: Path) -> None:
    for number, name in enumerate("abc"):
        write_csv(tmp_path / f"{name}_runs.csv", rows(f"{name}:1b", concurrency=2**number))
    noted = notes_of(tmp_path, "same_conditions")
    assert wordings(noted.only)[0] == (
        "Measure 3 models under the same conditions: so far they fall into 3 groups that share none, so nothing "
        "compares them all by decode throughput."
    )
    assert values(noted.only) == [noted.measurements["model"].nunique()]


def test_it_matters_most_if_nothing_else_compares_models(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", rows("a:1b", concurrency=8))
    write_csv(tmp_path / "b_runs.csv", rows("b:1b", concurrency=1))
    alone = notes_of(tmp_path, "same_conditions").only.weight
    write_csv(tmp_path / "c_runs.csv", rows("c:1b", concurrency=1))
    assert notes_of(tmp_path, "same_conditions").only.weight < alone


def test_models_under_the_same_conditions_need_nothing(tmp_path: Path) -> None:
    for name in "ab":
        write_csv(tmp_path / f"{name}_runs.csv", rows(f"{name}:1b", concurrency=8))
    assert notes_of(tmp_path, "same_conditions").notes == []
