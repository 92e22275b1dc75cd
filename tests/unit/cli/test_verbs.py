"""The verbs of `chimera`: listed without being imported, each in a file of its own, completed by a shell."""

import ast
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import chimera_dagster.cli
from chimera_dagster.cli import VERBS, app

FOLDER = Path(chimera_dagster.cli.__file__).parent


def shown(*arguments: str, env: dict[str, str] | None = None) -> str:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "80"} | (env or {}), prog_name="chimera")
    assert done.exit_code == 0, done.output
    return done.stdout


def test_help_lists_every_verb_and_imports_none() -> None:
    code = "from chimera_dagster.cli import app; import sys\ntry: app(['--help'])\nfinally: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *listed, modules = done.stdout.splitlines()
    assert [name for line in listed if (name := line.strip("│ ").partition(" ")[0]) in VERBS] == [*VERBS]
    own = {name for name in modules.split() if name.startswith("chimera_dagster")}
    assert own == {
        "chimera_dagster",
        "chimera_dagster.cli",
        "chimera_dagster.cli.signals",
        "chimera_dagster.cli.streams",
        "chimera_dagster.errors",
        "chimera_dagster.text",
        "chimera_dagster.text.foreign",
        "chimera_dagster.text.masking",
    }


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_begins_with_its_summary(verb: str) -> None:
    tree = ast.parse((FOLDER / f"{verb}.py").read_text())
    texts = [ast.get_docstring(node) for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert VERBS[verb] in [text.split("\n")[0] for text in texts if text]


def test_the_help_of_an_option_shows_its_default() -> None:
    words = " ".join(shown("sweep", "--help").replace("│", " ").split())
    assert "[default: ($CHIMERA_SPEC or sweep.yaml)]" in words
    assert "[default: ($CHIMERA_REPORTS_DIR or data/reports)]" in words


def test_version_is_the_version_and_nothing_else() -> None:
    assert shown("--version") == importlib.metadata.version("chimera_dagster") + "\n"


@pytest.mark.parametrize(
    ("line", "found"),
    [("chimera s", ["sweep", "summary", "search", "schema", "sql"]), ("chimera findings --severity w", ["warning"])],
)
def test_a_shell_completes_verbs_and_values(line: str, found: list[str]) -> None:
    words = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_CHIMERA_COMPLETE": "complete_bash"}
    assert shown(env=words).split() == found
