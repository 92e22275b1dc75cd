"""What stands in the place of a file: named, never waited for, never read."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chimera_dagster.files.opening import NotAFileError, check_file, check_name, open_file, read_bytes, read_text
from tests.damage import NO_FILES

_OPENERS = [open_file, check_file, read_bytes, read_text]
_WHAT = {
    "a pipe": "it is a pipe, not a file",
    "a socket": "it is a socket, not a file",
    "a device": "it is a device, not a file",
    "a link to itself": "it is a link that leads back to itself",
    "a link to nothing": "it is a link to a file that does not exist",
}


@pytest.mark.parametrize("opener", _OPENERS)
def test_what_is_not_a_file(tmp_path: Path, opener: Callable[[Path], object]) -> None:
    assert set(_WHAT) == set(NO_FILES)
    for kind, make in NO_FILES.items():
        path = tmp_path / kind
        make(path)
        with pytest.raises(NotAFileError) as error:
            opener(path)
        assert (error.value.strerror, error.value.filename) == (_WHAT[kind], str(path))
    with pytest.raises(NotAFileError) as error:
        opener(tmp_path)
    assert error.value.strerror == "it is a folder, not a file"


@pytest.mark.parametrize("opener", _OPENERS)
def test_names_that_no_file_has(tmp_path: Path, opener: Callable[[Path], object]) -> None:
    with pytest.raises(FileNotFoundError):
        opener(tmp_path / "missing")
    with pytest.raises(OSError, match="File name too long"):
        opener(tmp_path / ("a" * 5000))
    with pytest.raises(OSError, match="null character"):
        opener(Path("a\0b"))


@pytest.mark.parametrize(
    ("path", "why"),
    [("a" * 256, "a name of 256 bytes"), ("a/" * 2048 + "b", "it has 4097 bytes"), ("a\0b", "null character")],
)
def test_a_path_that_can_not_be(path: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_name(Path(path))
    check_name(Path("a" * 255))


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, pipe = tmp_path / "file", tmp_path / "pipe"
    path.write_text("x")
    os.mkfifo(pipe)
    opened = os.open
    monkeypatch.setattr(os, "open", lambda _, flags: opened(pipe, flags))
    with pytest.raises(NotAFileError):
        open_file(path)


def test_a_file_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    assert read_text(path) == "a\nb\nc\n"
    link = tmp_path / "link"
    link.symlink_to(path)
    assert read_bytes(link, 10) == path.read_bytes()
    with pytest.raises(OSError, match="it has 10 bytes, and at most 9 are read"):
        read_bytes(path, 9)
    os.truncate(path, 1 << 40)
    with pytest.raises(OSError, match="at most"):
        read_bytes(path)
