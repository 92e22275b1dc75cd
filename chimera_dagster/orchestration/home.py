"""Dagster's instance folder: one for the UI, Dagster's own commands and `chimera`; each shows what the others did."""

import os
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import yaml
from dagster import DagsterInstance
from sqlalchemy.exc import DBAPIError

from chimera_dagster.errors import SettingError, StorageError
from chimera_dagster.files.opening import read_bytes, read_text
from chimera_dagster.gpu.lanes import config_of, lanes
from chimera_dagster.gpu.leases import claim, leases_folder
from chimera_dagster.records.sqlite_files import damaged_databases, set_aside_database
from chimera_dagster.records.store import write_text
from chimera_dagster.settings import Settings, check_dagster_home
from chimera_dagster.spec.yaml_text import load

_CONFIG = Path("dagster.yaml")
# If the working directory has no dagster.yaml. Without the first line Dagster prints a page about its telemetry.
_STOCK = "telemetry: {enabled: false}\nconcurrency:\n  runs:\n    max_concurrent_runs: 1\n"
# A sweep takes 0.3 s less for each trial with this; a folder of the user's own keeps the storage that Dagster gives it.
_STORAGE = """\
storage:
  custom:
    module: chimera_dagster.orchestration.storage
    class: KeptConnectionsStorage
    config: {}
"""
_WAITING_RUNS = 2


def prepare_home(settings: Settings) -> Path:
    """Create the folder with a dagster.yaml in it, and point DAGSTER_HOME of this process at it.

    The working directory's dagster.yaml is copied there, but a dagster.yaml in a folder set by DAGSTER_HOME is
    not overwritten. Raises SettingError if that file can't be read, or if DAGSTER_HOME, in the environment or in
    `.env`, names a folder that does not exist.
    """
    check_dagster_home()
    home = settings.dagster_home
    config = home / _CONFIG.name
    home.mkdir(parents=True, exist_ok=True)
    is_own = "DAGSTER_HOME" not in os.environ
    if is_own and os.path.lexists(_CONFIG):
        write_text(config, _with_room_for_lanes(_own_config(), settings))
    elif not config.exists() or (is_own and not _is_config(config)):
        write_text(config, _with_room_for_lanes(_STOCK + _STORAGE if is_own else _STOCK, settings))
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def _own_config() -> str:
    try:
        return read_text(_CONFIG)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingError(f"{_CONFIG.absolute()} can't be read: {why}.", hint="Move it away.") from error


def _is_config(path: Path) -> bool:
    """Whether Dagster can read it: a damaged one is replaced, or it would be an error that doesn't name the file."""
    try:
        return isinstance(load(read_bytes(path))[1], dict)
    except (OSError, yaml.YAMLError):
        return False


def _with_room_for_lanes(config: str, settings: Settings) -> str:
    """With GPUs, let two more runs start than there are lanes, so that the next one is ready when a lane is freed.

    Without GPUs its start would take cores from the trial that is measured on them.
    """
    found = lanes(config_of(settings))
    if found[0].gpu is None:
        return config
    return re.sub(
        r"(?m)^( *max_concurrent_runs:) (\d+)",
        lambda line: f"{line[1]} {max(int(line[2]), len(found) + _WAITING_RUNS)}",
        config,
    )


@contextmanager
def open_instance(settings: Settings) -> Generator[DagsterInstance]:
    """The instance in that folder, while the block runs.

    A damaged database is set aside with a line on stderr, and Dagster makes a new one. Raises SettingError as
    `prepare_home` does, and StorageError if the block fails because a disk is full or read-only, or because a database
    stays locked or turns out to be damaged.
    """
    try:
        home = str(prepare_home(settings))
        # Two processes that create its databases at the same time leave them broken.
        with claim(str(Path(home).resolve()), leases_folder(settings.leases_dir)):
            _set_aside_damaged(Path(home))
            instance = DagsterInstance.from_config(home)
        with instance:
            yield instance
    except OSError as error:
        raise StorageError.of(error, error.filename or settings.data_dir) or error from error
    except DBAPIError as error:
        if lines := _set_aside_damaged(settings.dagster_home, thorough=True):
            raise StorageError(" ".join(lines), hint="Start it again.") from error
        raise StorageError(
            f"Dagster's history in {settings.dagster_home} can't be used: {error.orig}.",
            hint="Is the disk full or read-only, or does another program keep a file locked? Finished work is kept.",
        ) from error


def _set_aside_damaged(home: Path, *, thorough: bool = False) -> list[str]:
    """Set Dagster's damaged databases aside, each with a line on stderr; returns the lines."""
    lines = [
        f"Dagster's database {path} is damaged ({problem}). It was set aside as {set_aside_database(path).name}: "
        "what Dagster kept there is lost, but trials and reports are kept."
        for path, problem in damaged_databases(home, thorough=thorough).items()
    ]
    for line in lines:
        sys.stderr.write(f"warning: {line}\n")
    return lines
