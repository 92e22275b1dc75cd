"""A job of small steps for the executor: cheap ones, and ones that are tagged to use a GPU."""

import json
import os
import signal
from pathlib import Path

from dagster import (
    Config,
    DependencyDefinition,
    GraphDefinition,
    In,
    InitResourceContext,
    JobDefinition,
    Nothing,
    OpExecutionContext,
    RetryPolicy,
    op,
    resource,
)

from chimera_dagster.errors import SpecError
from chimera_dagster.gpu.leases import leases_folder
from chimera_dagster.orchestration.executor import GPU_TAG, gpu_pinned_executor
from chimera_dagster.orchestration.step_lease import release_step_lease
from chimera_dagster.settings import load_settings

SEEN = ("CHIMERA_LANE", "CUDA_VISIBLE_DEVICES", "OLLAMA_HOST")


class Behaviour(Config):
    """What the GPU step does: `well`, `early` (frees its lane itself), `fail`, `die`, `die once`."""

    folder: str
    does: str = "well"


def note(context: OpExecutionContext, folder: str) -> None:
    leases = {path.name: path.stat().st_size > 0 for path in leases_folder(load_settings().leases_dir).glob("*.lease")}
    seen = {name: os.environ.get(name) for name in SEEN}
    text = json.dumps({"pid": os.getpid(), "leases": leases, **seen})
    Path(folder, f"{context.op.name}.json").write_text(text)


@op
def before(context: OpExecutionContext, config: Behaviour) -> None:
    note(context, config.folder)


@op(
    tags={GPU_TAG: "1"},
    ins={"start": In(Nothing)},
    retry_policy=RetryPolicy(max_retries=1),
    required_resource_keys={"thing"},
)
def on_gpu(context: OpExecutionContext, config: Behaviour) -> None:
    if config.does == "fail":
        raise SpecError("failed as planned")
    if config.does == "early":
        release_step_lease()
    if config.does == "die" or (config.does == "die once" and context.retry_number == 0):
        os.kill(os.getpid(), signal.SIGKILL)
    note(context, config.folder)


@op(ins={"start": In(Nothing)})
def after(context: OpExecutionContext, config: Behaviour) -> None:
    note(context, config.folder)


@resource(config_schema={"fails": bool})
def thing(context: InitResourceContext) -> str:
    if context.resource_config["fails"]:
        raise SpecError("no thing as planned")
    return "thing"


def toy_job() -> JobDefinition:
    graph = GraphDefinition(
        "toy",
        node_defs=[before, on_gpu, after],
        dependencies={
            "on_gpu": {"start": DependencyDefinition("before")},
            "after": {"start": DependencyDefinition("on_gpu")},
        },
    )
    return graph.to_job(executor_def=gpu_pinned_executor, resource_defs={"thing": thing})
