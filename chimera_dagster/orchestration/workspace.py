"""What every asset works with: the settings of the project, its store, and the engines; built when a run starts."""

from collections.abc import Callable
from dataclasses import dataclass, field

from dagster import InitResourceContext, resource

from chimera_dagster.engines.registry import Engines
from chimera_dagster.ingest.folder import OnFile
from chimera_dagster.orchestration.pinned_step import release_step_lease
from chimera_dagster.settings import Settings, load_settings
from chimera_dagster.store import Store
from chimera_dagster.trials import OnProgress


@dataclass
class Workspace:
    """Handed to assets as the resource `workspace`.

    `on_progress` hears each stage of a trial and its chunks, `on_measured` that its last model call has ended,
    `on_file` how many files of how many are ingested.
    """

    settings: Settings
    engines: Engines = field(default_factory=Engines)
    on_progress: OnProgress | None = None
    on_file: OnFile | None = None
    on_measured: Callable[[], None] | None = None

    @property
    def store(self) -> Store:
        return Store(self.settings.data_dir)


@resource
def workspace_from_environment(_context: InitResourceContext) -> Workspace:
    """A workspace by the CHIMERA_* variables of the process that runs."""
    engines = Engines()

    def free_lane() -> None:
        engines.close()  # an engine in this process has its model in the GPU's memory
        release_step_lease()

    return Workspace(load_settings(), engines, on_measured=free_lane)
