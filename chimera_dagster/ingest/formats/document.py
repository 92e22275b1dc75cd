"""A JSON object of a known format, as its reader sees it."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from math import isfinite
from typing import Any, Self, cast

from chimera_dagster.ingest.cells import CONTAINERS, plain_number, text_of
from chimera_dagster.ingest.collector import Collector, Figure
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.page import Page, figure_of
from chimera_dagster.ingest.names import is_aggregate
from chimera_dagster.ingest.remembered import remembered

Path = tuple[str | int, ...]


class Document(Page):
    """The object, or a part of it (see `at`). A number counts as read when a reader asks for it.

    A path is keys and places in lists: `document.number("benchmarks", 0, "rate")`. What is missing is None.
    """

    def __init__(self, content: Mapping[str, Any], where: str, collector: Collector, context: Context) -> None:
        """`where` names the object: '' for the whole file, 'line 3' or '/0'."""
        super().__init__(collector, context)
        self.content = content
        self._root, self._path, self._where, self.whole = content, Path(), where, not where
        self._read: set[Path] = set()

    def at(self, *path: str | int) -> Self:
        """A part of the object, in the same document; empty if it is missing or is not an object."""
        part = object.__new__(type(self))
        part.__dict__.update(self.__dict__)
        found = self.get(*path)
        part.content = cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}
        part._path = (*self._path, *path)
        return part

    def each(self, *path: str | int) -> Iterator[Self]:
        """Every object of a list, or of an object's values; empty if it is missing."""
        found = self.get(*path)
        if isinstance(found, list):
            yield from (self.at(*path, place) for place in range(len(cast("list[Any]", found))))
        elif isinstance(found, dict):
            yield from (self.at(*path, key) for key in cast("dict[str, Any]", found))

    @property
    def key(self) -> str:
        """The last part of the path to here."""
        return str(self._path[-1]) if self._path else ""

    def get(self, *path: str | int) -> Any:
        """What is there, of any type; it does not count as read."""
        if not path:
            return self.content
        found = self.content.get(cast("str", path[0]))
        for part in path[1:]:
            if isinstance(found, dict) and isinstance(part, str):
                found = cast("dict[str, Any]", found).get(part)
            elif isinstance(found, list) and isinstance(part, int) and part < len(cast("list[Any]", found)):
                found = found[part]
            else:
                return None
        return found

    def number(self, *path: str | int) -> float | None:
        """The finite number that is there."""
        found = plain_number(self.get(*path))
        if found is not None:
            self._read.add(self._path + path)
        return found

    def text(self, *path: str | int) -> str | None:
        """The text that is there, or the number as text."""
        found = self.get(*path)
        if plain_number(found) is not None:
            self._read.add(self._path + path)
        return text_of(found)

    def setting(self, *path: str | int) -> float | str | None:
        """A number or a text, as conditions have them."""
        number = self.number(*path)
        return self.text(*path) if number is None else number

    def figure(
        self, metric: str, *path: str | int, unit: str | None = None, aggregate: str | None = None
    ) -> Figure | None:
        """The number that is there as a value of `metric`; `unit` is that of the file, None for the canonical one."""
        found = figure_of(metric, self.get(*path), _pointer(path)[1:], unit, aggregate)
        if found is not None:
            self._read.add(self._path + path)
        return found

    def cell(
        self,
        metric: str,
        column: str,
        place: int,
        unit: str | None = None,
        aggregate: str | None = None,
        *,
        within: str | None = None,
    ) -> Figure | None:
        """As `figure`, of a list with one number per record; the record is `*/place` (see `record`).

        If the lists stand in objects, `within` is their key there, and the record is `*/within/place`.
        """
        path = (column, place) if within is None else (column, within, place)
        found = figure_of(metric, self.get(*path), column, unit, aggregate)
        if found is not None:
            self._read.add(self._path + path)
        return found

    def record(self, figures: Iterable[Figure | None], context: Context, below: str = "") -> None:
        """Add a record that stands here, or `below` here: `*/3` is place 3 of the lists that `cell` reads."""
        pointer = f"{_pointer(self._path)}/{below}" if below else _pointer(self._path)
        self.add(f"{self._where}{pointer}" or "/", figures, context)

    def counted(self) -> tuple[int, Counter[str]]:
        return len(self._read), _unread(self._root, self._read)


def _unread(root: Mapping[str, Any], read: set[Path]) -> Counter[str]:
    """The names of the numbers that were not read; those of a list of which none was read are counted together."""
    unread: Counter[str] = Counter()
    in_part = {path[:-1] for path in read if isinstance(path[-1], int)}  # lists
    waiting: deque[tuple[Path, Any]] = deque([((), root)])
    while waiting:
        above, holder = waiting.popleft()
        if isinstance(holder, list):
            items = cast("list[Any]", holder)
            if above not in in_part and {*map(type, items)} in ({float}, {int}):  # it may have millions of gaps
                if count := _finite(items):
                    unread[_name(above)] += count
                continue
            entries: Iterable[tuple[str | int, Any]] = enumerate(items)
        else:
            entries = holder.items()
        for key, item in entries:
            if isinstance(item, str):
                continue
            path = (*above, key)
            if isinstance(item, CONTAINERS):
                waiting.append((path, item))
            elif path not in read and plain_number(item) is not None:
                unread[_name(path)] += 1
    return unread


def _finite(numbers: list[float]) -> int:
    try:
        return sum(map(isfinite, numbers))
    except OverflowError:  # an integer that no float holds
        return sum(plain_number(number) is not None for number in numbers)


@remembered(maxsize=10_000)
def _name(path: Path) -> str:
    """The key of a number, with the one above if it only says which aggregate it is, or that it is a value."""
    keys = [part for part in path if isinstance(part, str)]
    if len(keys) > 1 and (keys[-1] in ("value", "values") or is_aggregate(keys[-1])):
        return "/".join(keys[-2:])
    return keys[-1] if keys else "numbers in a list"


@lru_cache(maxsize=10_000)
def _pointer(path: Path) -> str:
    """The path as a JSON pointer."""
    return "".join(f"/{_escaped(part)}" for part in path)


def _escaped(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
