"""`chimera check`: what a document says about a folder of benchmark results, sentence by sentence."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from chimera_dagster.cli.options import AsJson, Reports
from chimera_dagster.cli.reading import read_folder
from chimera_dagster.cli.tables import print_json, print_table
from chimera_dagster.cli.terminal import say
from chimera_dagster.errors import InputError
from chimera_dagster.files.opening import read_text
from chimera_dagster.grounding.folder import Folder
from chimera_dagster.grounding.outcome import NOTHING, OUTCOMES, CheckedSentence, check_document
from chimera_dagster.text.foreign import shown

_COLUMNS = ("line", "sentence", "why", "what the folder says")


def check(
    file: Annotated[Path, typer.Argument(help="A document in Markdown.", show_default=False)],
    reports: Reports = None,
    as_json: AsJson = False,
) -> None:
    """Check what a Markdown document says about a folder of benchmark results.

    Each sentence is contradicted, supported, or could not be read; code blocks are left out. The first and the last are
    listed with their lines, and with what the folder says and where. Exits with 1 if a sentence is contradicted.

    Measured on 54 false and 47 true sentences by three other writers, which were not looked at while it was
    written: of the false ones 48% were contradicted and 7% supported, of the true ones 30% were supported and 11%
    contradicted. The others could not be read.
    """
    try:
        text = read_text(file)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{shown(file)} can't be read: {why}.", hint="Save it as UTF-8 text.") from error
    folder = read_folder(reports)
    checked = check_document(text, Folder(folder.files, folder.measurements))
    found = Counter(sentence.outcome for sentence in checked)
    if as_json:
        print_json([sentence._asdict() for sentence in checked])
    else:
        _print("Contradicted", [each for each in checked if each.outcome == "contradicted"])
        unread = [each for each in checked if each.outcome == "could not be read"]
        _print("Could not be read", [each for each in unread if each.reason != NOTHING])
        counts = ", ".join(f"{found[outcome]} {outcome}" for outcome in OUTCOMES)
        nothing = sum(each.reason == NOTHING for each in unread)
        say(f"{len(checked)} sentences: {counts} ({nothing} of them without a claim, not listed).")
    if found["contradicted"]:
        raise typer.Exit(1)


def _print(title: str, sentences: Sequence[CheckedSentence]) -> None:
    if sentences:
        rows = [[str(each.line), each.text, each.reason, each.evidence] for each in sentences]
        print_table(title, _COLUMNS, rows, numeric={"line"})
