"""`chimera brief`: what a folder of benchmark results says, without a model and without writing into it."""

import json
from collections.abc import Hashable
from math import isnan
from pathlib import Path
from typing import Annotated, Any

import typer

from chimera_dagster.cli.options import AsJson, Folder, to_write
from chimera_dagster.cli.reading import read_folder
from chimera_dagster.cli.tables import print_problems
from chimera_dagster.cli.terminal import Terminal, say, write_page
from chimera_dagster.errors import InputError
from chimera_dagster.notes.brief import Brief
from chimera_dagster.notes.table import JSON_COLUMNS, table_of
from chimera_dagster.records.store import write_text
from chimera_dagster.render.blocks import Page
from chimera_dagster.render.brief.page import answer_page, brief_page
from chimera_dagster.render.html_writer import to_html
from chimera_dagster.render.markdown_writer import to_markdown
from chimera_dagster.render.terminal_writer import print_page
from chimera_dagster.settings import load_settings
from chimera_dagster.steps.brief import address_of
from chimera_dagster.steps.evidence import Evidence
from chimera_dagster.text.foreign import shown, visible_json

_WIDTH = 80  # if stdout is not a terminal, as long lines of text are hard to read


def brief(
    folder: Folder = None,
    full: Annotated[bool, typer.Option("--full", help="Print everything, with the evidence.")] = False,
    as_markdown: Annotated[bool, typer.Option("--md", help="Write all of it as Markdown.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="Write all of it as one HTML page with charts.")] = False,
    as_json: AsJson = False,
    output: Annotated[
        Path | None,
        typer.Option(help="File to write to, with --md, --html or --json.", show_default="stdout", callback=to_write),
    ] = None,
) -> None:
    """Say what a folder of benchmark results says: the answer, how sure it is, what to do next."""
    if as_markdown + as_html + as_json > 1:
        raise InputError("Only one of --md, --html and --json can be written at a time.")
    if output is not None and not (as_markdown or as_html or as_json):
        raise InputError("--output needs a format.", hint="Add --md, --html or --json.")
    reports = load_settings(reports_dir=folder).reports
    read = read_folder(folder)
    evidence = Evidence(read.files, read.measurements)
    found = evidence.brief
    print_problems(found.problems)
    page = brief_page(found, None if output is None else address_of(reports, output.parent))
    if as_json:
        _write(visible_json(_document(found)), output)
    elif as_html or as_markdown:
        _write(to_html(page) if as_html else to_markdown(page), output)
    else:
        _print(page if full else answer_page(found), full)


def _document(found: Brief) -> str:
    rows: list[dict[Hashable, Any]] = table_of([each.note for each in found.notes]).to_dict("records")
    notes = [{name: _plain(name, value) for name, value in row.items()} for row in rows]
    coverage = found.coverage._asdict() | {
        "unread": [each._asdict() for each in found.coverage.unread],
        "unknown": [each._asdict() for each in found.coverage.unknown],
    }
    document = {"models": found.models, "coverage": coverage, "notes": notes, "problems": found.problems}
    return json.dumps(document, indent=2, ensure_ascii=False)


def _plain(name: Hashable, value: Any) -> Any:
    if name in JSON_COLUMNS:
        return json.loads(value)
    return value if isinstance(value, str | int) or not isnan(value) else None  # pandas' null


def _print(page: Page, full: bool) -> None:
    console = Terminal()
    if not console.is_terminal:
        console = Terminal(width=_WIDTH)
    print_page(page, console, marks=full)
    if not full:
        console.print("\n--full shows tables, risks and evidence; --html writes them as a page.")


def _write(text: str, output: Path | None) -> None:
    if output is None:
        write_page(text)
        return
    if not output.parent.is_dir():
        raise InputError(f"{shown(output)} can't be written: there is no folder {shown(output.parent)}.")
    write_text(output.resolve(), text)
    say(output)
