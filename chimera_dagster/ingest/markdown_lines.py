"""Lines, table cells and quantities of Markdown pages and of console output pasted into them."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

from chimera_dagster.ingest.cells import MISSING, number_in
from chimera_dagster.ingest.model_names import is_model
from chimera_dagster.ingest.quantities import quantity_in
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.units import is_unit
from chimera_dagster.text.foreign import json_value

ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+(?P<key>[^:|]{1,60}?)(?::\s*|\s=\s+)(?P<value>.+)")
LONGEST_LINE = 200  # characters of a line that may be a caption or a pair
FENCE = re.compile(r"\s*+(?P<fence>`{3,}+(?=[^`]*+$)|~{3,}+)\s*+(?P<language>[\w+#-]*+)")
# Possessive throughout: a line of a million spaces or dashes must not be tried in every way
_RULE = re.compile(r"\s*+(?:\|\s*+)?+:?-++:?\s*+(?:\|\s*+:?-++:?\s*+)++(?:\|\s*+)?+")
_ONE_COLUMN = re.compile(r"\s*+\|\s*+:?-++:?\s*+\|\s*+")
_GRID = re.compile(r"\s*+[|+][-=:]++(?:[|+][-=:]++)*+[|+]\s*+")  # of console output: +-----+-----+
_PIPE = re.compile(r"(?<!\\)\|")
_SPREAD = re.compile(r"\s*+(?P<spread>\d[\d.,]*+)")
_VALUE = re.compile(
    r"[~≈]?\s*+(?P<number>[+-]?[\d.,]++(?:[eE][+-]?\d++)?+)\**+(?P<apart>\s*+)"
    r"(?P<unit>(?:(?!\+/-)[^\s\d(±*])*+)\**+\s*+(?:\([^)]*+\))?+[^\w)%(.]*+"
)
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[A-Za-z]{1,12}")
_MODEL_OPTION = re.compile(r"(?<!\S)(?:--model(?:-path)?+|-m|--hf-repo|-hf)(?:=|\s++)[\"']?+(?P<model>[^\s\"']++)")
_DRAFT_OPTION = re.compile(r"(?<!\S)--(?:draft-model|model-draft)(?:=|\s++)[\"']?+(?P<model>[^\s\"']++)")
_ESCAPED = re.compile(r"\\([|_*`])")
_WEIGHTS = (".gguf", ".bin", ".safetensors")
_BOXES = str.maketrans(
    dict.fromkeys("│┃║╎┊|", "|")
    | dict.fromkeys("─━═╌┄", "-")
    | dict.fromkeys("┌┐└┘├┤┬┴┼┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬┡┩╇╈╪╞╡╒╕╘╛╤╧", "+")
)
_HAS_BOX = re.compile("[─━═│┃║]")


class Quantity(NamedTuple):
    """A number, the unit beside it, and its spread: '99 ± 1 ms'."""

    number: float
    unit: str | None
    spread: float | None = None


def lines_of(text: str) -> list[str]:
    """The lines of a text without their ends; tables that are drawn with box characters as tables of pipes."""
    # str.splitlines also splits at characters at which no editor ends a line
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not text.isascii():
        lines = [line if line.isascii() or not _HAS_BOX.search(line) else line.translate(_BOXES) for line in lines]
    return lines


def is_rule(line: str, header: str = "") -> bool:
    """Whether this is the line between a header and its rows.

    Cells of one dash may hold no value instead, unless a header stands above; so may a line of console output.
    """
    if "-" not in line and "=" not in line:
        return False
    if _ONE_COLUMN.fullmatch(line):
        return header.strip()[:1] == "|" and len(cells_of(header)) == 1
    if _RULE.fullmatch(line):
        return all("--" in cell for cell in cells_of(line)) or len(cells_of(header)) == len(cells_of(line)) > 1
    return is_grid(line) and "|" in header and len(cells_of(header)) == len(_grid_cells(line)) > 1


def is_grid(line: str) -> bool:
    """Whether this is a line between the rows of a table of console output."""
    return "+" in line and _GRID.fullmatch(line) is not None


def width_of(rule: str) -> int:
    """How many columns a table has."""
    return len(_grid_cells(rule) if is_grid(rule) else cells_of(rule))


def _grid_cells(line: str) -> list[str]:
    return re.split(r"[|+]", line.strip()[1:-1])


def header_above(lines: Sequence[str], rule: int) -> tuple[str, ...]:
    """The names above a rule; text may be glued before them."""
    return tuple(map(bare, cells_of(lines[rule - 1])[-width_of(lines[rule]) :])) if rule else ()


def rows_below(lines: Sequence[str], rule: int) -> Iterator[tuple[int, list[str]]]:
    """The rows of the table whose rule is at `rule`, each with its place; in a grid, rules stand between them."""
    grid = is_grid(lines[rule])
    for place in range(rule + 1, len(lines)):
        line = lines[place]
        if grid and is_grid(line):
            continue
        if "|" not in line or is_rule(line):
            return
        yield place, [bare(cell) for cell in cells_of(line)]


def end_of_table(lines: Sequence[str], after: int) -> int:
    """The place after the line that a grid ends in, if one stands at `after`."""
    return after + 1 if after < len(lines) and is_grid(lines[after]) else after


def cells_of(line: str) -> list[str]:
    text = line.strip()
    text = text.removeprefix("|").removesuffix("|")
    return [cell.strip() for cell in (_PIPE.split(text) if "\\" in text else text.split("|"))]


def bare(text: str) -> str:
    """A text without marks of emphasis around it, and without the backslash before one within it."""
    text = text.strip().strip("*`_ ")
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def taken_fences(lines: list[str], start: int) -> dict[int, list[str]]:
    """Code fences by the place of their first line; their lines become empty, so that line numbers stay."""
    fences: dict[int, list[str]] = {}
    inside, opened = "", start
    for place in [at for at, line in enumerate(lines) if "```" in line or "~~~" in line]:
        if place < start or not (found := FENCE.match(lines[place])):
            continue
        fence = found["fence"]
        if not inside:
            inside, opened = fence, place
        elif fence.startswith(inside) and lines[place].strip() == fence:
            fences[opened] = lines[opened : place + 1]
            lines[opened : place + 1] = [""] * (place + 1 - opened)
            inside = ""
    if inside:
        fences[opened] = lines[opened:]
        lines[opened:] = [""] * (len(lines) - opened)
    return fences


@remembered(maxsize=10_000)
def number_of(cell: str) -> float | None:
    """The number of a cell, without its unit."""
    quantity = quantity_of(cell)
    return quantity.number if quantity else None


@remembered(maxsize=10_000)
def quantity_of(cell: str) -> Quantity | None:
    """A number, perhaps with a unit and its spread: '99 ± 1 ms'; None for any other text, such as '102 @ 5'.

    A word that the vocabulary does not know counts as a unit if a space separates it from the number: '12 widgets'.
    """
    if cell.lower() in MISSING or not _DIGIT.search(cell):
        return None
    spread = None
    if mark := next((mark for mark in ("±", "+/-") if mark in cell), ""):
        cell, spread = _without_spread(cell, mark)
    found = _VALUE.fullmatch(cell)
    number = number_in(found["number"]) if found else None
    if found is None or number is None:
        parts = quantity_in(cell)  # 1m27s
        return None if parts is None else Quantity(parts.number, parts.unit, spread)
    unit = found["unit"]
    if unit and not (is_unit(unit) or (found["apart"] and _WORD.fullmatch(unit))):
        return None
    return Quantity(number, unit or None, spread)


def _without_spread(cell: str, mark: str) -> tuple[str, float | None]:
    """`58 ± 4 ms`, `58 ms ± 4 ms` and `58 ms (±4 ms)` without their spread, and the spread, if there is one.

    A spread in another unit, `58 ms (±4%)`, is left out.
    """
    before, _, after = cell.partition(mark)
    found = _SPREAD.match(after)
    spread = number_in(found["spread"]) if found else None
    before = before.rstrip(" *")
    if found is None or spread is None or not _DIGIT.search(before):
        return cell, None
    rest = after[found.end() :].strip()
    if before.endswith("("):
        before, (own, _, rest) = before[:-1].rstrip(), rest.partition(")")
        return f"{before} {rest}", spread if before.endswith(own.strip()) else None
    if rest and before.endswith(rest):
        return before, spread
    return (f"{before} {rest}", spread) if before[-1].isdigit() or not rest else (before, None)


def model_of_command(block: Sequence[str]) -> str | None:
    """The model that the commands in a fence run, of those that name it with an option such as `--model`."""
    options = [
        found["model"] for line in block if "-m" in line or "-hf" in line for found in _MODEL_OPTION.finditer(line)
    ]
    models = {name for name in map(_of_file, options) if is_model(name)}
    return models.pop() if len(models) == 1 else None


def draft_of_command(block: Sequence[str]) -> str | None:
    """The model with which the commands in a fence draft tokens for the other one."""
    options = [found["model"] for line in block if "draft" in line for found in _DRAFT_OPTION.finditer(line)]
    return _of_file(options[-1]) if options else None


def _of_file(option: str) -> str:
    name, dot, kind = option.replace("\\", "/").rpartition("/")[2].rpartition(".")
    return name if f"{dot}{kind}" in _WEIGHTS else option


def json_in(lines: Sequence[str]) -> dict[str, Any] | None:
    """The JSON object that these lines are, also without its braces, as people paste a part of a report."""
    text = "\n".join(lines).strip()
    if not text.startswith(("{", '"')):
        return None
    if text[0] == '"':
        text = f"{{{text.removesuffix(',')}}}"
    try:
        found = json_value(text)
    except ValueError:
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None
