"""What the live bars of the commands share."""

from types import TracebackType
from typing import Self

from rich.progress import Progress

from chimera_dagster.cli.terminal import Terminal
from chimera_dagster.text.foreign import one_line


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


def print_line(console: Terminal, line: str) -> None:
    """A permanent line above a bar."""
    console.print(one_line(line), soft_wrap=True)
