"""A project with its Dagster instance and a runner, in the process of the test."""

import os
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from dagster import DagsterInstance

from chimera_dagster.definitions import defs
from chimera_dagster.orchestration.home import open_instance
from chimera_dagster.orchestration.partitions import register
from chimera_dagster.orchestration.runner import JobRunner
from chimera_dagster.orchestration.workspace import Workspace
from chimera_dagster.settings import Settings
from chimera_dagster.spec.sweep import SweepSpec, TrialPlan, load_spec
from tests.conftest import Project


class Bench:
    """A project with its instance and runner, in this process."""

    def __init__(self, project: Project, instance: DagsterInstance) -> None:
        self.project, self.instance = project, instance
        self.workspace = Workspace(Settings(data_dir=project.data, spec=project.spec))
        self.store = self.workspace.store
        self.runner = JobRunner(defs, instance, self.workspace)

    def plans(self) -> list[TrialPlan]:
        return load_spec(self.project.spec).plans()

    def register(self, spec: SweepSpec) -> list[TrialPlan]:
        register(self.instance, self.store, spec.plans())
        return spec.plans()


@contextmanager
def bench_in(project: Project) -> Generator[Bench]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.path)
        patch.delenv("DAGSTER_HOME", raising=False)
        with open_instance(Settings(data_dir=project.data)) as instance:
            bench = Bench(project, instance)
            yield bench
            bench.workspace.engines.close()
        patch.setenv("DAGSTER_HOME", os.environ["DAGSTER_HOME"])  # so that leaving the context takes it away
