import json
from pathlib import Path

from tests.unit.evidence.findings.tables import run, write_csv
from tests.unit.notes.noted import notes_of, values, wordings


def test_the_largest_groups_are_named_with_how_to_teach_them(tmp_path: Path) -> None:
    for number in range(2):
        rows = [run("a:1b", 50 + place + number, 80, zorp=3.5, blib=7) for place in range(3)]
        write_csv(tmp_path / f"{number}_runs.csv", rows)
    write_csv(tmp_path / "other_runs.csv", [run("a:1b", 60 + place, 80, zorp=3) for place in range(3)])
    noted = notes_of(tmp_path, "unknown_numbers")
    assert wordings(noted.only) == [
        "15 of 33 numbers have names that nothing here knows: `zorp` (9) and `blib` (6). `chimera vocabulary suggest` "
        "proposes what to teach.",
        "Nothing here knows what 15 of 33 numbers mean: `zorp` (9) and `blib` (6). To teach the names, start with "
        "`chimera vocabulary suggest`.",
    ]
    unread = [json.loads(text) for text in noted.files["unread"]]
    total, covered = noted.files["numbers"].sum(), noted.files["covered"].sum()
    assert values(noted.only) == [
        total - covered,
        total,
        sum(each.get("zorp", 0) for each in unread),
        sum(each.get("blib", 0) for each in unread),
    ]
    assert (noted.only.section, noted.only.scope.files) == ("files", 3)


def test_names_that_do_not_account_for_all_numbers_are_said_to_be_among_them(tmp_path: Path) -> None:
    names = dict.fromkeys((f"zorp_{chr(ord('a') + place)}q" for place in range(22)), 3)
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80, **names)])
    kept = [group for text in notes_of(tmp_path, "unknown_numbers").files["unread"] for group in json.loads(text)]
    assert len(kept) == 20
    for kind in ("unknown_numbers", "mostly_unread"):
        for said in wordings(notes_of(tmp_path, kind).only):
            assert "22 of 24 numbers" in said
            assert ", among them `zorp_aq` (1), " in said and "have names that" not in said


def test_numbers_with_known_names_have_no_note(tmp_path: Path) -> None:
    write_csv(tmp_path / "a_runs.csv", [run("a:1b", 50, 80)])
    assert notes_of(tmp_path, "unknown_numbers").notes == []


def test_further_statistics_of_a_metric_do_not_make_a_folder_mostly_unread(tmp_path: Path) -> None:
    further = dict.fromkeys(("mode", "variance", "total_sum", "p001"), 3.0)
    values_read = {"mean": 120.0, "median": 118.0}
    for name, more in (("read.json", further), ("other.json", {f"zorp_{each}": 3.0 for each in "abcdefgh"})):
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).write_text(json.dumps({"model": "m:1b", "ttft_ms": values_read | more}))
        found = notes_of(folder, "mostly_unread").notes
        assert bool(found) == (name == "other.json")
