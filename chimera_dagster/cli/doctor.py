"""`chimera doctor`: what this machine has, and how to mend what it lacks."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import typer

from chimera_dagster.cli.options import AsJson

_FREE_GIB = 2.0  # a Dagster history and a few models' worth of reports


@dataclass(frozen=True)
class Check:
    """One line: what was looked at, what was found, and what to do where that is a problem."""

    name: str
    state: Literal["ok", "note", "problem"]
    found: str
    fix: str = ""


def doctor(as_json: AsJson = False) -> None:
    """Check Python, folders, the Dagster home, engines and their models, GPUs and the disk."""
    from chimera_dagster.settings import load_settings

    settings = load_settings()
    checks = [
        _python(),
        _reports(settings.reports),
        _spec(settings.spec),
        _home(settings.dagster_home),
        *_engines(),
        _gpus(),
        _disk(settings.data_dir),
    ]
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        for check in checks:
            typer.echo(
                f"{check.state:8}{check.name}: {check.found}" + (f"\n        fix: {check.fix}" if check.fix else "")
            )
    if any(check.state == "problem" for check in checks):
        raise typer.Exit(1)


def _python() -> Check:
    import platform
    import sys

    return Check("Python", "ok", f"{platform.python_version()} at {sys.executable}")


def _reports(folder: Path) -> Check:
    from chimera_dagster.errors import NoReportsError
    from chimera_dagster.ingest.discover import discover

    try:
        return Check("reports", "ok", f"{len(discover(folder))} files in {folder}")
    except NoReportsError as error:
        return Check("reports", "problem", error.message, error.hint)


def _spec(path: Path) -> Check:
    from chimera_dagster.errors import SpecError
    from chimera_dagster.spec.sweep import load_spec

    try:
        return Check("sweep file", "ok", f"{path}: {len(load_spec(path).trials())} trials")
    except SpecError as error:
        return Check("sweep file", "problem", error.message, error.hint)


def _home(home: Path) -> Check:
    from chimera_dagster.errors import SettingError
    from chimera_dagster.settings import check_dagster_home

    try:
        check_dagster_home()
    except SettingError as error:
        return Check("Dagster home", "problem", error.message, error.hint)
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    import os

    if not os.access(nearest, os.W_OK):
        return Check("Dagster home", "problem", f"{home} can't be written", "Set DAGSTER_HOME to a folder of your own.")
    state = "exists" if home.exists() else "will be made by the first sweep"
    return Check("Dagster home", "ok", f"{home} ({state})")


def _engines() -> list[Check]:
    from chimera_dagster.engines.registry import Engines

    engines = Engines()
    checks = [
        Check(
            f"engine {status.name}",
            # An engine that is down is a problem only where no other answers.
            "ok" if status.answers else "note",
            f"{status.detail}; models: {', '.join(status.models) or 'none'}" if status.answers else status.detail,
            "" if status.answers else status.hint,
        )
        for status in engines.survey()
    ]
    engines.close()
    return checks


def _gpus() -> Check:
    from chimera_dagster.measure.environment import read_gpus

    gpus, driver, reason = read_gpus()
    if reason is not None:
        return Check("GPUs", "note", reason, "Models run on the CPU; on a GPU host install the NVIDIA driver.")
    listed = "; ".join(f"{gpu.name}, {gpu.memory_total_mib:.0f} MiB" for gpu in gpus)
    return Check("GPUs", "ok", f"{listed}; driver {driver}")


def _disk(data_dir: Path) -> Check:
    nearest = next(folder for folder in (data_dir.absolute(), *data_dir.absolute().parents) if folder.exists())
    free = shutil.disk_usage(nearest).free / 2**30
    if free < _FREE_GIB:
        return Check("disk", "problem", f"{free:.1f} GiB free at {nearest}", f"Free at least {_FREE_GIB:g} GiB.")
    return Check("disk", "ok", f"{free:.1f} GiB free at {nearest}")
