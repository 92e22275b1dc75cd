"""Ends runs that nobody works on any more, so that nothing waits for them."""

from dagster import DefaultSensorStatus, SensorEvaluationContext, SkipReason, sensor

from chimera_dagster.orchestration.orphans import fail_orphans


@sensor(minimum_interval_seconds=30, default_status=DefaultSensorStatus.RUNNING)
def lost_runs(context: SensorEvaluationContext) -> SkipReason:
    """Marks as failed each run whose process was killed together with all that watched it."""
    lost = fail_orphans(context.instance)
    if not lost:
        return SkipReason("Every run that has begun has its process.")
    return SkipReason(f"Marked as failed, as their process no longer runs: {', '.join(run[:8] for run in lost)}.")
