"""Dagster's instance folder: one for the UI, Dagster's own commands and `chimera`; each shows what the others did."""

import os
import shutil
from pathlib import Path

from dagster import DagsterInstance

from chimera_dagster.settings import Settings

_CONFIG = Path("dagster.yaml")


def prepare_home(settings: Settings) -> Path:
    """Make the folder, with this project's dagster.yaml in it, and point DAGSTER_HOME of this process at it.

    A folder that DAGSTER_HOME named already is its owner's to configure.
    """
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    config = home / _CONFIG.name
    if "DAGSTER_HOME" not in os.environ and _CONFIG.exists():
        shutil.copyfile(_CONFIG, config)
    elif not config.exists():  # else Dagster prints a page about its telemetry
        config.write_text("telemetry: {enabled: false}\n")
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def open_instance(settings: Settings) -> DagsterInstance:
    """The instance in that folder; a context manager."""
    return DagsterInstance.from_config(str(prepare_home(settings)))
