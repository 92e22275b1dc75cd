"""Rates of a whole server under names that usually are those of one request.

`tokens/s` is read as the decode rate of a request. Under load it may be that of all together: if the time per output
token beside it says so, it is `output_tok_s`. (`throughput` beside a concurrency is known by its name: field_roles.py.)
"""

import re

import numpy as np

from chimera_dagster.ingest.batch import Batch

_OF_REQUESTS, _OF_SERVER, _TIME = "decode_tok_s", "output_tok_s", "tpot_ms"
_OF_ONE = re.compile(r"decod|gen|eval|tg|completion|user|stream|single", re.IGNORECASE)
_TYPICAL = {None, "mean", "median", "p50", "reported", "summary"}
_MORE = 2.0  # times the rate of one request; less may be rounding or the first token
_AT_MOST = 1.5  # times that of all requests; more is something else


def with_server_rates(batch: Batch) -> Batch:
    """The batch with `output_tok_s` for every column of a file in which one record shows that it is a server's rate."""
    rows = batch.rows_of(
        [kind.metric == _OF_REQUESTS and not _OF_ONE.search(kind.original_name) for kind in batch.kinds]
    )
    times = batch.rows_of([kind.metric == _TIME and kind.aggregate in _TYPICAL for kind in batch.kinds])
    if not len(rows) or not len(times):
        return batch
    time = np.full(len(batch.heads), np.nan)
    time[batch.record[times]] = batch.values[times]
    with np.errstate(divide="ignore", invalid="ignore"):
        of_one = 1000 / time[batch.record[rows]]
        more = np.flatnonzero((of_one > 0) & (batch.values[rows] > _MORE * of_one)).tolist()
    columns = {
        (batch.file(row), int(batch.kind[row]))
        for place, row in ((place, int(rows[place])) for place in more)
        if batch.at_once(row) >= _MORE and batch.values[row] <= _AT_MOST * batch.at_once(row) * of_one[place]
    }
    if not columns:
        return batch
    kinds, kind = list(batch.kinds), batch.kind.copy()
    places: dict[int, int] = {}
    for row in rows.tolist():
        own = int(kind[row])
        if (batch.file(row), own) in columns:
            if own not in places:
                places[own] = len(kinds)
                kinds.append(kinds[own]._replace(metric=_OF_SERVER))
            kind[row] = places[own]
    return Batch(batch.heads, batch.record, kinds, kind, batch.values)
