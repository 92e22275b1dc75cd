"""Whether numbers are in the unit that their name implies: scripts divide Ollama's nanoseconds and keep its names.

All columns of a file that have such a name are decided together, by what is usual for the metric, by the counts and
rates beside it, and by parts that lie within their whole. The implied unit stays unless another one is far likelier.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import log10
from typing import NamedTuple

import numpy as np

from chimera_dagster.ingest.batch import Batch, Floats, Ints, Sheet, Truths
from chimera_dagster.ingest.field_roles import MetricColumn
from chimera_dagster.ingest.meanings import assumed_unit
from chimera_dagster.ingest.plausibility import Doubts
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.vocabulary import vocabulary

# The usual size of a value as a decimal logarithm, and how many decades are usual around it
_USUAL = {
    "total_ms": (3.5, 1.0),
    "load_ms": (2.3, 1.5),
    "prompt_eval_ms": (2.3, 1.3),
    "eval_ms": (3.3, 1.2),
    "power_w": (2.0, 0.7),
}
_USUAL_RATES = {("output_tokens", "eval_ms"): (1.5, 0.9), ("prompt_tokens", "prompt_eval_ms"): (2.5, 1.5)}
_STATED_RATES = (("decode_tok_s", "eval_ms", "output_tokens"), ("prefill_tok_s", "prompt_eval_ms", "prompt_tokens"))
_WIDE = 4.0  # widths within which a value needs no second look
_FAST_TOK_S = 2e4  # nor does an answer below this rate
_PARTS = ("load_ms", "prompt_eval_ms", "eval_ms")
# Penalties are halves of squared deviations: a difference of 2.5 is odds of 12 to 1
_CLEAR = 2.5
_IMPLIED = 6.0  # what speaks for the unit that the name implies
_MIXED = 4.0  # and against each further unit among the columns of a file
_UNLIKELY = 8.0
_MOST = 20.0
_BROKEN_NS = 1e6  # a fraction of a nanosecond can only be a mean, which is larger than this
_WORDS = {"ns": "nanoseconds", "us": "microseconds", "ms": "milliseconds", "s": "seconds", "w": "W", "mw": "mW"}


class Part(NamedTuple):
    """The records of one file in a batch: those from `start` to before `stop`."""

    file: str
    start: int
    stop: int


class _Evidence(NamedTuple):
    """`value`, a logarithm, plus the shifts of `metrics` (by sign) should be `usual`, or not above it if `limit`."""

    metrics: Mapping[str, int]
    value: float
    usual: float
    width: float
    limit: bool = False

    def against(self, shifts: Mapping[str, float]) -> float:
        off = self.value + sum(sign * shifts.get(metric, 0.0) for metric, sign in self.metrics.items()) - self.usual
        if self.limit:
            return _MOST if off > 0 else 0.0
        return min(0.5 * (off / self.width) ** 2, _MOST)


Units = dict[tuple[str, str], str | None]  # by file and name; None if it can't be told


class Settled(NamedTuple):
    """A batch in which each number has the unit that it is in, values whose unit can't be told, and what to report."""

    batch: Batch
    doubts: Doubts
    notices: list[tuple[str, str]]  # a file and a text


def settle(batch: Batch, parts: Sequence[Part], decided: Units) -> Settled:
    """Decide the units that names only imply; `decided` has those of earlier records of a file, and gets the others."""
    rows = batch.rows_of([_is_assumed(kind) for kind in batch.kinds])
    if not len(rows):
        return Settled(batch, {}, [])
    notices: list[tuple[str, str]] = []
    part_of_row = np.searchsorted([part.stop for part in parts], batch.record[rows], side="right")
    unusual = _unusual(batch, rows)
    for place in np.unique(part_of_row[unusual]).tolist():
        part, here = parts[place], part_of_row == place
        if _mostly(batch, rows[here], unusual[here]):
            found = _decide(batch, part, rows[here], decided)
            decided |= {(part.file, name): unit for name, unit in found.items()}
            notices += [(part.file, text) for text in _notices(found)]
    doubts: Doubts = {}
    for (file, name), unit in decided.items():
        if unit != _implied(name):
            here = [place for place, part in enumerate(parts) if part.file == file]
            of_name = np.array([kind.original_name == name for kind in batch.kinds], bool)[batch.kind[rows]]
            changed = rows[np.isin(part_of_row, here) & of_name]
            if unit is None:
                doubts |= {row: f"{_in_file(batch, row)}: {_untold(name)}" for row in changed.tolist()}
            else:
                batch = _in_unit(batch, changed, unit)
    return Settled(batch, doubts, notices)


def _notices(found: Mapping[str, str | None]) -> Iterator[str]:
    by_unit: dict[str, list[str]] = {}
    for name, unit in found.items():
        if unit is None:
            yield _untold(name)
        elif unit != _implied(name):
            by_unit.setdefault(unit, []).append(name)
    for unit, names in by_unit.items():
        are, their = ("is", "its") if len(names) == 1 else ("are", "their")
        yield f"{', '.join(names)} {are} in {_word(unit)} here, by {their} values"


def _untold(name: str) -> str:
    return f"{name} can't be in {_word(_implied(name))}, and its values don't tell its unit"


def _word(unit: str | None) -> str:
    return _WORDS.get(unit or "", unit or "")


def _in_file(batch: Batch, row: int) -> str:
    kind = batch.kind_of(row)
    return f"{batch.values[row] / _factors(kind.unit)[_spelling(kind)]:.4g}"


def _implied(name: str) -> str | None:
    unit = assumed_unit(name)
    return unit and unit.lower()


def _spelling(kind: MetricColumn) -> str:
    return (kind.original_unit or "").lower()


@remembered(maxsize=4_096)
def _is_assumed(kind: MetricColumn) -> bool:
    return kind.metric in _USUAL and _spelling(kind) == _implied(kind.original_name)


@remembered(maxsize=64)
def _factors(canonical: str | None) -> dict[str, float]:
    """A spelling of each unit of the same size, the first of them, and its factor."""
    first: dict[float, str] = {}
    for spelling, factor in vocabulary().units[canonical or ""].items():
        first.setdefault(factor, spelling)
    return {spelling: factor for factor, spelling in first.items()}


def _unusual(batch: Batch, rows: Ints) -> Truths:
    """Which values need a second look: of a size far from the usual one, or of a time too short for its tokens."""
    of_kind = np.array([_USUAL.get(kind.metric, (0.0, 1.0)) for kind in batch.kinds])[batch.kind[rows]]
    values = batch.values[rows]
    with np.errstate(divide="ignore", invalid="ignore"):
        far = (np.abs(np.log10(values) - of_kind[:, 0]) > _WIDE * of_kind[:, 1]) & (values > 0)
    for sheet in batch.sheets.values():
        times = sheet.rows("eval_ms")
        if times is not None and (found := sheet.values("output_tokens", "eval_ms")):
            tokens, time = found
            far |= np.isin(rows, times[(time > 0) & (1000 * tokens > _FAST_TOK_S * time)])
    return far


def _mostly(batch: Batch, rows: Ints, unusual: Truths) -> bool:
    """Whether most values of a name are unusual; a few are mistakes of another kind."""
    names = np.array([kind.original_name for kind in batch.kinds])[batch.kind[rows]]
    return any(unusual[names == name].mean() > 0.5 for name in np.unique(names[unusual]))


def _decide(batch: Batch, part: Part, rows: Ints, decided: Units) -> dict[str, str | None]:
    """The unit of each name in a part that is not decided yet."""
    columns = {kind.metric: kind for kind in (batch.kinds[place] for place in np.unique(batch.kind[rows]).tolist())}
    columns = {metric: kind for metric, kind in columns.items() if (part.file, kind.original_name) not in decided}
    if not columns:
        return {}
    kinds = [*columns.values()]
    evidence = [*_sizes(batch, rows, columns), *_relations(batch, part)]
    broken = {metric for metric in columns if _is_broken(batch, rows, metric)}
    # nobody writes a single call's minutes
    choices = [[each for each in _factors(kind.unit).items() if each[0] in _WORDS] for kind in kinds]
    scores: dict[tuple[str, ...], float] = {}
    worst: dict[tuple[str, ...], float] = {}
    for choice in product(*choices):
        units = tuple(unit for unit, _ in choice)
        shifts = {
            kind.metric: log10(factor / _factors(kind.unit)[_spelling(kind)])
            for kind, (_, factor) in zip(kinds, choice, strict=True)
        }
        against = [each.against(shifts) for each in evidence]
        worst[units] = max(against)
        score = sum(against) + _MIXED * (len(set(units)) - 1)
        for kind, unit in zip(kinds, units, strict=True):
            if unit == _spelling(kind):
                score += _MOST if kind.metric in broken else -_IMPLIED
        scores[units] = score
    best = min(scores, key=scores.__getitem__)
    if worst[best] > _UNLIKELY:  # no unit explains the values: they are wrong, and plausibility.py judges them
        return {kind.original_name: _spelling(kind) for kind in kinds}
    limit = scores[best] + _CLEAR
    found: dict[str, str | None] = {}
    for place, kind in enumerate(kinds):
        likely = {units[place] for units, score in scores.items() if score < limit}
        implied = _spelling(kind)
        found[kind.original_name] = implied if implied in likely else likely.pop() if len(likely) == 1 else None
    return found


def _is_broken(batch: Batch, rows: Ints, metric: str) -> bool:
    """Whether most values of a metric are fractions of a nanosecond."""
    of_metric = np.array([kind.metric == metric and _spelling(kind) == "ns" for kind in batch.kinds], bool)
    numbers = batch.values[rows[of_metric[batch.kind[rows]]]] * 1e6
    return (
        len(numbers) > 0
        and float(np.median((np.abs(numbers - np.rint(numbers)) > 1e-6) & (numbers < _BROKEN_NS))) > 0.5
    )


def _sizes(batch: Batch, rows: Ints, columns: Mapping[str, MetricColumn]) -> Iterator[_Evidence]:
    for metric in columns:
        of_metric = np.array([kind.metric == metric for kind in batch.kinds], bool)
        values = batch.values[rows[of_metric[batch.kind[rows]]]]
        if (values > 0).any():
            usual, width = _USUAL[metric]
            yield _Evidence({metric: 1}, float(np.median(np.log10(values[values > 0]))), usual, width)


def _relations(batch: Batch, part: Part) -> Iterator[_Evidence]:
    """What the records of a part say about its units, each as the median over its records."""
    for sheet in batch.sheets.values():
        here = (sheet.records >= part.start) & (sheet.records < part.stop)
        for (count, time), (usual, width) in _USUAL_RATES.items():
            if (value := _typical(sheet, here, (count,), (time,))) is not None:
                yield _Evidence({time: -1}, value + 3, usual, width)
        for rate, time, count in _STATED_RATES:
            if (value := _typical(sheet, here, (rate, time), (count,))) is not None:
                yield _Evidence({time: 1}, value - 3, 0.0, 0.3)
        for time in _PARTS:
            if (value := _typical(sheet, here, (time,), ("total_ms",))) is not None:
                yield _Evidence({time: 1, "total_ms": -1}, value, 0.05, 1.0, limit=True)
        if (value := _typical(sheet, here, ("eval_ms",), ("total_ms",))) is not None:
            yield _Evidence({"eval_ms": 1, "total_ms": -1}, value, -0.2, 0.9)
        if (value := _typical(sheet, here, ("e2e_ms",), ("total_ms",))) is not None:
            yield _Evidence({"total_ms": -1}, value, 0.0, 0.3)
        if (value := _typical(sheet, here, ("output_tokens",), ("decode_tok_s", "total_ms"))) is not None:
            yield _Evidence({"total_ms": -1}, value + 3, 0.05, 1.0, limit=True)  # the answer alone takes that long
            yield _Evidence({"total_ms": -1}, value + 3, -0.2, 0.9)


def _typical(sheet: Sheet, here: Truths, above: Sequence[str], below: Sequence[str]) -> float | None:
    """The median logarithm of a product of metrics over another, of the records that have them all."""
    values = sheet.values(*above, *below)
    if values is None:
        return None
    usable = here & np.all([column > 0 for column in values], axis=0)
    if not usable.any():
        return None
    logs: list[Floats] = [np.log10(column[usable]) for column in values]
    return float(np.median(sum(logs[: len(above)]) - sum(logs[len(above) :])))


def _in_unit(batch: Batch, rows: Ints, unit: str) -> Batch:
    """The batch with these rows read in another unit."""
    kinds, kind, values = [*batch.kinds], batch.kind.copy(), batch.values.copy()
    moved: dict[int, int] = {}
    for row in rows.tolist():
        place = int(batch.kind[row])
        old = batch.kinds[place]
        if place not in moved:
            moved[place] = len(kinds)
            kinds.append(old._replace(original_unit=unit))
        kind[row] = moved[place]
        factors = _factors(old.unit)
        # to the 15 digits that a number keeps through a division by a power of ten
        values[row] = float(f"{values[row] / factors[_spelling(old)]:.15g}") * factors[unit]
    return Batch(batch.heads, batch.record, kinds, kind, values)
