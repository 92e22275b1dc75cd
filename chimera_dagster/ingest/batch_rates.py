"""A `throughput` without a unit beside the time that a batch took: tokens of the batch / time say what it counts."""

import json
from collections.abc import Iterator

import numpy as np

from chimera_dagster.ingest.assumed_units import Part
from chimera_dagster.ingest.batch import Batch, Floats
from chimera_dagster.ingest.field_roles import MetricColumn
from chimera_dagster.ingest.metric_names import metric_of
from chimera_dagster.ingest.names import stem

_CONDITIONS = 7  # the place in a head
_AT_ONCE = ("batch_size", "concurrency")
_EACH = "prompt_and_output_tokens"  # one length, of the prompt and of the answer
_NEAR, _MOST, _LEAST = 0.02, 0.9, 3  # of a ratio; of the records; records
_EXACT, _HALF, _MANY = 0.001, 0.5, 20  # no other unit gives so many records the very ratio, whatever the others count
_UNITS = {"s": 1.0, "ms": 1000.0}  # by how much larger a time is in them
_WHY = "inferred from the batch size and the lengths"


def is_bare_throughput(kind: MetricColumn) -> bool:
    """Whether a number is called a throughput, and nothing says of what."""
    return kind.unit is None and kind.original_unit is None and stem(kind.metric) == "throughput"


def batch_rates(batch: Batch, part: Part) -> dict[str, MetricColumn]:
    """What throughputs and times of a file are, by their names, if time x rate is the tokens of a batch.

    Those of its prompts and answers (`total_tok_s`), or those of its answers alone (`output_tok_s`), in nine of ten
    records. The unit of the time is known from half of them, if these are exact.
    """
    kinds = {at: batch.kinds[at] for at in np.unique(batch.kind[_rows(batch, part)]).tolist()}
    rates = [at for at, kind in kinds.items() if is_bare_throughput(kind)]
    times = [at for at, kind in kinds.items() if _is_time(kind)]
    if not rates or not times:
        return {}
    size, prompt, answer = _sizes(batch, part)
    found: dict[str, MetricColumn] = {}
    for rate in rates:
        for time in times:
            product = _column(batch, part, rate) * _column(batch, part, time) / size
            for metric, tokens in (("total_tok_s", prompt + answer), ("output_tok_s", answer)):
                for unit, of_all in _fitting(product / tokens):
                    rate_name, time_name = kinds[rate].metric, kinds[time].metric
                    found[time_name] = MetricColumn("latency_ms", "ms", time_name, f"{unit}, {_WHY}", None)
                    if of_all:
                        found[rate_name] = MetricColumn(metric, "tok/s", rate_name, f"tok/s, {_WHY}", None)
    return found


def _is_time(kind: MetricColumn) -> bool:
    return kind.unit is None and kind.original_unit is None and metric_of(kind.metric) == ("latency_ms", "ms")


def _fitting(ratio: Floats) -> Iterator[tuple[str, bool]]:
    """The units of the time that fit, and whether the rate of nearly every record does, too."""
    known = ratio[np.isfinite(ratio)]
    for unit, factor in _UNITS.items():
        off = np.abs(known / factor - 1)
        of_all = len(known) >= _LEAST and float((off <= _NEAR).mean()) >= _MOST
        if of_all or (len(known) >= _MANY and float((off <= _EXACT).mean()) >= _HALF):
            yield unit, of_all


def _rows(batch: Batch, part: Part) -> "np.ndarray[tuple[int, ...], np.dtype[np.intp]]":
    return np.flatnonzero((batch.record >= part.start) & (batch.record < part.stop) & ~batch.failed)


def _column(batch: Batch, part: Part, kind: int) -> Floats:
    """The values of a kind by record, NaN without one or with several."""
    rows = _rows(batch, part)
    rows = rows[batch.kind[rows] == kind]
    values = np.full(part.stop - part.start, np.nan)
    values[batch.record[rows] - part.start] = batch.values[rows]
    return values


def _sizes(batch: Batch, part: Part) -> tuple[Floats, Floats, Floats]:
    """Of each record the requests of its batch, and the tokens of a prompt and of an answer; NaN if it does not say."""
    said = [json.loads(head[_CONDITIONS]) for head in batch.heads[part.start : part.stop]]
    size = [next((each[name] for name in _AT_ONCE if name in each), None) for each in said]
    prompt = [each.get("prompt_tokens", each.get(_EACH)) for each in said]
    answer = [each.get("output_tokens", each.get(_EACH)) for each in said]
    columns = (
        [value if isinstance(value, int | float) else np.nan for value in column] for column in (size, prompt, answer)
    )
    first, second, third = (np.array([*column], float) for column in columns)
    return first, second, third
