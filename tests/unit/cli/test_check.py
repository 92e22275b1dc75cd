"""`chimera check` on a document: what it prints, and how it ends."""

import json
from pathlib import Path

from typer.testing import CliRunner

from chimera_dagster.cli import app
from tests.conftest import Project


def test_flagged_sentences_are_listed_with_their_lines_and_what_the_folder_says(
    project: Project, tmp_path: Path
) -> None:
    document, reports = tmp_path / "document.md", str(project.reports)
    document.write_text("# Report\n\nsmollm2:135m decodes 9999 tok/s.\n\nThe weather was fine. Version 9 is better.\n")
    done = CliRunner().invoke(app, ["check", str(document), "--reports", reports])
    assert done.exit_code == 1, done.output
    contradicted, unread = done.stdout.split("Could not be read")
    assert "   3  " in contradicted
    assert "smollm2:135m decodes 9999 tok/s." in contradicted
    assert "the folder has another value" in contradicted
    assert "decode_tok_s of smollm2:135m" in contradicted
    assert "Version 9 is better." in unread
    assert "weather" not in done.stdout  # it claims nothing: only counted
    assert "3 sentences: 1 contradicted, 0 supported, 2 could not be read (1 of them without a claim" in done.stdout


def test_a_document_without_a_contradiction_passes_and_json_has_every_sentence(
    project: Project, tmp_path: Path
) -> None:
    document = tmp_path / "document.md"
    document.write_text("5 files were read.\n\nGPU utilisation was not measured.\n\nIt was fun.\n")
    done = CliRunner().invoke(app, ["check", str(document), "--reports", str(project.reports), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [(row["line"], row["outcome"]) for row in found] == [
        (1, "supported"),
        (3, "supported"),
        (5, "could not be read"),
    ]
    assert set(found[0]) == {"line", "text", "outcome", "reason", "evidence"}
