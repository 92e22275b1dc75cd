"""SIGTERM and SIGHUP end a command as Ctrl-C does, however it was started."""

import os
import signal
from types import FrameType

_OUTPUT = (1, 2)


def end_on_signals() -> None:
    """Raise KeyboardInterrupt in the main thread for SIGINT, SIGTERM and SIGHUP.

    SIGINT stays ignored in a command that a shell put into the background, and SIGHUP in one that `nohup` started;
    SIGTERM always ends a command. It needs the handler of SIGINT: Dagster, when it restores that, sets it for SIGTERM
    too, so that a command which ignores SIGINT would ignore both. A terminal and its shell send SIGHUP twice: after the
    first signal only Ctrl-C counts, so that nothing interrupts the end.
    """
    ignored = {number for number in (signal.SIGINT, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_IGN}
    terminals = [descriptor for descriptor in _OUTPUT if os.isatty(descriptor)]
    ending = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal ending
        if number in ignored or (ending and number != signal.SIGINT):
            return
        ending = True
        if number == signal.SIGHUP:
            _leave(terminals)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def _leave(terminals: list[int]) -> None:
    """Write nothing more to a terminal that is gone: it would be an error in the midst of ending."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in terminals:
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
