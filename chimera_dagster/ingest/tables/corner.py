"""Tables whose corner names the metric: `| TTFT (ms) | 1 | 8 | 16 |` above a row for each engine."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chimera_dagster.ingest.engine_names import is_engine_alone
from chimera_dagster.ingest.metric_names import is_metric, kinds_of
from chimera_dagster.ingest.quantities import quantity_in
from chimera_dagster.ingest.tables.parts import Part, Row, is_known, is_quantity
from chimera_dagster.ingest.tables.subjects import SIDE, is_change, names_model, subject_of
from chimera_dagster.ingest.unlisted_settings import is_short


class Corner(NamedTuple):
    """The header of such a table."""

    names: tuple[str, ...]
    units: tuple[str | None, ...] | None

    def parts(self, row: Row) -> Iterator[Part]:
        """A record for each cell with a value: what the row and what the column is about."""
        metric, unit = self.names[0], self.units[0] if self.units else None
        of_row = _about(row[0].strip(" *`"))
        for place in range(1, len(self.names)):
            header, cell = self.names[place], row[place]
            if not _is_value(cell):
                continue
            if is_change(header):
                yield Part((f"{metric} {header}",), [cell], (None,), place)
                continue
            said = _joined(of_row, _about(header))
            names, values = [name for name, _ in said], [value for _, value in said]
            yield Part((metric, *names), [cell, *values], (unit, *[None] * len(said)), place)


def corner_table(names: tuple[str, ...], units: tuple[str | None, ...] | None, rows: Sequence[Row]) -> Corner | None:
    """The shape of such a table; None if it is another one."""
    corner, *others = names
    if len(others) < 2 or not rows or not is_metric(corner) or len({*others}) < len(others):
        return None
    if not all(_says_side(name) for name in others) or not any(not is_change(name) for name in others):
        return None
    labels = [row[0].strip(" *`") for row in rows]
    if any(is_quantity(label) or not is_short(label) or kinds_of(label) for label in labels):
        return None
    cells = [cell for row in rows for cell in row[1:]]
    return Corner(names, units) if 2 * sum(map(_is_value, cells)) > len(cells) else None


def _says_side(name: str) -> bool:
    """Whether a header is a number, a comparison, or something that is known to be no column of values."""
    if name.isdigit() or is_change(name):
        return True
    kind, _ = subject_of(name)
    return not is_known(name) and (kind != "model" or names_model(name) or is_engine_alone(name))


def _about(text: str) -> tuple[str, str]:
    kind, value = subject_of(text)
    if kind == "model" and is_engine_alone(text):
        return "backend", text
    is_unknown = kind == "run" or (kind == "model" and not names_model(text))
    return (SIDE, text) if is_unknown else (kind, value)


def _joined(one: tuple[str, str], other: tuple[str, str]) -> list[tuple[str, str]]:
    """What a cell is about; if nothing knows its row nor its column, they are one variant."""
    return [(one[0], f"{one[1]} / {other[1]}")] if one[0] == other[0] else [one, other]


def _is_value(cell: str) -> bool:
    return quantity_in(cell.strip(" *").partition("±")[0]) is not None
