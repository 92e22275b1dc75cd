"""The lane that this process's step holds while it measures; a process runs one such step."""

from dagster import DagsterInstance, DagsterRun

from chimera_dagster.gpu.holder import holder
from chimera_dagster.gpu.lanes import LaneConfig, lanes
from chimera_dagster.gpu.leases import LaneState, Lease, acquire, holders, leases_folder
from chimera_dagster.gpu.pin import pin
from chimera_dagster.settings import load_settings

_PARTITION = "dagster/partition"
_held: Lease | None = None


def take_step_lease(config: LaneConfig, instance: DagsterInstance, run: DagsterRun, step_key: str) -> None:
    """Wait for a lane, lease it and pin this process to it. Raises ChimeraError if no lane can be had."""
    global _held  # noqa: PLW0603 - a process has one lane

    def report_wait(found: list[LaneState]) -> None:
        instance.report_engine_event(f"Waiting for a lane; held now: {holders(found)}.", run, step_key=step_key)

    settings, trial = load_settings(), run.tags.get(_PARTITION, step_key)
    folder = leases_folder(settings.leases_dir)
    who = holder(run.run_id, trial, settings.data_dir)
    _held = acquire(lanes(config), who, folder, on_wait=report_wait)
    pin(_held.lane)


def release_step_lease() -> None:
    """Free the lane of this process's step, if it holds one: its last model call has ended."""
    if _held is not None:
        _held.release()
