"""Every verb prints through one module, on which no text acts."""

import ast
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

import chimera_dagster.cli
from chimera_dagster.cli.download_bar import DownloadBar
from chimera_dagster.cli.live import print_line
from chimera_dagster.cli.tables import print_entries, print_table
from chimera_dagster.cli.terminal import Terminal, say, say_error, write_csv, write_json_list
from chimera_dagster.engines.model_sources.catalogue import CATALOGUE
from chimera_dagster.errors import InputError
from tests.unit.render.hostile import HOSTILE

FOLDER = Path(chimera_dagster.cli.__file__).parent
ACTS = ("[/bold] died", "[bold]eaten[/bold] [a b]", "[/]", ":smiley: [link=http://a]x[/link]", *HOSTILE)
COMMANDS = ("\x1b[2J", "\x1b]0;", "\x9b", "\x07", "\u202e")


def others() -> Iterator[tuple[str, ast.AST]]:
    """Every part of the modules of the command line but of those that write, and of the entry point."""
    for path in FOLDER.glob("*.py"):
        if path.stem not in ("terminal", "streams", "__init__"):
            yield from (
                (f"{path.name}:{getattr(node, 'lineno', 0)}", node) for node in ast.walk(ast.parse(path.read_text()))
            )


def test_no_other_module_writes() -> None:
    writers = ("echo", "secho", "print", "Console", "stdout", "stderr")
    names = [(where, node.id) for where, node in others() if isinstance(node, ast.Name)]
    names += [
        (where, node.attr) for where, node in others() if isinstance(node, ast.Attribute) and node.attr != "print"
    ]
    found = [where for where, name in names if name in writers]
    assert found == []
    assert ("sql.py", "say") in {(where.partition(":")[0], name) for where, name in names}


def test_no_column_of_a_bar_reads_markup() -> None:
    calls = [node for _, node in others() if isinstance(node, ast.Call)]
    columns = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "TextColumn"]
    of_texts = [call for call in columns if "{" in ast.unparse(call)]
    assert len(of_texts) > 2
    assert all("markup=False" in ast.unparse(call) for call in of_texts)


@pytest.mark.parametrize("text", ACTS)
def test_a_text_is_shown_as_it_is(capsys: pytest.CaptureFixture[str], text: str) -> None:
    say(text)
    say_error(InputError(text, hint=text))
    print_table(text, ("a", text), [[text, "x"]], numeric={text})
    print_entries(text, [("F1", text)])
    print_line(Terminal(stderr=True), text)
    table = Table(text, title=text)
    table.add_row(Text(text))
    Terminal(width=200).print(table)
    out, err = capsys.readouterr()
    assert all(char.isprintable() or char in "\n\u200c\u200d" for char in out + err)
    if text in ACTS[:4]:
        assert out.count(text) == 9


def test_a_line_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    say("ok\nError: forged")
    say_error(InputError("a\nError: forged", hint="b\nError: forged"))
    out, err = capsys.readouterr()
    assert out == "ok\\nError: forged\n"
    assert err == "Error: a\n  Error: forged\n  b\\nError: forged\n"


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_shows_a_name_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", screen)
    hostile = "".join(COMMANDS) + "[/bold]"
    model = next(iter(CATALOGUE.values()))._replace(tag=hostile)
    with DownloadBar() as bar:
        bar.begins(model, hostile)
        bar.has(1)
        bar.failed(model, hostile)
    shown = screen.getvalue()
    assert "[/bold]" in shown
    assert not [command for command in COMMANDS if command in shown]


def test_formulas_are_quoted_in_the_header_too(capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(["=a", "b"], [["-3.5", "=1\n2"]])
    assert capsys.readouterr().out == "'=a,b\n-3.5,'=1\\n2\n"


@pytest.mark.parametrize("items", [[], [{}], [{"a": [1, {"b": "x\ny"}]}, {"a": None}]])
def test_a_list_is_written_as_json_writes_it(capsys: pytest.CaptureFixture[str], items: list[object]) -> None:
    write_json_list(iter(items))
    assert capsys.readouterr().out == json.dumps(items, indent=2) + "\n"
