"""Ends runs that no process is executing any more, so that nothing waits for them."""

from dagster import DefaultSensorStatus, SensorEvaluationContext, SkipReason, sensor

from chimera_dagster.orchestration.lost_runs import fail_lost_runs


@sensor(minimum_interval_seconds=30, default_status=DefaultSensorStatus.RUNNING)
def lost_runs(context: SensorEvaluationContext) -> SkipReason:
    """Marks a run as failed if its process was killed together with the code server that watched it."""
    lost = fail_lost_runs(context.instance)
    if not lost:
        return SkipReason("Every started run has a live process.")
    return SkipReason(f"Marked as failed, as their process no longer runs: {', '.join(run[:8] for run in lost)}.")
