"""Names on the command line that no file can have, or that would act on a terminal: one clear line, exit code 2."""

import errno
import os
import struct
from pathlib import Path

import pytest
from typer.testing import CliRunner

import chimera_dagster.cli
from chimera_dagster.cli import app
from chimera_dagster.cli.terminal import say_error
from chimera_dagster.errors import ChimeraError, ModelFileError, StorageError
from chimera_dagster.records import whole_files

LONG, LINES, BYTES = "a" * 5000, "a\nb\x1b[2J", "a\udcffb"
COMMANDS = (
    ("summary", "--reports", "X"),
    ("brief", "X"),
    ("brief", "--md", "--output", "X/y"),
    ("compare", "--baseline", "X"),
    ("compare", "--save", "sweep.yaml/X"),
    ("check", "X"),
    ("report", "X", "Y"),
    ("models", "get", "X"),
    ("models", "get", "--sweep", "--spec", "X"),
    ("sweep", "--plan", "--spec", "X"),
    ("sweep", "--plan", "--models", "X"),
    ("sweep", "--plan", "--reports", "X"),
    ("sweep", "--detect", "X"),
    ("sql", "select X"),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    reports = tmp_path / "data" / "reports"
    reports.mkdir(parents=True)
    (reports / "runs.csv").write_text("model,ttft_ms\nm:1b,5\n")
    (tmp_path / "sweep.yaml").write_text("engine: ollama\nmodels: [a]\n")
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The message of the error that a command ends with, as it is printed."""
    error = CliRunner().invoke(app, arguments).exception
    assert isinstance(error, ChimeraError), (arguments, error)
    assert error.exit_code == 2, (arguments, error)
    say_error(ChimeraError(error.message))
    return capsys.readouterr().err


@pytest.mark.parametrize("name", [LONG, LINES, BYTES], ids=["long", "lines", "bytes"])
def test_a_name_is_one_line_of_the_error(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    for command in COMMANDS:
        line = said(capsys, *(part.replace("X", name) for part in command))
        assert line.count("\n") == 1, command
        assert len(line) < 1_000, command
        assert line.strip().isprintable(), command


def test_what_is_not_a_file_is_not_written_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "null").symlink_to("/dev/null")
    for name, what in (("pipe", "pipe"), ("null", "device"), ("data", "folder")):
        for command in (("brief", "--md", "--output", name), ("compare", "--save", name)):
            assert said(capsys, *command) == f"Error: {name} can't be written: it is a {what}, not a file.\n"
    assert (folder / "null").is_char_device()


def test_a_page_that_does_not_fit_leaves_the_one_before(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, link = folder / "brief.md", folder / "link.md"
    page.write_text("before")
    link.symlink_to(page)
    command = ("brief", "--md", "--output", "link.md")

    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(whole_files, "_sync", full)
        failed = CliRunner().invoke(app, command).exception
    assert isinstance(failed, StorageError)
    assert page.read_text() == "before"
    assert CliRunner().invoke(app, command).exit_code == 0
    assert link.is_symlink()
    assert page.read_text().startswith("# ")


def test_a_pipe_as_env_file_is_named_and_a_folder_is_not_its_concern(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from chimera_dagster.settings import check_dagster_home

    (folder / ".env").mkdir()  # as virtual environments are called
    check_dagster_home()
    (folder / ".env").rmdir()
    os.mkfifo(folder / ".env")
    with pytest.raises(ChimeraError, match=r"\.env can't be read: it is a pipe"):
        check_dagster_home()
    monkeypatch.setenv("DAGSTER_HOME", LONG)
    with pytest.raises(ChimeraError, match="DAGSTER_HOME names the folder"):
        check_dagster_home()


def test_a_plan_names_a_model_file_that_is_cut_off(folder: Path) -> None:
    (folder / "sweep.yaml").write_text(f"models: ['file:{folder}/m.gguf']\n")
    (folder / "m.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 0))
    assert CliRunner().invoke(app, ["sweep", "--plan"]).exit_code == 0
    (folder / "m.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1, 0))
    error = CliRunner().invoke(app, ["sweep", "--plan"]).exception
    assert isinstance(error, ModelFileError)
    assert "m.gguf is damaged" in str(error)


def test_a_compiled_module_that_is_cut_off_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> None:
        raise EOFError("marshal data too short")

    monkeypatch.setattr(chimera_dagster.cli, "import_module", load)
    error = CliRunner().invoke(app, ["schema"]).exception
    assert isinstance(error, ChimeraError)
    assert "A file that Python has compiled is damaged" in str(error)
