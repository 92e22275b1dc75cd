"""`chimera`: one file per verb, and what verbs share. Data goes to stdout, logs and progress to stderr.

Exit codes: 0 done, 1 some trials failed, or a check did not pass, 2 wrong usage or input, 130 interrupted, 141 the
reader of the output has ended, as `head` does.
"""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from chimera_dagster.cli.signals import end_on_signals
from chimera_dagster.cli.streams import READER_GONE, ReaderGone, discard_output, open_closed_streams
from chimera_dagster.errors import ChimeraError, OutputError, StorageError
from chimera_dagster.text.foreign import shown

# A verb is a module of this package with a function, or a Typer of several commands, of the verb's name.
VERBS = {
    "sweep": "Run every trial of the sweep that has no report yet.",
    "ingest": "Read a reports folder into tables, and list what could not be read.",
    "brief": "Say what a folder of benchmark results says: the answer, how sure it is, what to do next.",
    "summary": "Show what a reports folder holds, with statistics; nothing is written.",
    "facts": "List what code can prove about a reports folder, each statement with its sources.",
    "findings": "List failures, contradictions, rankings and effects that were found in a reports folder.",
    "report": "Print the path of a trial report.",
    "check": "Check what a Markdown document says about a folder of benchmark results.",
    "compare": "Rank all trials and recommend one; compare them with a baseline.",
    "concurrency": "Compare trials run concurrently with the same trials run alone.",
    "models": "Get models for the embedded engine, list them, and remove them.",
    "doctor": "Check the installation: Python, folders, damaged files, engines and their models, GPUs, disk.",
    "env": "Show the environment that is recorded with every trial, and which engines answer.",
    "gpus": "Show the lanes of this host, the trials that hold them, and the trials that wait.",
    "search": "Search the parameter ranges of the sweep file for the best trials.",
    "schema": "Print the JSON Schema of sweep.yaml.",
    "sql": "Query all tables with read-only SQL.",
    "ui": "Start the Dagster UI.",
    "vocabulary": "Teach the readers the names that your benchmark files use.",
    "metrics": "Recompute metrics and verdicts from recorded calls.",
    "ollama": "Run an Ollama server on each GPU of this host.",
}


class _Interrupted(BaseException):
    """Ctrl-C, out of reach of typer, which would exit without a word and wait for every thread."""


class _LazyGroup(TyperGroup):
    """Lists the verbs by their summaries, and imports a verb's module once that verb is used."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name, help=summary) for name, summary in VERBS.items()}

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with _usage_on_one_line():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            with _usage_on_one_line():
                return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise _Interrupted from error
        except EOFError as error:  # of which typer says no more than "Aborted."
            if not str(error).startswith("marshal data"):
                raise
            hint = "Delete the folders __pycache__ of the installation: a disk that is full leaves such files cut off."
            raise ChimeraError(f"A file that Python has compiled is damaged: {error}.", hint=hint) from error

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, _, rest = super().resolve_command(ctx, args)
        return name, name and _load(name), rest


@contextmanager
def _usage_on_one_line() -> Generator[None]:
    """Spell out control characters in what typer says of wrong arguments, as it repeats them."""
    try:
        yield
    except typer.TyperException as error:
        error.message = shown(error.message)
        raise


def _load(name: str) -> Any:
    verb = getattr(import_module(f"{__name__}.{name}"), name)
    if not isinstance(verb, typer.Typer):
        function, verb = verb, typer.Typer(add_completion=False)
        verb.command(name)(function)
    return get_command(verb)


app = typer.Typer(cls=_LazyGroup, no_args_is_help=True, pretty_exceptions_enable=False)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(version("chimera_dagster"))
        raise typer.Exit


@app.callback()
def chimera(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turn a folder of LLM benchmark results into technical reports, one per model and parameter set."""


def main() -> None:
    """Entry point of the `chimera` script."""
    open_closed_streams()
    end_on_signals()
    try:
        app()
    except (KeyboardInterrupt, _Interrupted):
        with suppress(OSError):
            sys.stderr.write("Interrupted. Finished work is kept; the next sweep continues from there.\n")
            sys.stderr.flush()
        # At once: a normal exit would wait until llama.cpp has finished reading its prompt.
        os._exit(130)
    except ReaderGone:
        discard_output()
        sys.exit(READER_GONE)
    except ChimeraError as error:
        _end_with(error)
    except OSError as error:
        where = shown(error.filename or "stdout")
        _end_with(StorageError.of(error, where) or ChimeraError(f"{error.strerror or error}: {where}."))


def _end_with(error: ChimeraError) -> NoReturn:
    from chimera_dagster.cli.terminal import say_error  # imports rich

    with suppress(OutputError, ReaderGone):  # of stderr: there is nobody to tell
        say_error(error)
    discard_output()
    sys.exit(error.exit_code)
