"""Numeric columns that the vocabulary does not list and that say how a run was made: `Kontext`, `driver`, `Experts`.

A setting is chosen, so its values are round and are shared by rows or rise step by step, while a measured number varies
freely. A column is one only beside a known metric, and only if it tells apart rows that nothing else does. The same
holds for `input_tokens`, which is also what a request was measured to have.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from chimera_dagster.ingest.cells import MISSING, number_in, plain_number
from chimera_dagster.ingest.meanings import meaning
from chimera_dagster.ingest.metric_names import kinds_of
from chimera_dagster.ingest.names import normal
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.units import is_unit, kind_of

PROMPT_TOKENS = "prompt_tokens"  # the metric, and the condition that it is if its values were chosen
MOST_ROWS = 40  # of a table in which a name that says nothing may be that of a setting
_MOST_LEVELS = 12
_MOST_CROSSED = 24  # values that a plan of runs has of one setting
_SHARE_OF_PLAN = 0.6  # of these, that each model or setting has on average
_SMALL = 10  # up to here, every whole number and half is one that people choose
_IS_SIZE = re.compile(
    r"(?:num|n|number)_(?:of_)?+(?!fail|err|success|complet|token|word|char|request|correct).+|.+_(?:size|len|length)"
)
_COUNTS = frozenset({"tokens", "requests", "MiB", "score"})  # kinds of units that alone make no benchmark


@remembered(maxsize=4_096)
def has_metric(names: tuple[str, ...]) -> bool:
    """Whether one of the columns has a time, a rate, a power or a share of right answers."""
    return any(kinds_of(name) - _COUNTS for name in names)


@remembered(maxsize=10_000)
def is_prompt_length(name: str) -> bool:
    """Whether a column has the prompt's length in tokens, which was measured or chosen."""
    found = meaning(name)
    return role_of(name)[0] == "number" and (found.metric, found.aggregate) == (PROMPT_TOKENS, None)


@remembered(maxsize=10_000)
def may_have_levels(name: str) -> bool:
    """Whether nothing in an unlisted name says that its number was measured: a unit or an aggregate does."""
    found = meaning(name)
    unit = found.original_unit
    is_count = unit is None or (is_unit(unit) and kind_of(unit) in ("tokens", "W"))
    return found.aggregate is None and is_count


@remembered(maxsize=10_000)
def is_size(name: str) -> bool:
    """Whether a name says how many or how long what it counts is: `num_of_nodes`, `window_size`."""
    return _IS_SIZE.fullmatch(normal(name)[0]) is not None


def levels_among(
    names: tuple[str, ...],
    fields: Mapping[int, bool],
    records: Sequence[Sequence[object]],
    apart: Sequence[int],
    *,
    is_log: bool,
) -> frozenset[str]:
    """The names of the columns that are settings.

    `fields` are the places of those that may be, and whether the name alone says so; `apart` has a number per record,
    equal for those that have the same model and the same known settings. A log lists single runs or requests.
    """
    chosen = set[str]()
    for place, is_named in sorted(fields.items(), key=lambda field: not field[1]):
        is_small = len(records) <= MOST_ROWS and not is_log
        values = _numbers([record[place] for record in records])
        if not is_small and not is_named:
            if not (values and is_crossed(values, apart)) and (is_log or not is_size(names[place])):
                continue
            is_small = True
        is_length = is_prompt_length(names[place])
        if values is None or not _are_levels(values, apart, is_named=is_named, is_small=is_small, is_length=is_length):
            continue
        together = [*zip(apart, values, strict=True)]
        if len({*together}) > len({*apart}):
            chosen.add(names[place])
            codes = {key: code for code, key in enumerate(dict.fromkeys(together))}
            apart = [codes[key] for key in together]
    return frozenset(chosen)


def _numbers(cells: Iterable[object]) -> list[float | None] | None:
    """The numbers of a column, None for a missing one; None in all if a cell has something else."""
    values = list[float | None]()
    for cell in cells:
        is_missing = cell is None or (isinstance(cell, str) and cell.strip().lower() in MISSING)
        value = None if is_missing or isinstance(cell, bool) else plain_number(cell)
        if value is None and isinstance(cell, str):
            value = number_in(cell)
        if value is None and not is_missing:
            return None
        values.append(value)
    return values


def _are_levels(
    values: Sequence[float | None], apart: Sequence[int], *, is_named: bool, is_small: bool, is_length: bool
) -> bool:
    numbers = [value for value in values if value is not None]
    different = {*numbers}
    if len(different) < 2 or 2 * len(numbers) < len(values) or len(different) > max(_MOST_LEVELS, len(numbers) // 4):
        return False
    is_shared = 2 * len(different) <= len(numbers)
    if is_length:
        return all(map(_is_length, different)) and (is_shared or _are_steps(values, apart))
    if is_named:
        return is_shared or (is_small and all(map(_is_round, different)))
    are_usual = all(map(_is_round, different))
    return are_usual and (is_shared or (_are_steps(values, apart) and (len(different) > 2 or _are_powers(different))))


def is_crossed(values: Sequence[float | None], apart: Sequence[int]) -> bool:
    """Whether several models or settings have most of the same few round values, as a plan of runs has them.

    Numbers that count up are those of repeats.
    """
    groups = dict[int, set[float]]()
    for group, value in zip(apart, values, strict=True):
        if value is not None:
            groups.setdefault(group, set()).add(value)
    union = set[float]().union(*groups.values())
    if not 1 < len(union) <= _MOST_CROSSED or not all(map(_is_round, union)):
        return False
    counts_up = min(union) in (0, 1) and max(union) - min(union) == len(union) - 1
    several = [group for group in groups.values() if len(group) > 1]
    shares = sum(len(group) for group in groups.values()) / (len(groups) * len(union))
    return len(several) > 1 and not counts_up and shares >= _SHARE_OF_PLAN


def _are_steps(values: Sequence[float | None], apart: Sequence[int]) -> bool:
    """Whether the values rise, or fall, from each record to the next one of the same model and settings."""
    groups = dict[int, list[float]]()
    for group, value in zip(apart, values, strict=True):
        if value is not None:
            groups.setdefault(group, []).append(value)
    rows = [[*pairwise(group)] for group in groups.values()]
    rises, falls = (all(sign * one < sign * other for row in rows for one, other in row) for sign in (1, -1))
    return any(rows) and (rises or falls)


def _is_round(value: float) -> bool:
    """Whether people choose such a number: a small one, one in fives or eights, or a power of two."""
    if value < 0:
        return False
    if value <= _SMALL:
        return (4 * value).is_integer() or (value < 1 and (10 * value).is_integer())
    return value.is_integer() and (value % 5 == 0 or value % 8 == 0)


def _is_length(tokens: float) -> bool:
    """Whether people choose prompts of so many tokens: a power of two, in sixty-fours, or in fifties."""
    return tokens.is_integer() and (tokens % 64 == 0 or tokens % 50 == 0 or _is_power(tokens))


def _are_powers(values: Iterable[float]) -> bool:
    return all(value >= _SMALL and _is_power(value) for value in values)


def _is_power(value: float) -> bool:
    return value.is_integer() and value >= 1 and int(value) & (int(value) - 1) == 0
