"""Every command, in a folder whose files, names, sweep file and model server say what a terminal would obey."""

import csv
import io
import json
import os
from collections.abc import Generator, Iterator
from typing import Any, NamedTuple

import pytest
import yaml

from chimera_dagster import cli
from chimera_dagster.cli import VERBS
from chimera_dagster.records.store import Store
from tests.conftest import Project
from tests.stub_ollama import Answer, Json, StubOllama

SEQUENCES = "\x1b[2J\x1b]0;owned\x07 \x1b]8;;http://example.com\x1b\\l \x9b31m \u202eabc\u2066"
HOSTILE = f"[/bold] [red]x[/] {SEQUENCES} \r\nError: forged"
FORMULA = "=cmd|'/C calc'!A0"
NAMES = (
    "\x1b[2Jescape.csv",
    "line\nfeed.json",
    "[bold]markup.md",
    "=cmd|'C calc'!A0.csv",
    "\u202ebidi.csv",
    "c1\x9b2J.csv",
)
OUTPUTS = ("--json", "--csv", "--md", "--html", "--full")
# What leads a command further than a hostile text would
GIVEN = {
    "check": ["data/reports/[bold]markup.md"],
    "report": ["gemma3:270m", "{params}"],
    "search": ["--trials", "1"],
    "sql": ["select * from measurements, (select path, reason from benchmark_files)"],
    "models get": [HOSTILE],
    "concurrency": ["--rounds", "1"],
}


class HostileOllama(StubOllama):
    """Its error for one of its models is hostile, and so are names of models."""

    def _generate(self, path: str, body: Json) -> Answer:
        if body["model"] == "gemma3:270m":
            return Answer(status=500, body={"error": HOSTILE})
        return super()._generate(path, body)


class Leaf(NamedTuple):
    """A command that is none of others: its words, and the options that it has."""

    name: str
    options: frozenset[str]
    required: int  # arguments


def leaves(name: str, command: Any) -> Iterator[Leaf]:
    if below := getattr(command, "commands", None):
        for word, each in below.items():
            yield from leaves(f"{name} {word}", each)
        return
    options = frozenset(option for parameter in command.params for option in parameter.opts)
    arguments = [each for each in command.params if each.param_type_name == "argument" and each.required]
    yield Leaf(name, options, len(arguments))


COMMANDS = [leaf for verb in VERBS for leaf in leaves(verb, cli._load(verb))]
RUNS = [(leaf, output) for leaf in COMMANDS for output in (None, *OUTPUTS) if output is None or output in leaf.options]
MADE_SAFE = "\t\u2068\u2069"  # a page isolates letters that run from the right


@pytest.fixture(scope="module")
def stub() -> Generator[StubOllama]:
    with HostileOllama(models=("smollm2:135m", "gemma3:270m", HOSTILE)) as stub:
        yield stub


@pytest.fixture(scope="module")
def hostile(shared_project: Project, stub: StubOllama) -> Project:
    """The project after a sweep, one of whose trials failed."""
    rows = f"model,ttft_ms,speed{HOSTILE!r},prompt,error\n"
    quoted = HOSTILE.replace('"', '""')
    for number, name in enumerate(NAMES):
        text = rows + f'"{quoted}",{5 + number},1,"{quoted}",\n"{FORMULA}",7,{number},"=1","{quoted}"\n'
        if name.endswith(".json"):
            text = json.dumps([{"model": HOSTILE, HOSTILE: 1, "ttft_ms": 5, "error": HOSTILE}, {"ttft_ms": FORMULA}])
        if name.endswith(".md"):
            text = f"# {HOSTILE}\n\nThe TTFT of `{HOSTILE}` is 5 ms.\n\n|model|ttft_ms|\n|---|---|\n|{FORMULA}|4|\n"
        (shared_project.reports / name).write_text(text, newline="")
    (shared_project.reports / "cut\x1b[2J.json").write_text('[{"\x1b[2J')
    fields = {"engine": "ollama", "models": ["smollm2:135m", "gemma3:270m"], "max_tokens": 16}
    shared_project.spec.write_text(yaml.safe_dump(fields | {"agent": {"name": HOSTILE.partition("\r")[0]}}))
    done = shared_project.forked("sweep", OLLAMA_HOST=stub.url)
    assert done.returncode == 1, done.stderr
    check(done.stdout + done.stderr)
    assert "[/bold] [red]x[/] \\x1b[2J" in done.stdout, "the reason is not in the table"
    assert "[/bold] [red]x[/] \\x1b[2J" in done.stderr, "the reason is not among the lines of progress"
    assert len(done.stdout.splitlines()) == 3, done.stdout
    return shared_project


def check(text: str, more: str = "") -> None:
    assert "Traceback" not in text, text[-2_000:]
    acting = {char for char in text if not char.isprintable() and char != "\n" and char not in more}
    assert not acting, ascii(text)
    assert "\nError: forged\n" not in text


def arguments(leaf: Leaf, project: Project) -> list[str]:
    given = GIVEN.get(leaf.name, [HOSTILE] * leaf.required)
    key = next(path.name for path in (project.data / "runs" / "gemma3@270m").iterdir())
    return [word.replace("{params}", key) for word in given]


@pytest.mark.parametrize(("leaf", "output"), RUNS, ids=[f"{leaf.name} {output or ''}".strip() for leaf, output in RUNS])
def test_a_command_shows_hostile_text_as_it_is(
    hostile: Project, stub: StubOllama, leaf: Leaf, output: str | None
) -> None:
    words = [*leaf.name.split(), *arguments(leaf, hostile), *([output] if output else [])]
    spec = {"CHIMERA_SPEC": "nowhere\x1b[2J.yaml"} if leaf.name == "ui" else {}  # it would serve until it is stopped
    done = hostile.forked(*words, OLLAMA_HOST=stub.url, OPENAI_BASE_URL=f"{stub.url}/v1", **spec)
    assert done.returncode in (0, 1, 2), done.stderr
    check(done.stdout, MADE_SAFE if output in ("--md", "--html") else "")
    check(done.stderr)
    if output == "--json" and done.stdout:
        json.loads(done.stdout)
    if output == "--csv":
        cells = [cell for row in csv.reader(io.StringIO(done.stdout)) for cell in row]
        assert f"'{FORMULA}" in cells
        assert not [cell for cell in cells if cell.startswith(("=", "@"))]


@pytest.mark.parametrize(
    "leaf",
    [leaf for leaf in COMMANDS if leaf.name in ("sweep", "compare", "doctor", "search", "ui")],
    ids=lambda leaf: leaf.name,
)
@pytest.mark.parametrize(
    "text",
    [
        f"models: [a]\n{json.dumps(HOSTILE)}: 1\n",
        yaml.safe_dump({"models": [HOSTILE]}),
        yaml.safe_dump({"models": ["a"], "engine": HOSTILE}),
        "models: [\x1b[2J]\n",
        f"models: [a]\ngrid: {'[' * 5_000}\n",
        "b0: &b0 [x, x]\n" + "".join(f"b{n}: &b{n} [*b{n - 1}, *b{n - 1}]\n" for n in range(1, 60)),
    ],
    ids=["key", "model", "value", "control character", "deep", "aliases"],
)
def test_a_hostile_sweep_file_is_an_error_in_words(hostile: Project, stub: StubOllama, leaf: Leaf, text: str) -> None:
    (hostile.path / "hostile.yaml").write_text(text)
    words = [*leaf.name.split(), *arguments(leaf, hostile)]
    done = hostile.forked(*words, CHIMERA_SPEC="hostile.yaml", OLLAMA_HOST=stub.url)
    assert done.returncode in (1, 2), done.stderr
    check(done.stdout + done.stderr)
    assert "hostile.yaml" in done.stdout + done.stderr


def test_the_tables_of_a_sweep_do_nothing_in_a_spreadsheet(hostile: Project) -> None:
    assert hostile.forked("compare").returncode == 0
    text = Store(hostile.data).comparison.with_suffix(".csv").read_text()
    check(text)
    [_, *rows] = csv.reader(io.StringIO(text))
    assert len(rows) == 2
    assert any("[/bold] [red]x[/] \\x1b[2J" in cell for row in rows for cell in row)


def test_the_vocabulary_that_is_suggested_names_what_the_file_has(hostile: Project) -> None:
    done = hostile.forked("vocabulary", "suggest")
    names = yaml.safe_load(
        "\n".join(line[6:] for line in done.stdout.splitlines() if line.startswith("  # - "))
        and "\n".join(f"- {line[6:]}" for line in done.stdout.splitlines() if line.startswith("  # - "))
    )
    assert any("[/bold]" in name and "\x1b[2J" in name for name in names), os.linesep.join(map(ascii, names))
