"""Processes that measure: how they are started, and that none outlives the one that started it."""

import multiprocessing
import os
import sys
import threading
from typing import Literal

StartMethod = Literal["fork", "forkserver", "spawn"]
# Why: see the docstring of executor.py.
CONTEXT = multiprocessing.get_context("fork") if sys.platform == "linux" else multiprocessing.get_context("spawn")


def end_with_parent() -> None:
    """End this process at once when its parent has died: nobody would take its events."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
