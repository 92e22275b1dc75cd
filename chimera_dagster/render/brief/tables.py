"""What each model did, as tables: at equal conditions, and by configuration."""

from collections.abc import Iterator, Sequence

from chimera_dagster.evidence.measures import USED, Measure
from chimera_dagster.evidence.setups import varying
from chimera_dagster.notes.performance import Column, Row, Value, columns_of, conditions
from chimera_dagster.notes.phrase import plain
from chimera_dagster.notes.reading import range_text
from chimera_dagster.render.blocks import Block, Code, Content, Details, Inline, LineBreak, Link, Table, Text
from chimera_dagster.render.brief.words import EVIDENCE, written
from chimera_dagster.schemas import TTFT

_ROWS = 6  # of configurations that are shown at once
_COLUMNS = 6  # of measures by model
_ANSWERED = 2  # measures that answer first
_BESIDE = 4  # models whose names have room as the heads of columns
_FEW = 3  # of measures by configuration, where conditions need the room; the evidence has all
MOST = 1_000  # rows of one table, so that a browser stays quick
_SHORT = {
    TTFT: "first token",
    "decode_tok_s": "decode",
    "output_tok_s": "output",
    "prefill_tok_s": "prefill",
    "tpot_ms": "per output token",
    "e2e_ms": "whole answer",
}


def model_table(rows: Sequence[Row]) -> Iterator[Block]:
    """The values alone, of few models beside each other: the chart has their intervals.

    Models without a value of the measures that answer first are left to the other tables.
    """
    if not rows:
        return
    answer = list(dict.fromkeys(column.measure for column in columns_of(rows)))[:_ANSWERED]
    rows = [row for row in rows if any(column.measure in answer for column in row.values)]
    columns = _shown(columns_of(rows), _COLUMNS)
    caption = f"By model, at equal conditions: {_kinds(rows, columns, intervals=False)}"
    values = [[row.values[column].text if column in row.values else "–" for column in columns] for row in rows]
    if len(rows) > _BESIDE:
        header = ("model", *(column_words(column) for column in columns))
        body = tuple((_code(row.model), *texts) for row, texts in zip(rows, values, strict=True))
    else:
        header = ("", *(row.model for row in rows))
        body = tuple(
            (column_words(column), *texts) for column, texts in zip(columns, zip(*values, strict=True), strict=True)
        )
    yield Table(header, body, caption, frozenset(range(1, len(header))))


def configuration_table(rows: Sequence[Row]) -> Iterator[Block]:
    """The configurations with the most runs and a value of the first measures; the others are folded, with more."""
    every = columns_of(rows)
    few = _shown(every, _FEW)
    first = [place for place, row in enumerate(rows[:MOST]) if row.values.keys() & set(every[:_FEW])][:_ROWS]
    if not first:
        return
    caption = f"By configuration: {_kinds([rows[place] for place in first], few)}"
    if len(rows) > len(first):
        caption += f". {len(first)} of {len(rows):,}, those with the most runs"
    yield _configurations(rows, few, caption, first)
    others = [place for place in range(len(rows)) if place not in first]
    if others:
        summary = f"{len(others):,} more configurations"
        if len(others) > MOST:
            summary += f", as far as they are among the first {MOST:,}"
        yield Details(
            summary,
            (_configurations(rows, _shown(every, _COLUMNS), summary, [place for place in others if place < MOST]),),
            on_paper=False,
        )


def _shown(columns: Sequence[Column], most: int) -> list[Column]:
    """The first columns of speed and scores, and those of memory and power."""
    beside = [column for column in columns if column.measure in USED]
    return [*[column for column in columns if column.measure not in USED][:most], *beside]


def column_words(column: Column) -> str:
    said = [short_words(column.measure), *([column.at] if column.at else [])]
    if column.measure.metric == TTFT:
        said.append("cold" if column.cold else "warm")
    return ", ".join(said)


def short_words(measure: Measure) -> str:
    """As the head of a column has them: `first token` for the time to it."""
    return _SHORT.get(measure.metric, measure.words)


def row_anchor(number: int) -> str:
    return f"c{number}"


def _configurations(rows: Sequence[Row], columns: Sequence[Column], caption: str, places: Sequence[int]) -> Table:
    named = [rows[place].named for place in places]
    differing = varying(named)
    common = conditions({name: value for name, value in named[0].items() if name not in differing})
    if common:
        caption += f". All at {plain(common).replace('`', '')}"
    body = tuple(
        (
            _code(row.model),
            written(conditions(row.named, differing)) or ("as above" if common else "none named"),
            *(_value(row, column) for column in columns),
            (_from(row, place + 1),),
        )
        for place in places
        for row in (rows[place],)
    )
    header = ("model", "conditions", *(column_words(column) for column in columns), "from")
    return Table(header, body, caption, frozenset(range(2, len(header))))


def _value(row: Row, column: Column) -> Content:
    """The value, and below it its interval, the runs behind it and, once in a row, those that failed."""
    value = row.values.get(column)
    if value is None:
        return "–"
    parts: list[Inline] = [Text(value.text)]
    said: list[str] = []
    if value.low is not None and value.high is not None:
        said.append(_range(value))
    if value.n and column.measure not in USED:
        said.append(f"n={value.n:,}")
    elif value.stated:
        said.append("stated")
    first = next((each for each in columns_of([row]) if not each.cold and not row.values[each].stated), None)
    if row.failed and column == first:
        said.append(f"{row.failed:,} failed")
    return (*parts, LineBreak(), Text(f"({', '.join(said)})")) if said else tuple(parts)


def _range(value: Value) -> str:
    """The interval, without its unit if that is the one of the value above it."""
    text = range_text(value.low or 0.0, value.high or 0.0, value.unit)
    unit = value.text.partition(" ")[2]
    return text.removesuffix(f" {unit}") if unit and text.count(unit) == 1 else text


def _from(row: Row, number: int) -> Link:
    files = {file for value in row.values.values() for file, _ in value.sources}
    return Link(f"{len(files)} {'file' if len(files) == 1 else 'files'}", f"#{row_anchor(number)}", EVIDENCE)


def _kinds(rows: Sequence[Row], columns: Sequence[Column], *, intervals: bool = True) -> str:
    """What the values are: `geometric mean of warm runs with its 95 % interval; cold: median`."""
    every = [(column, value) for row in rows for column, value in row.values.items() if column in columns]
    values = [value for column, value in every if not column.cold and column.measure not in USED]
    kinds = list(dict.fromkeys(value.kind for value in values if not value.stated))
    said = [f"{' or '.join(kinds)} of warm runs"] if kinds else []
    if any(value.stated for value in values):
        said.append("else what the files state" if kinds else "as the files state it")
    if intervals and any(value.low is not None for value in values):
        said.append("95 % interval in brackets")
    if any(column.cold for column in columns):
        said.append("cold: median")
    beside = {column.measure.words: value.kind for column, value in every if column.measure in USED}
    if beside:
        said.append(f"{' and '.join(beside)}: the {' or '.join(sorted(set(beside.values())))} of all its runs")
    return "; ".join(said)


def _code(name: str) -> Content:
    return (Code(name),)
