"""The backfill that the UI's button makes: Dagster has no public function to request one, or to see how it goes."""

from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus, PartitionBackfill

__all__ = ["BulkActionStatus", "BulkActionsFilter", "PartitionBackfill"]
