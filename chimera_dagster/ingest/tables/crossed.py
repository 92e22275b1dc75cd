"""Tables with a row for each model and metric, and a column for each side: `| Model | Metric | vLLM | SGLang |`."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chimera_dagster.ingest.bench_tests import by_test, tests_among
from chimera_dagster.ingest.engine_names import is_engine_alone
from chimera_dagster.ingest.metric_names import is_metric
from chimera_dagster.ingest.quantities import quantity_in
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.tables.long import METRICS, share_of
from chimera_dagster.ingest.tables.parts import UNITS, Part, Row, bare_unit, is_measured
from chimera_dagster.ingest.tables.subjects import SIDE, is_change, names_model, subject_of
from chimera_dagster.ingest.units import is_unit


class Crossed(NamedTuple):
    """The places of a crossed table's columns by kind."""

    names: tuple[str, ...]
    metric: int
    unit: int | None
    sides: tuple[int, ...]
    others: tuple[int, ...]

    def parts(self, row: Row) -> Iterator[Part]:
        """A record for each side."""
        metric = row[self.metric].strip()
        unit = bare_unit(row[self.unit]) if self.unit is not None else None
        names, cells = [self.names[place] for place in self.others], [row[place] for place in self.others]
        nothing = [None] * len(self.others)
        for place in self.sides:
            header = self.names[place]
            if is_change(header):
                yield Part((*names, f"{metric} {header}"), [*cells, row[place]], (*nothing, None), place)
                continue
            kind, value = _side_of(header)
            part = Part((*names, metric, kind), [*cells, row[place], value], (*nothing, unit, None), place)
            yield _with_length(part) if tests_among((metric,)) else part


def crossed_table(names: tuple[str, ...], plain: Sequence[str], rows: Sequence[Row]) -> Crossed | None:
    """The shape of a crossed table; `plain` are its names in their normal form. None if it is another one."""
    metric = next((place for place, name in enumerate(plain) if name in METRICS), None)
    if not metric or share_of(rows, metric, is_measured) < 0.5:  # what the first column names is transposed
        return None
    unit = next((place for place, name in enumerate(plain) if name in UNITS), None)
    rest = [place for place in range(len(names)) if place not in (metric, unit)]
    sides = [place for place in rest if role_of(names[place])[0] == "number" and share_of(rows, place, _is_value) > 0.5]
    others = [place for place in rest if place not in sides]
    if len(sides) < 2 or any(is_metric(names[place]) and not is_unit(names[place]) for place in sides):
        return None
    return Crossed(names, metric, unit, tuple(sides), tuple(others))


def _with_length(part: Part) -> Part:
    """A record of a test of llama-bench, `pp512`, with its length as a condition."""
    _, names, cells, units = by_test(part.names, part.cells, part.units)[-1]
    return Part(names, cells, units, part.column)


def _is_value(cell: str) -> bool:
    return quantity_in(cell.partition("±")[0]) is not None


def _side_of(header: str) -> tuple[str, str]:
    """What a column is about. An unknown name is not taken for a model, because rows may name theirs."""
    if is_engine_alone(header):
        return "backend", header
    kind, value = subject_of(header)
    return (SIDE, value) if kind == "model" and not names_model(header) else (kind, value)
