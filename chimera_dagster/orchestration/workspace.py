"""What every asset works with: the settings of the project, its store and the engines; built when a run starts."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dagster import InitResourceContext, resource

from chimera_dagster.engines.registry import Engines
from chimera_dagster.gpu.leases import claim, leases_folder
from chimera_dagster.ingest.folder import OnFile
from chimera_dagster.orchestration.step_lease import release_step_lease
from chimera_dagster.records.store import Store
from chimera_dagster.settings import Settings, load_settings
from chimera_dagster.spec.trial import Trial
from chimera_dagster.steps.asking import OnProgress

SWEEP_TAG, RESUME, FORCE = "chimera/sweep", "resume", "force"  # on runs that a sweep requests from the daemon
ROUND_TAG = "chimera/sweep_round"  # on runs of a trial: the number of the sweep's round; none means the first


@dataclass
class Workspace:
    """Handed to assets as the resource `workspace`.

    `on_progress` is called with each stage of a trial and its chunks so far, `on_measured` when its last model call has
    ended, `on_file` with the number of files ingested and the total. `round` is that of the sweep's rounds in which a
    trial is visited. With `reuse`, a trial that was measured on
    these data is not measured again: if only its report is missing, it costs no model call.
    """

    settings: Settings
    engines: Engines = field(default_factory=Engines)
    on_progress: OnProgress | None = None
    on_file: OnFile | None = None
    on_measured: Callable[[], None] | None = None
    round: int = 1
    reuse: bool = False
    _claimed: Trial | None = field(default=None, init=False)

    @property
    def store(self) -> Store:
        return Store(self.settings.data_dir)

    @contextmanager
    def claiming(self, trial: Trial, *, wait: bool = True) -> Generator[bool]:
        """Claim the trial for this process, of all on this host, until the block ends; yields whether it is claimed.

        False only without `wait`, if another process has it. An inner block for the same trial shares that claim.
        """
        if self._claimed == trial:
            yield True
            return
        name = f"{self.settings.data_dir.resolve()}|{trial.key}"  # a folder may have several paths, by links
        with claim(name, leases_folder(self.settings.leases_dir), wait=wait) as claimed:
            self._claimed = trial if claimed else None
            try:
                yield claimed
            finally:
                self._claimed = None


@resource
def workspace_from_environment(context: InitResourceContext) -> Workspace:
    """A workspace as the CHIMERA_* variables of this process say."""
    engines = Engines()

    def free_lane() -> None:
        engines.close()  # an engine in this process has its model in the GPU's memory
        release_step_lease()

    tags = context.run.tags if context.run else {}
    return Workspace(
        load_settings(),
        engines,
        on_measured=free_lane,
        round=int(tags.get(ROUND_TAG, "1")),
        reuse=tags.get(SWEEP_TAG) == RESUME,
    )
