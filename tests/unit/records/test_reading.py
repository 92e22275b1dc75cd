"""What stands in place of a document and is not one."""

import os
from pathlib import Path

import pytest

from chimera_dagster.errors import DamagedFileError
from chimera_dagster.records.reading import read_file


def test_a_link_to_itself_is_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    path.symlink_to("metrics.json")
    with pytest.raises(DamagedFileError, match=r"metrics\.json can't be read") as error:
        read_file(path, "Run it again.")
    assert error.value.hint == "Run it again."


def test_a_pipe_is_named_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    os.mkfifo(path)
    with pytest.raises(DamagedFileError, match=r"metrics\.json can't be read: it is a pipe, not a file"):
        read_file(path, "Run it again.")


def test_what_is_missing_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "metrics.json", "Run it again.")
