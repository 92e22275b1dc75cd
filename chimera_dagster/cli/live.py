"""What the live bars of the commands share."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress


class Live:
    """Shows its bar while the `with` block runs."""

    _bar: Progress

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


def print_line(console: Console, line: str) -> None:
    """A permanent line above a bar; nothing in it is markup."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)
