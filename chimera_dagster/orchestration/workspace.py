"""What every asset works with: the settings of the project, its store, and the engines; built when a run starts."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dagster import InitResourceContext, resource

from chimera_dagster.engines.registry import Engines
from chimera_dagster.gpu.leases import claim, leases_folder
from chimera_dagster.ingest.folder import OnFile
from chimera_dagster.orchestration.pinned_step import release_step_lease
from chimera_dagster.records.store import Store
from chimera_dagster.settings import Settings, load_settings
from chimera_dagster.spec.trial import Trial
from chimera_dagster.steps.asking import OnProgress

SWEEP_TAG, GO_ON, AGAIN = "chimera/sweep", "go on", "run again"  # on runs that a sweep asks the daemon for


@dataclass
class Workspace:
    """Handed to assets as the resource `workspace`.

    `on_progress` hears each stage of a trial and its chunks, `on_measured` that its last model call has ended,
    `on_file` how many files of how many are ingested. With `keep_measured` a trial that was measured on
    these data is not measured again: one that ended before its report was written then costs no model call.
    """

    settings: Settings
    engines: Engines = field(default_factory=Engines)
    on_progress: OnProgress | None = None
    on_file: OnFile | None = None
    on_measured: Callable[[], None] | None = None
    keep_measured: bool = False
    _claimed: Trial | None = field(default=None, init=False)

    @property
    def store(self) -> Store:
        return Store(self.settings.data_dir)

    @contextmanager
    def claiming(self, trial: Trial, *, wait: bool = True) -> Generator[bool]:
        """Whether this process alone, of all on this host, is at work on the trial until the block ends.

        False only without `wait`: another is. A block inside another for the same trial has what that one has.
        """
        if self._claimed == trial:
            yield True
            return
        name = f"{self.settings.data_dir.absolute()}|{trial.key}"
        with claim(name, leases_folder(self.settings.leases_dir), wait=wait) as claimed:
            self._claimed = trial if claimed else None
            try:
                yield claimed
            finally:
                self._claimed = None


@resource
def workspace_from_environment(context: InitResourceContext) -> Workspace:
    """A workspace by the CHIMERA_* variables of the process that runs."""
    engines = Engines()

    def free_lane() -> None:
        engines.close()  # an engine in this process has its model in the GPU's memory
        release_step_lease()

    tags = context.run.tags if context.run else {}
    return Workspace(load_settings(), engines, on_measured=free_lane, keep_measured=tags.get(SWEEP_TAG) == GO_ON)
