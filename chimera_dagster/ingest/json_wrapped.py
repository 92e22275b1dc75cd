"""Objects in which a script keeps what a known tool wrote: `{"mode": "pp", "tokens_per_sec": 93.1, "raw": {...}}`."""

from collections.abc import Iterable
from typing import cast

from chimera_dagster.ingest.cells import CONTAINERS, plain_number
from chimera_dagster.ingest.formats.recognise import is_known


def wrapped(nested: Iterable[tuple[str, object]]) -> str | None:
    """The key of the nested object that has a known format; None if no object has one, or several do."""
    found = [name for name, item in nested if is_known(item)]
    return found[0] if len(found) == 1 else None


def numbers_in(content: object) -> frozenset[float | None]:
    """All numbers in a JSON value."""
    found, waiting = set[float | None](), [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, CONTAINERS):
            items = (
                cast("dict[str, object]", value).values() if isinstance(value, dict) else cast("list[object]", value)
            )
            waiting.extend(items)
        else:
            found.add(plain_number(value))
    return frozenset(found - {None})
