"""What a fault has left behind: trials that are lost or were run twice, files, leases, runs that never end."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from pyarrow import ArrowException

from chimera_dagster.errors import DamagedFileError, UnknownTrialError
from chimera_dagster.gpu.leases import any_held
from chimera_dagster.gpu.tickets import waiting
from chimera_dagster.records.documents import Summary
from chimera_dagster.records.store import Store
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.done import is_done
from chimera_dagster.steps.recompute import recompute
from tests.conftest import Project


class Aftermath(NamedTuple):
    """Empty where nothing is wrong. Trials and runs by name, files by their path in the data folder."""

    lost: list[str]
    """Trials without a report of their question and these data."""
    twice: list[str]
    """Trials of which more runs ended well than were asked for."""
    mixed: list[str]
    """Trials of which the files are not those of one run, or not whole."""
    half_written: list[str]
    """Files that can't be read, and temporary ones."""
    held: list[str]
    """Leases that are held or waited for."""
    unfinished: list[str]
    """Runs that wait or are at work, as Dagster sees them."""


NOTHING = Aftermath([], [], [], [], [], [])


def aftermath(project: Project, plans: Sequence[TrialPlan], again: Mapping[str, int] = {}) -> Aftermath:
    """Look at a project in which nothing is at work any more; of each trial, at the round that its plan names.

    `again` is how often a trial had to run once more.
    """
    store, leases = Store(project.data), project.path / "leases"
    digest = store.read_json("summary", Summary).digest
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(project.data / "dagster_home"))
        with DagsterInstance.get() as instance:
            well = Counter(
                (run.tags.get("dagster/partition", ""), int(run.tags.get("chimera/sweep_round", "1")))
                for run in instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.SUCCESS]))
            )
            unfinished = instance.get_runs(RunsFilter(statuses=NOT_FINISHED_STATUSES))
            return Aftermath(
                lost=[plan.trial.key for plan in plans if not is_done(store, plan, digest)],
                twice=[
                    plan.trial.key
                    for plan in plans
                    if well[plan.trial.key, plan.round] > 1 + again.get(plan.trial.key, 0)
                ],
                mixed=mixed(store, plans),
                half_written=half_written(project.data),
                held=["a lane"] * any_held(leases) + [each.trial for each in waiting(leases)],
                unfinished=[f"{run.run_id} is {run.status.value}" for run in unfinished],
            )


def mixed(store: Store, plans: Sequence[TrialPlan]) -> list[str]:
    """Trials of which the stored metrics are not those of the stored calls, or that can't be read."""
    return [plan.trial.key for plan in plans if _is_mixed(store, plan)]


def _is_mixed(store: Store, plan: TrialPlan) -> bool:
    try:
        return recompute(store, plan)[1] != []
    except UnknownTrialError:
        return False  # it has not run
    except DamagedFileError:
        return True


def half_written(data: Path) -> list[str]:
    """Files of trials, the index and the tables that can't be read, and what is left under temporary names."""
    files = [path for folder in ("runs", "tables") for path in (data / folder).rglob("*") if path.is_file()]
    kept = [path for path in files if ".set-aside-" not in str(path.relative_to(data))]
    return [str(path.relative_to(data)) for path in kept if path.name.startswith(".") or not _is_whole(path)]


def _is_whole(path: Path) -> bool:
    try:
        match path.suffix:
            case ".json":
                json.loads(path.read_bytes())
            case ".parquet":
                pq.read_table(path)
            case ".html":
                return path.read_text().endswith("</html>\n")
            case _:
                return path.read_text().endswith("\n")
    except (ValueError, ArrowException):
        return False
    return True
