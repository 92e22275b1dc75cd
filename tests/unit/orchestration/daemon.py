"""What Dagster's daemon does around a sensor, for tests of its function."""

import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    RunRequest,
    SensorDefinition,
    SensorResult,
    SkipReason,
    build_sensor_context,
)
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.test_utils import create_run_for_test

from chimera_dagster.definitions import defs
from chimera_dagster.orchestration.workspace import Workspace
from chimera_dagster.settings import Settings


def written(path: Path, text: str, age_s: float = 60.0) -> Path:
    """A file of the reports folder that changed so long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    then = time.time() - age_s
    os.utime(path, (then, then))
    return path


def workspace_at(path: Path, **settings: Any) -> Workspace:
    return Workspace(Settings(data_dir=path / "data", spec=path / "sweep.yaml", **settings))


def new_run(instance: DagsterInstance, job: str, status: DagsterRunStatus, tags: Mapping[str, str], **more: Any) -> str:
    return create_run_for_test(
        instance, job_name=job, run_id=str(uuid.uuid4()), status=status, tags=dict(tags), **more
    ).run_id


def launched_run(instance: DagsterInstance, job: str, status: DagsterRunStatus) -> str:
    """A run as the daemon makes it: it names the code location that has its job."""
    origin = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("location"), "repository").get_job_origin(job)
    return new_run(instance, job, status, {}, remote_job_origin=origin)


@dataclass
class Ticking:
    """One sensor's ticks: its cursor is kept and partitions are added, as the daemon does it."""

    sensor: SensorDefinition
    workspace: Workspace
    instance: DagsterInstance
    cursor: str | None = None
    run_keys: set[str] = field(default_factory=set)

    def tick(self) -> list[RunRequest] | str:
        """What is asked for, or why nothing is."""
        context = build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources={"workspace": self.workspace}, definitions=defs
        )
        result = self.sensor(context)
        self.cursor = context.cursor
        if isinstance(result, SkipReason):
            return result.skip_message or ""
        if isinstance(result, SensorResult):
            for added in result.dynamic_partitions_requests or []:
                self.instance.add_dynamic_partitions(added.partitions_def_name, added.partition_keys)
            return []
        requests = [result] if isinstance(result, RunRequest) else list(result)
        fresh = [each for each in requests if each.run_key is None or each.run_key not in self.run_keys]
        self.run_keys |= {each.run_key for each in fresh if each.run_key}
        return fresh

    def launched(self, request: RunRequest, job: str, status: DagsterRunStatus) -> str:
        """Make a request a run of that status."""
        tags = {**request.tags, "dagster/sensor_name": self.sensor.name}
        if request.partition_key:
            tags["dagster/partition"] = request.partition_key
        return new_run(self.instance, job, status, tags)
