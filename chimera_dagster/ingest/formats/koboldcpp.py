"""KoboldCpp: the CSV file that `--benchmark FILE` appends to. Times are in seconds, rates in tokens a second.

Written after `benchmark()` of KoboldCpp 1.66. Newer versions add a last cell with their flags.
"""

from chimera_dagster.ingest.formats.format import TableFormat
from chimera_dagster.ingest.formats.grid import Grid

_TIMES = (("prompt_eval_ms", "ProcessingTime"), ("eval_ms", "GenerationTime"), ("total_ms", "TotalTime"))
_RATES = (("prefill_tok_s", "ProcessingSpeed"), ("decode_tok_s", "GenerationSpeed"))


def _read(grid: Grid) -> None:
    for row in grid:
        context = grid.describe(
            grid.context,
            model=row.text("Model"),
            backend="koboldcpp",
            timestamp=row.text("Timestamp"),
            conditions={"output_tokens": row.number("GenAmount")},
            parameters={"num_gpu": row.number("Layers"), "num_ctx": row.number("MaxCtx")},
        )
        times = [row.figure(metric, name, unit="s") for metric, name in _TIMES]
        row.record([*times, *(row.figure(metric, name) for metric, name in _RATES)], context)


_COLUMNS = frozenset({"genamount", "processingtime", "processingspeed", "generationtime", "generationspeed"})
CSV = TableFormat("KoboldCpp", _COLUMNS, _read)
