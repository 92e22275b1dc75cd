"""Rows of tables in an answer: a risk and its mitigation, whatever the columns are called, or a row of values."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from chimera_dagster.write.sections import Role
from chimera_dagster.write.sentences import is_sentence

Column = Literal["risk", "mitigation", "more", ""]

_DELIMITER = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{1,}:?\s*)*\|?\s*")
_CELL = re.compile(r"(?<!\\)\|")
_RISK = re.compile(r"\b(?:risk|issue|concern|threat|problem|pitfall|mislead)", re.IGNORECASE)
_MITIGATION = re.compile(
    r"\b(?:mitigat|solution|response|remed|countermeasure|action|strateg|what to do|how to)", re.IGNORECASE
)
_IN_UNIT = re.compile(r"(.*\S) ?[(\[]([^()\[\]]{1,12})[)\]]")
_NUMBER = re.compile(r"#|(?:no|nr|id|number)\.?|(?:risk )?id", re.IGNORECASE)


class Columns(NamedTuple):
    """What each column of a table has; `is_header` if the row that they come from says so, `is_row` if it is a risk."""

    kinds: tuple[Column, ...]
    header: tuple[str, ...]
    is_risks: bool
    is_header: bool
    is_row: bool


def is_delimiter(line: str) -> bool:
    """Whether a line is the rule below the header of a table."""
    return "|" in line and _DELIMITER.fullmatch(line) is not None


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in _CELL.split(line.strip().removeprefix("|").removesuffix("|"))[:_MOST]]


def columns_of(header: Sequence[str], *, is_risks: bool) -> Columns:
    """The columns of a table by its first row; `is_risks` if it stands in the section of risks."""
    kinds: list[Column] = []
    for name in header:
        kind: Column = "" if _NUMBER.fullmatch(name) else "more"
        if "mitigation" not in kinds and _MITIGATION.search(name):
            kind = "mitigation"
        elif "risk" not in kinds and kind and _RISK.search(name):
            kind = "risk"
        kinds.append(kind)
    short = all(len(name.split()) <= _LONGEST for name in header)
    named = short and ("risk" in kinds or "mitigation" in kinds)
    if not (is_risks or (short and "risk" in kinds and "mitigation" in kinds)):
        return Columns((), tuple(header), is_risks=False, is_header=False, is_row=False)
    if not named:
        kinds = ["" if not name or name.isdigit() else "more" for name in header]
        short = not any(map(is_sentence, header))  # else it is no header, but the first risk
    for wanted in ("risk", "mitigation"):
        if wanted not in kinds and "more" in kinds:
            kinds[kinds.index("more")] = wanted
    return Columns(tuple(kinds), tuple(header), is_risks=True, is_header=named, is_row=not named and not short)


def row_text(cells: Sequence[str], columns: Columns) -> Iterator[tuple[Role, str]]:
    """The cells of a row with their roles. What more it says of a risk belongs to the risk, if it is a sentence."""
    if not columns.is_risks:
        yield "text", _values(cells, columns.header)
        return
    for role in ("risk", "mitigation"):
        for cell, kind in zip(cells, columns.kinds, strict=False):
            if kind == role or (role == "risk" and kind == "more" and is_sentence(cell)):
                yield role, cell


def _values(cells: Sequence[str], header: Sequence[str]) -> str:
    """`gemma3:270m: throughput 48.5 tok/s, TTFT 95 ms`."""
    first, *others = cells
    named = [_value(name, cell) for name, cell in zip(header[1:], others, strict=False) if any(map(str.isalnum, cell))]
    return f"{first}: {', '.join(named)}" if named else first


def _value(name: str, cell: str) -> str:
    """`Time to first token (ms)` and `95` as `Time to first token 95 ms`."""
    measured = _IN_UNIT.fullmatch(name)
    if measured and cell[-1].isdigit():
        return f"{measured[1]} {cell} {measured[2]}"
    return f"{name} {cell}".strip()


_MOST = 20  # columns
_LONGEST = 5  # words of the name of a column
