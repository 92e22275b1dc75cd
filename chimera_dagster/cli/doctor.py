"""`chimera doctor`: what this machine has, and how to fix what is missing."""

import json
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import typer

from chimera_dagster.cli.options import AsJson
from chimera_dagster.cli.terminal import say, write_json
from chimera_dagster.engines.registry import Engines
from chimera_dagster.errors import NoReportsError, OtherVersionError, SettingError, SpecError
from chimera_dagster.ingest.discover import discover
from chimera_dagster.measure.environment import read_gpus
from chimera_dagster.records.sqlite_files import SEARCH, damaged_databases, problem_of
from chimera_dagster.records.store import Store
from chimera_dagster.settings import check_dagster_home, load_settings
from chimera_dagster.spec.sweep import load_spec
from chimera_dagster.steps.damage import damaged_files

_MOST_FILES = 50  # that are damaged, of which each has a line
_FREE_GIB = 2.0  # for a Dagster history and the trial reports of a few models


@dataclass(frozen=True)
class Check:
    """What was checked, what was found, and how to fix it if it is a problem."""

    name: str
    state: Literal["ok", "note", "problem"]
    found: str
    fix: str = ""


def doctor(as_json: AsJson = False) -> None:
    """Check the installation: Python, folders, damaged files, engines and their models, GPUs, disk.

    Exits with 1 if there is a problem.
    """
    settings = load_settings()
    checks = [
        Check("Python", "ok", f"{platform.python_version()} at {sys.executable}"),
        _reports(settings.reports),
        _spec(settings.spec),
        _home(settings.dagster_home),
        *_databases(settings.dagster_home),
        *_data(Store(settings.data_dir)),
        *_engines(),
        _gpus(),
        _disk(settings.data_dir),
    ]
    if as_json:
        write_json(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        for check in checks:
            say(f"{check.state:8}{check.name}: {check.found}")
            if check.fix:
                say(f"        fix: {check.fix}")
    if any(check.state == "problem" for check in checks):
        raise typer.Exit(1)


def _reports(folder: Path) -> Check:
    try:
        return Check("reports", "ok", f"{len(discover(folder))} files in {folder}")
    except NoReportsError as error:
        return Check("reports", "problem", error.message, error.hint)


def _spec(path: Path) -> Check:
    try:
        return Check("sweep file", "ok", f"{path}: {len(load_spec(path).trials())} trials")
    except SpecError as error:
        return Check("sweep file", "problem", error.message, error.hint)


def _home(home: Path) -> Check:
    try:
        check_dagster_home()
    except SettingError as error:
        return Check("Dagster home", "problem", error.message, error.hint)
    if not os.access(_existing(home), os.W_OK):
        return Check(
            "Dagster home", "problem", f"{home} is not writable", "Set DAGSTER_HOME to a folder that you can write to."
        )
    state = "exists" if home.exists() else "the first sweep creates it"
    return Check("Dagster home", "ok", f"{home} ({state})")


def _databases(home: Path) -> list[Check]:
    problems = damaged_databases(home, thorough=True)
    if problem := problem_of(home / SEARCH.name, SEARCH.table, thorough=True):
        problems[home / SEARCH.name] = problem
    fix = "Move it away, or let the next command do so that needs it: its history is lost, trials and reports are kept."
    return [Check("database", "problem", f"{path} is damaged: {problem}", fix) for path, problem in problems.items()]


def _data(store: Store) -> list[Check]:
    problems = damaged_files(store)
    found = [
        Check("data", "note" if isinstance(error, OtherVersionError) else "problem", error.message, error.hint)
        for error in problems[:_MOST_FILES]
    ]
    if len(problems) > _MOST_FILES:
        found.append(Check("data", "problem", f"and {len(problems) - _MOST_FILES} more files"))
    return found or [Check("data", "ok", f"no file in {store.data_dir} is damaged")]


def _engines() -> list[Check]:
    engines = Engines()
    checks = [
        Check(f"engine {status.name}", "ok", f"{status.detail}; models: {', '.join(status.models) or 'none'}")
        if status.answers
        # not a problem: the embedded engine works without any server
        else Check(f"engine {status.name}", "note", status.detail, status.hint)
        for status in engines.survey()
    ]
    engines.close()
    return checks


def _gpus() -> Check:
    gpus, driver, reason = read_gpus()
    if reason is not None:
        return Check("GPUs", "note", reason, "Models run on the CPU; to use an NVIDIA GPU, install its driver.")
    listed = "; ".join(f"{gpu.name}, {gpu.memory_total_mib:.0f} MiB" for gpu in gpus)
    return Check("GPUs", "ok", f"{listed}; driver {driver}")


def _disk(data_dir: Path) -> Check:
    folder = _existing(data_dir.absolute())
    free = shutil.disk_usage(folder).free / 2**30
    if free < _FREE_GIB:
        return Check("disk", "problem", f"{free:.1f} GiB free at {folder}", f"Free at least {_FREE_GIB:g} GiB.")
    return Check("disk", "ok", f"{free:.1f} GiB free at {folder}")


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
