"""Rules of the evidence that failed: noted, so that one fault does not take the rest of a folder's evidence away."""

from collections.abc import Callable, Iterator
from pathlib import Path
from traceback import extract_tb
from typing import TypeVar

_Result = TypeVar("_Result")
_Data = TypeVar("_Data")


class Problems:
    """What failed while evidence was computed, as sentences that name the table, the rule and the place in the code."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def run(self, table: str, rule: str, compute: Callable[[], _Result], otherwise: _Result) -> _Result:
        """What `compute` gives, or `otherwise` if it raises anything but MemoryError."""
        try:
            return compute()
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - the only place: whatever a rule has met, the others are still true
            place = extract_tb(error.__traceback__)[-1]
            self.texts.append(
                f"{table}: the rule {rule} failed and is left out ({type(error).__name__}: {error}, in "
                f"{Path(place.filename).name} line {place.lineno}). Please report it."
            )
            return otherwise


def all_of(
    problems: Problems | None, table: str, rule: Callable[[_Data], Iterator[_Result]], data: _Data
) -> list[_Result]:
    """What a rule yields; nothing if it fails and there are `problems` to note it in."""
    if problems is None:
        return list(rule(data))
    return problems.run(table, rule.__name__.strip("_"), lambda: list(rule(data)), [])
