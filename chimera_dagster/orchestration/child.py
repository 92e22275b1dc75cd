"""Processes that measure: how they are started, how they ended, and that none outlives its parent."""

import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.process import BaseProcess
from typing import Literal

StartMethod = Literal["fork", "forkserver", "spawn"]
# Why: see the docstring of executor.py.
CONTEXT = multiprocessing.get_context("fork") if sys.platform == "linux" else multiprocessing.get_context("spawn")


def end_with_parent() -> None:
    """End this process at once when its parent has died: nobody would take its results."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def exit_reason(process: BaseProcess) -> str:
    """Wait for the process to end; return how it ended, to complete 'The process ...'."""
    process.join()
    code = process.exitcode or 0
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
