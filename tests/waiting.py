"""Waiting for what other processes do."""

import time
from collections.abc import Callable
from typing import TypeVar

import psutil

T = TypeVar("T")
PATIENCE_S = 120


def wait_for(look: Callable[[], T | None], what: str) -> T:
    """The first result of `look` that is true; fails after `PATIENCE_S` naming `what`."""
    until = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < until, f"no {what} within {PATIENCE_S} s"
        time.sleep(0.02)
    return found


def is_gone(pid: int) -> bool:
    """Whether a process has ended; a zombie has."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
