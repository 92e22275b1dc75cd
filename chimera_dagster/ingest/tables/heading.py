"""The header of a table, in one row to three, and the units below it."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from chimera_dagster.ingest.metric_names import is_metric, kinds_of
from chimera_dagster.ingest.names import is_aggregate, normal
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.tables.parts import Row, bare_unit, counts, is_known, is_quantity, is_setting, told_apart
from chimera_dagster.ingest.units import is_unit


class Heading(NamedTuple):
    """The names of a table's columns, their units if a row states them, and how many rows below the first these took.

    `subjects` are the texts above or below the names that say what a group of columns is about: `alpha:7b`; two groups
    have columns of one name.
    """

    names: tuple[str, ...]
    units: tuple[str | None, ...] | None = None
    rows: int = 0
    subjects: tuple[str, ...] = ()
    about: str = ""  # the kind of the subjects, if the table names it
    twice: tuple[str, ...] = ()  # the names that stand for two columns, of which the second is `ttft (2)`


def heading(first: Row, below: Sequence[Row]) -> Heading:
    """The header that begins with the row `first`; `below` are the rows under it, as many as there are at hand."""
    names = tuple(name.strip() for name in first)
    found = Heading(names)
    if below and not any(map(_is_data, below[0])):
        if three := _three_levels(names, below):
            return three
        body = [row for row in below if len(row) == len(first)]
        if len(body) > 1 and len(body[0]) == len(below[0]) and (levels := _two_levels(names, body)):
            found = levels
        rest = below[found.rows :]
        if _is_units(rest) and len(rest[0]) <= len(names):
            units = [*map(bare_unit, rest[0]), *[None] * (len(names) - len(rest[0]))]
            found = found._replace(units=tuple(units), rows=found.rows + 1)
    if found.subjects or len({*found.names}) == len(names):
        return found
    twice = sorted(name for name, count in Counter(found.names).items() if name and count > 1)
    return found._replace(names=told_apart(found.names), twice=tuple(twice))


def _is_units(below: Sequence[Row]) -> bool:
    """Whether the first row holds no number, and a unit above a number of the second one."""
    if len(below) < 2 or any(is_quantity(cell) for cell in below[0]) or (below[0] and is_setting(below[0][0])):
        return False
    pairs = [(bare_unit(unit) or "", cell) for unit, cell in zip(below[0], below[1], strict=False)]
    return any(is_unit(unit) and is_quantity(cell) for unit, cell in pairs)


def _two_levels(names: tuple[str, ...], body: Sequence[Row]) -> Heading | None:
    """A header in two rows: groups of columns, and what they are within their group; or None.

    The second row tells apart columns to which the first gives one name, or it has only aggregates. As pandas writes
    them, a third row names the columns on the left.
    """
    second = [cell.strip() for cell in body[0]]
    if any(map(_is_data, second)) or not any(second):
        return None
    groups = _filled(names, second)
    numeric = [place for place in range(len(names)) if any(is_quantity(row[place]) for row in body[1:])]
    groups_of = Counter(group for group in groups if group)
    repeated = [place for place, group in enumerate(groups) if groups_of[group] > 1]
    aggregates = [cell for cell in second if cell and (is_aggregate(cell) or normal(cell)[0] in counts())]
    apart = {(groups[place], second[place]) for place in repeated}
    tells_apart = len(apart) == len(repeated) and all(second[place] for place in repeated)
    if not {*numeric} & {*(repeated or range(len(names)))} or not tells_apart:
        return None
    if not repeated and (len(aggregates) < sum(map(bool, second[1:])) or not aggregates):
        return None
    left, rows = _index_names(names, second, body[1])
    if {*left} & {*repeated}:
        left, rows = dict[int, str](), 0
    levels = [*zip(groups, second, strict=True)]
    is_label = role_of(second[0] or names[0])[0] != "number"
    columns = [place for place in numeric if place not in left and not (place == 0 and is_label)]
    for measured, other in ((0, 1), (1, 0)):
        if columns and all(_is_subject(levels[place][other], levels[place][measured]) for place in columns):
            subjects = tuple(level[other] if place in columns else "" for place, level in enumerate(levels))
            in_groups = tuple(left.get(place) or level[measured] or level[other] for place, level in enumerate(levels))
            corner = (names[0], second[0])[other]
            about = corner if is_setting(corner) else ""
            return Heading(in_groups, None, 1 + rows, subjects, about)
    joined = [left.get(place) or _joined(*level) for place, level in enumerate(levels)]
    for place in range(len(levels)):
        if joined[place] in counts() and joined[place] in joined[:place]:  # the first one is the record's n
            joined[place] = " ".join(levels[place])
    joined = tuple(joined)
    return Heading(joined, None, 1 + rows)


def _three_levels(names: tuple[str, ...], below: Sequence[Row]) -> Heading | None:
    """A header in three rows, of which the last two say what the numbers are, and the first only groups them; or None.

    The last row has aggregates, perhaps with units, and none above the columns that name a record.
    """
    if len(below) < 3 or any(len(row) != len(names) for row in below[:3]) or any(map(is_quantity, below[1])):
        return None
    second, third = ([cell.strip() for cell in row] for row in below[:2])
    numeric = {place for place, cell in enumerate(below[2]) if is_quantity(cell)}
    made = {place for place, cell in enumerate(third) if cell}
    if not made or not all(is_aggregate(third[place]) for place in made) or not made <= numeric or "" in second[:1]:
        return None
    groups = _filled(tuple(second), third)
    joined = tuple(f"{group} {name}" if name else group for group, name in zip(groups, third, strict=True))
    known = all(is_metric(joined[place]) for place in made) and len({*joined}) == len(joined)
    return Heading(joined, None, 2) if known and all(joined) else None


def _is_data(cell: str) -> bool:
    return is_quantity(cell) and not is_aggregate(cell)


def _is_subject(name: str, beside: str) -> bool:
    return bool(name and kinds_of(beside)) and not is_known(name)


def _filled(names: tuple[str, ...], second: Sequence[str]) -> list[str]:
    """The names of groups, which a spreadsheet writes only above the first column of each."""
    groups, group = list[str](), ""
    for name, below in zip(names, second, strict=True):
        group = name or (group if below else "")
        groups.append(group)
    return groups


def _index_names(names: tuple[str, ...], second: Sequence[str], third: Row) -> tuple[dict[int, str], int]:
    """The names of the columns on the left, if a third row has nothing else, and how many rows that took."""
    found = {place: cell.strip() for place, cell in enumerate(third) if cell.strip()}
    levels = [(names[place], second[place]) for place in found]
    on_the_left = [*found] == [*range(len(found))] and 0 < len(found) < len(third)
    if not on_the_left or any(is_quantity(cell) for cell in found.values()):
        return {}, 0
    unnamed = all(not group and not name for group, name in levels)
    return (found, 1) if unnamed or all(role_of(cell)[0] != "number" for cell in found.values()) else ({}, 0)


def _joined(group: str, name: str) -> str:
    """One name of the two levels: what is measured and the aggregate, or the lower one if it says all itself."""
    if not (group and name) or group == name:
        return group or name
    if normal(name)[0] in counts():
        return name
    whole = f"{group} {name}"
    says_all = role_of(name)[0] not in ("number", "identifier") or is_metric(name)
    return name if says_all and not is_metric(whole) and not is_aggregate(name) else whole
