"""What the UI shows of a materialization: numbers as numbers, so that it plots them; tables with their schema."""

from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from dagster import MetadataValue, TableColumn, TableColumnConstraints, TableConstraints, TableSchema
from pandera.pandas import DataFrameModel

from chimera_dagster.records.documents import Metrics
from chimera_dagster.render.blocks import Table
from chimera_dagster.render.markdown_writer import blocks_to_markdown

Metadata = dict[str, Any]  # Dagster exports no name for what its metadata takes
_PREVIEW_ROWS = 10


def table_schema(model: type[DataFrameModel]) -> TableSchema:
    """A pandera model as Dagster's table schema."""
    schema = model.to_schema()
    columns = [
        TableColumn(
            name=name,
            type=str(column.dtype),
            description=column.description,
            constraints=TableColumnConstraints(
                nullable=column.nullable,
                unique=column.unique,
                other=[str(check.error or check.name) for check in column.checks],
            ),
        )
        for name, column in schema.columns.items()
    ]
    return TableSchema(columns=columns, constraints=TableConstraints(other=["exactly these columns, in this order"]))


def table_metadata(path: Path, model: type[DataFrameModel]) -> Metadata:
    """Row count, schema and first rows of a table that was written."""
    with pq.ParquetFile(path) as table:
        head = pa.Table.from_batches(islice(table.iter_batches(_PREVIEW_ROWS), 1), table.schema_arrow).to_pandas()
        count = table.metadata.num_rows
    rows = tuple(tuple(map(str, row)) for row in head.to_numpy().tolist())
    preview = blocks_to_markdown([Table(tuple(head.columns), rows, f"First rows of {path.stem}")])
    return {
        "dagster/row_count": count,
        "dagster/column_schema": table_schema(model),
        "preview": MetadataValue.md(preview),
        "path": MetadataValue.path(path.absolute()),
    }


def page_metadata(name: str, preview: str, path: Path) -> Metadata:
    """A page that was written as Markdown and, beside it, as HTML; its preview, in Markdown, is shown as `name`."""
    return {
        name: MetadataValue.md(preview),
        "path": MetadataValue.path(path.absolute()),
        "page": MetadataValue.path(path.with_suffix(".html").absolute()),
    }


def trial_metadata(metrics: Metrics, path: Path) -> Metadata:
    """Headline, verdicts and provenance of a trial; a value that was not measured is left out, never 0."""
    headline = metrics.headline
    measured: dict[str, float | None] = {
        "throughput_tok_s": headline.throughput_tok_s,
        "ttft_ms": headline.ttft_ms,
        "total_duration_ms": headline.total_duration_ms,
        "tokens_generated": headline.tokens_generated,
        "prompt_eval_ms": headline.prompt_eval_ms,
        "eval_ms": headline.eval_ms,
        "load_ms": headline.load_ms,
        "text_score": metrics.text_quality.score,
        **{f"text_{part.name}": part.value for part in metrics.text_quality.components},
        "accuracy": None if metrics.accuracy is None else metrics.accuracy.share,
    }
    answers = {} if metrics.accuracy is None else {"answers": metrics.accuracy.words}
    return {
        **{name: value for name, value in measured.items() if value is not None},
        **answers,
        "validity": metrics.verdict,
        "text": f"{metrics.text_quality.verdict}. {metrics.alignment.message}",
        "configuration": metrics.configuration,
        "engine": f"{metrics.engine.name}, {metrics.engine.version}: {metrics.engine.reason}",
        "spec_hash": metrics.spec_hash,
        "data_digest": metrics.data_digest,
        "path": MetadataValue.path(path.absolute()),
    }
