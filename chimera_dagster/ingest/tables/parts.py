"""What the shapes of tables share: rows, records, and what a single name or cell says."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from chimera_dagster.ingest.metric_names import kinds_of
from chimera_dagster.ingest.names import is_aggregate, normal
from chimera_dagster.ingest.quantities import quantity_in
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.vocabulary import vocabulary

VALUES = frozenset({"value", "values", "result", "results", "reading", "measured", "metric_value", "wert", "valeur"})
UNITS = frozenset({"unit", "units", "metric_unit", "einheit", "unité"})
Row = Sequence[str]


class Part(NamedTuple):
    """A record of a table: its names, cells and units, and the column that it is or begins at, if it is not a row."""

    names: tuple[str, ...]
    cells: list[str]
    units: tuple[str | None, ...]
    column: int | None = None


def is_quantity(cell: str) -> bool:
    """Whether a cell is a number, perhaps with a unit."""
    return quantity_in(cell) is not None


def told_apart(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names with ` (2)` at the second of two that are equal, and so on."""
    if len({*names}) == len(names):
        return names
    seen, apart = Counter[str](), list[str]()
    for name in names:
        seen[name] += 1
        apart.append(f"{name} ({seen[name]})" if name and seen[name] > 1 else name)
    return tuple(apart)


def bare_unit(cell: str) -> str | None:
    """The unit in a cell such as `[ms]`; None if it is empty."""
    return cell.strip().strip("()[]").strip() or None


def is_setting(name: str) -> bool:
    return role_of(name)[0] in ("context", "condition", "parameter")


def counts() -> list[str]:
    return vocabulary().counts


def is_known(name: str) -> bool:
    """Whether a name says what a number is, or how it was made."""
    if is_aggregate(name) or normal(name)[0] in (*counts(), *VALUES, *UNITS):
        return True
    return bool(kinds_of(name)) or role_of(name)[0] != "number"


def is_measured(name: str) -> bool:
    return bool(kinds_of(name)) and not is_aggregate(name)
