"""What becomes of a command whose output can't be written: its reader has ended, the disk is full, it was closed."""

import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import TextIO

from chimera_dagster.errors import OutputError

READER_GONE = 128 + signal.SIGPIPE  # what a shell reports of a command that SIGPIPE has ended


class ReaderGone(BaseException):
    """As `head -1` ends. Out of reach of typer and of whatever handles errors of files."""


@contextmanager
def writing(stream: TextIO) -> Generator[None]:
    """Raise ReaderGone if the reader of `stream` has ended, OutputError if it can't be written for another reason."""
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderGone from error
    except OSError as error:
        name = "stderr" if stream is sys.stderr else "stdout"
        raise OutputError(f"{name} can't be written: {error.strerror}.") from error


def open_closed_streams() -> None:
    """Open stdin, stdout and stderr that were closed before the start (`>&-`), as /dev/null.

    Otherwise the next file that is opened, such as a database, would take the number of the stream, and be written to.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
            os.set_inheritable(descriptor, True)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def discard_output() -> None:
    """Send what can't be written to /dev/null, also what Python would still write at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
            continue
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
