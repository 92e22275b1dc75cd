"""`chimera check` on a report: what it prints, and how it ends."""

import json
from pathlib import Path

from typer.testing import CliRunner

from chimera_dagster.cli import app
from tests.conftest import Project


def test_a_report_is_checked_claim_by_claim(project: Project, tmp_path: Path) -> None:
    report, reports = tmp_path / "report.md", str(project.reports)
    report.write_text("# Report\n\n5 files were read. No GPU telemetry was recorded.\n")
    done = CliRunner().invoke(app, ["check", str(report), "--reports", reports, "--json"])
    assert done.exit_code == 0, done.output
    assert [(row["line"], row["kind"], row["verdict"]) for row in json.loads(done.stdout)] == [
        (3, "count", "supported"),
        (3, "lack", "supported"),
    ]
    report.write_text("smollm2:135m reaches 9999 tok/s.\n")
    done = CliRunner().invoke(app, ["check", str(report), "--reports", reports])
    assert done.exit_code == 1
    assert "contradicted" in done.stdout
    assert "1 of them not supported" in done.stdout
