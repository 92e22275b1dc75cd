import os
from pathlib import Path

import pytest

from chimera_dagster.errors import NoReportsError
from chimera_dagster.ingest.discover import data_digest, discover


def test_kinds_by_name_in_any_case_sorted_and_hidden_ones_passed_over(tmp_path):
    for name in (
        "b.CSV",
        "a.json",
        "sub/c.jsonl",
        "sub/d.MD",
        "e.markdown",
        "f.txt",
        "g.tsv",
        "h.yaml",
        ".g.csv",
        ".git/h.csv",
        "README.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    assert [(file.path, file.kind) for file in discover(tmp_path)] == [
        ("a.json", "json"),
        ("b.CSV", "csv"),
        ("e.markdown", "markdown"),
        ("f.txt", "text"),
        ("g.tsv", "csv"),
        ("h.yaml", "other"),
        ("sub/c.jsonl", "json"),
        ("sub/d.MD", "markdown"),
    ]


def test_links_that_leave_the_folder_are_named_and_not_followed(tmp_path):
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir(), root.mkdir()
    (outside / "secret.csv").write_text("x")
    (root / "in.csv").write_text("x")
    (root / "away.csv").symlink_to(outside / "secret.csv")
    (root / "folder").symlink_to(outside)
    (root / "broken.csv").symlink_to(root / "nothing")
    (root / "same.csv").symlink_to(root / "in.csv")
    os.mkfifo(root / "pipe.csv")
    assert {file.path: file.problem for file in discover(root)} == {
        "away.csv": "a link that leaves the reports folder is not followed",
        "broken.csv": "No such file or directory",
        "in.csv": "",
        "pipe.csv": "it is a pipe, not a file",
        "same.csv": "",
    }


def test_bad_folders_raise_with_a_hint(tmp_path):
    (tmp_path / "file").write_text("x")
    for root in (tmp_path / "missing", tmp_path / "file", tmp_path):
        for ask in (discover, data_digest):
            with pytest.raises(NoReportsError) as raised:
                ask(root)
            assert raised.value.hint
            assert str(root) in raised.value.message


def test_the_digest_follows_names_and_content_and_not_times(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("x")
    first = data_digest(tmp_path)
    os.utime(file, (1, 1))
    assert data_digest(tmp_path) == first
    file.write_text("y")
    assert data_digest(tmp_path) != first
    file.write_text("x")
    assert data_digest(tmp_path) == first
    file.rename(tmp_path / "b.csv")
    assert data_digest(tmp_path) != first


def test_a_path_may_be_no_utf_8(tmp_path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv")).write_text("x")
    assert [file.path for file in discover(tmp_path)] == ["caf\\xe9.csv"]
