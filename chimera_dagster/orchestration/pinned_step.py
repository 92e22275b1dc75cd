"""A step in a process of its own that holds a lease on one lane while it measures."""

from collections.abc import Generator, Iterator
from typing import cast

from dagster import DagsterEvent, DagsterEventType, DagsterInstance, Failure
from dagster._core.errors import DagsterExecutionInterruptedError, raise_execution_interrupts
from dagster._core.executor.multiprocess import MultiprocessExecutorChildProcessCommand

from chimera_dagster.errors import ChimeraError
from chimera_dagster.gpu.holder import holder
from chimera_dagster.gpu.lanes import LaneConfig, lanes
from chimera_dagster.gpu.leases import Lease, Standing, acquire, leases_folder
from chimera_dagster.gpu.pin import pin
from chimera_dagster.orchestration.child import end_with_parent
from chimera_dagster.records.store import Store
from chimera_dagster.settings import load_settings
from chimera_dagster.steps.trial import get_ready

_PARTITION = "dagster/partition"


class PinnedStep(MultiprocessExecutorChildProcessCommand):
    """Dagster's own child process of a step, which takes a lease when all is ready but the step's own code.

    So Dagster's preparations are done while the lane is still another's. The lease ends with `Workspace.on_measured`,
    with the step, or with the process, whichever comes first.
    """

    lanes: LaneConfig

    def execute(self) -> Iterator[DagsterEvent]:
        end_with_parent()
        events = cast("Generator[DagsterEvent]", super().execute())
        try:
            for event in events:
                yield event
                if event.event_type is DagsterEventType.STEP_START:
                    try:
                        self._take_lane()
                    # Handed to the step, which fails or is interrupted as if its own code had raised it.
                    except ChimeraError as error:
                        yield events.throw(Failure(str(error), allow_retries=False))
                    except DagsterExecutionInterruptedError as error:
                        yield events.throw(error)
        finally:
            release_step_lease()

    def _take_lane(self) -> None:
        global _step_lease  # noqa: PLW0603 - a process has one lane
        settings = load_settings()
        get_ready(Store(settings.data_dir))
        trial = self.dagster_run.tags.get(_PARTITION, self.step_key)
        with raise_execution_interrupts():
            folder = leases_folder(settings.leases_dir)
            who = holder(self.dagster_run.run_id, trial)
            _step_lease = acquire(lanes(self.lanes), who, folder, on_wait=self._say_what_it_waits_for)
        pin(_step_lease.lane)

    def _say_what_it_waits_for(self, found: list[Standing]) -> None:
        held = [
            f"{each.lane.name} ({each.holder.trial}, run {each.holder.run_id[:8]})" for each in found if each.holder
        ]
        with DagsterInstance.from_ref(self.instance_ref) as instance:
            instance.report_engine_event(
                f"Waiting for a lane; held now: {', '.join(held) or 'all'}.", self.dagster_run, step_key=self.step_key
            )


_step_lease: Lease | None = None


def release_step_lease() -> None:
    """Free the lane of this process's step, if it has one: its last model call has ended."""
    if _step_lease is not None:
        _step_lease.release()
