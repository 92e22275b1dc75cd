"""`chimera`: one file per verb. Data goes to stdout, logs and progress to stderr.

Exit codes: 0 done, 1 some trials failed or a report's claim did, 2 wrong usage or input, 130 interrupted.
"""

import os
import sys

import typer

from chimera_dagster.cli import (
    check,
    compare,
    concurrency,
    doctor,
    env,
    facts,
    findings,
    gpus,
    ingest,
    metrics,
    ollama,
    report,
    schema,
    search,
    sql,
    summary,
    sweep,
    ui,
)
from chimera_dagster.errors import ChimeraError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A folder of LLM benchmark results becomes technical reports, one per model and parameter set.",
)
for verb in (
    sweep.sweep,
    ingest.ingest,
    summary.summary,
    facts.facts,
    findings.findings,
    report.report,
    check.check,
    compare.compare,
    concurrency.concurrency,
    doctor.doctor,
    env.env,
    gpus.gpus,
    search.search,
    schema.schema,
    sql.sql,
    ui.ui,
):
    app.command()(verb)
app.add_typer(metrics.app, name="metrics")
app.add_typer(ollama.app, name="ollama")


def main() -> None:
    """Entry point of the `chimera` script."""
    try:
        app()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. What is done stays; the next sweep does the rest.\n")
        sys.stderr.flush()
        # At once: a normal exit would wait until llama.cpp is through with the prompt it reads.
        os._exit(130)
    except ChimeraError as error:
        sys.stderr.write(f"Error: {error.message}\n" + (f"  {error.hint}\n" if error.hint else ""))
        sys.exit(error.exit_code)
