"""Output that nobody can write: one line or none, no traceback, the exit code of other Unix tools."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table

from chimera_dagster.cli.streams import ReaderGone, writing
from chimera_dagster.cli.terminal import Terminal, say, write_csv, write_json, write_json_list, write_page
from chimera_dagster.errors import OutputError

_PRINTS = {
    "say": lambda: say("x"),
    "say to stderr": lambda: say("x", err=True),
    "write_json": lambda: write_json("{}"),
    "write_json_list": lambda: write_json_list([1]),
    "write_csv": lambda: write_csv(["a"], [["b"]]),
    "write_page": lambda: write_page("x"),
    "Terminal": lambda: Terminal(width=80).print(Table("x")),
}


@pytest.mark.parametrize("name", _PRINTS)
def test_what_can_not_be_written_is_one_error_and_a_reader_that_is_gone_another(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def printed_to(descriptor: int) -> None:
        with os.fdopen(descriptor, "w", buffering=1, closefd=False) as stream:
            monkeypatch.setattr(sys, "stdout", stream)
            monkeypatch.setattr(sys, "stderr", stream)
            try:
                _PRINTS[name]()
            finally:
                monkeypatch.undo()
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)  # for what is left to be written
        os.close(descriptor)

    with pytest.raises(OutputError, match="can't be written: No space left on device"):
        printed_to(os.open("/dev/full", os.O_WRONLY))
    end, pipe = os.pipe()
    os.close(end)
    with pytest.raises(ReaderGone):
        printed_to(pipe)


def test_other_errors_pass() -> None:
    with pytest.raises(ValueError, match="x"), writing(sys.stdout):
        raise ValueError("x")


def test_the_command_ends_as_others_do() -> None:
    command = [sys.executable, "-c", "from chimera_dagster.cli import main; main()", "schema"]
    end, pipe = os.pipe()
    os.close(end)
    with Path("/dev/full").open("w") as full:
        running = {
            name: subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, text=True, preexec_fn=before)  # noqa: PLW1509
            for name, stdout, before in (
                ("full", full, None),
                ("gone", pipe, None),
                ("closed", subprocess.DEVNULL, lambda: os.close(1)),
            )
        }
    os.close(pipe)
    ends = {name: (process.communicate()[1], process.returncode) for name, process in running.items()}
    assert ends == {
        "full": ("Error: stdout can't be written: No space left on device.\n", 1),
        "gone": ("", 141),
        "closed": ("", 0),
    }


def test_a_file_never_takes_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    code = (
        "import os, sys; os.close(1); os.close(0); sys.stdout = None\n"
        "from chimera_dagster.cli.streams import open_closed_streams; open_closed_streams()\n"
        "file = open('a', 'w'); print('lost'); assert file.fileno() > 2"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert (tmp_path / "a").read_text() == ""
