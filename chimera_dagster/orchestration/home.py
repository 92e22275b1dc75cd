"""Dagster's instance folder: one for the UI, Dagster's own commands and `chimera`; each shows what the others did."""

import json
import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from dagster import DagsterInstance
from sqlalchemy.exc import DBAPIError

from chimera_dagster.errors import StorageError
from chimera_dagster.gpu.lanes import config_of, lanes
from chimera_dagster.gpu.leases import claim, leases_folder
from chimera_dagster.records.store import write_text
from chimera_dagster.settings import Settings

_CONFIG = Path("dagster.yaml")
_SHIPPED = Path(__file__).with_name(_CONFIG.name)  # the same, for a project that has none of its own
_RUNS_IN_WAITING = 2


def prepare_home(settings: Settings) -> Path:
    """Make the folder, with this project's dagster.yaml in it, and point DAGSTER_HOME of this process at it.

    A folder that DAGSTER_HOME named already is its owner's to configure.
    """
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    config = home / _CONFIG.name
    if "DAGSTER_HOME" in os.environ:
        if not config.exists():  # else Dagster prints a page about its telemetry
            write_text(config, "telemetry: {enabled: false}\n")
    elif _CONFIG.exists() or not config.exists():
        ours = (_CONFIG if _CONFIG.exists() else _SHIPPED).read_text()
        write_text(config, with_storage_in(home, _with_room_for_lanes(ours, settings)))
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def with_storage_in(home: Path, config: str) -> str:
    """With the history in that folder, whatever DAGSTER_HOME is for a process that opens it."""
    return re.sub(r"(?m)^( *config:) {}.*$", lambda line: f"{line[1]} {{ base_dir: {json.dumps(str(home))} }}", config)


def _with_room_for_lanes(config: str, settings: Settings) -> str:
    """With GPUs, let two runs more begin than there are lanes: the next one is ready when a lane is freed.

    Without, its start would take cores from the trial that is measured on them.
    """
    found = lanes(config_of(settings))
    if found[0].gpu is None:
        return config
    return re.sub(
        r"(?m)^( *max_concurrent_runs:) (\d+)",
        lambda line: f"{line[1]} {max(int(line[2]), len(found) + _RUNS_IN_WAITING)}",
        config,
    )


def _opened(settings: Settings) -> DagsterInstance:
    home = str(prepare_home(settings))
    # Two processes that make its databases at the same time leave them broken.
    with claim(home, leases_folder(settings.leases_dir)):
        return DagsterInstance.from_config(home)


@contextmanager
def open_instance(settings: Settings) -> Generator[DagsterInstance]:
    """The instance in that folder, while the block runs.

    Raises StorageError where the block fails by a disk that is full or read-only, or by a database that stays locked.
    """
    try:
        with _opened(settings) as instance:
            yield instance
    except OSError as error:
        raise StorageError.of(error, error.filename or settings.data_dir) or error from error
    except DBAPIError as error:
        raise StorageError(
            f"Dagster's history in {settings.dagster_home} can't be used: {error.orig}.",
            hint="Is the disk full or read-only, or does another program keep a file locked? What is done is kept.",
        ) from error
