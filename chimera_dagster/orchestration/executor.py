"""The executor: each step runs in a process of its own, and one that uses a GPU holds a lease on a lane meanwhile.

Dagster's StepDelegatingExecutor, which its Kubernetes and Docker executors are made of too, decides which step is next,
retries steps and reads their events from the instance. Here is how a step's process is started, watched and ended.

The process is a fork on Linux, which takes milliseconds; another start method imports everything again, 2.6 s of a core
for each step. A fork is safe because nothing in the run's own process touches CUDA or NVML, which do not survive it.
The lease is taken by the step's process, not by the run's: CUDA can't be moved to another GPU, and a model that crashes
then fails its step, which can be retried, and not the whole run.
"""

import multiprocessing
from collections.abc import Iterator, Mapping
from multiprocessing.process import BaseProcess
from typing import Any, get_args

from dagster import (
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    Enum,
    EnumValue,
    Failure,
    Field,
    InitExecutorContext,
    executor,
    multiple_process_executor_requirements,
)

from chimera_dagster.errors import ChimeraError
from chimera_dagster.gpu.lanes import LaneConfig, config_of
from chimera_dagster.orchestration.child import CONTEXT, StartMethod, end_with_parent, exit_reason
from chimera_dagster.orchestration.internals.execution import (
    CheckStepHealthResult,
    DagsterExecutionInterruptedError,
    ExecuteStepArgs,
    RetryMode,
    StepDelegatingExecutor,
    StepHandler,
    StepHandlerContext,
    capture_interrupts,
    execute_step,
    get_retries_config,
    raise_execution_interrupts,
)
from chimera_dagster.orchestration.lost_runs import process_tag
from chimera_dagster.orchestration.step_lease import release_step_lease, take_step_lease
from chimera_dagster.records.store import Store
from chimera_dagster.settings import load_settings
from chimera_dagster.steps.trial import get_ready

GPU_TAG = "chimera/gpu"
_POLL_S = 0.25  # how often a run reads its step's events; GPUs are handed over by the steps, which do not wait for it
_HEALTH_CHECK_S = 1


class StepProcesses(StepHandler):
    """Starts, watches and ends the process of each step of one run."""

    def __init__(self, lanes: LaneConfig, start_method: StartMethod) -> None:
        self._lanes, self._start_method = lanes, start_method
        self._processes: dict[str, BaseProcess] = {}

    @property
    def name(self) -> str:
        return "gpu_pinned"

    def launch_step(self, step_handler_context: StepHandlerContext) -> Iterator[DagsterEvent]:
        run, key = step_handler_context.dagster_run, _step_key(step_handler_context)
        step_handler_context.instance.add_run_tags(run.run_id, process_tag(run.run_id))
        lanes = self._lanes if GPU_TAG in step_handler_context.step_tags[key] else None
        context: Any = multiprocessing.get_context(self._start_method)
        process: BaseProcess = context.Process(target=_run_step, args=(step_handler_context.execute_step_args, lanes))
        process.start()
        self._processes[key] = process
        return iter(())

    def check_step_health(self, step_handler_context: StepHandlerContext) -> CheckStepHealthResult:
        process = self._processes[_step_key(step_handler_context)]
        if process.exitcode in (None, 0):
            return CheckStepHealthResult.healthy()
        return CheckStepHealthResult.unhealthy(f"its process {exit_reason(process)}")

    def terminate_step(self, step_handler_context: StepHandlerContext) -> Iterator[DagsterEvent]:
        """Kill it: a step that is interrupted instead would put a page of stack frames into its run, and may take long.

        Its lease ends with it, and no file is half-written.
        """
        process = self._processes[_step_key(step_handler_context)]
        process.kill()
        process.join()
        return iter(())


def _step_key(context: StepHandlerContext) -> str:
    [key] = context.step_tags
    return key


def _run_step(args: ExecuteStepArgs, lanes: LaneConfig | None) -> None:
    """The life of a step's process. With `lanes`, takes a lease once everything except the step's own code is ready.

    The lease ends with `Workspace.on_measured`, with the step or with the process, whichever comes first.
    """
    end_with_parent()
    assert args.instance_ref is not None
    with capture_interrupts(), DagsterInstance.from_ref(args.instance_ref) as instance:
        run = instance.get_run_by_id(args.run_id)
        assert run is not None and args.step_keys_to_execute is not None
        [step_key] = args.step_keys_to_execute
        events = execute_step(args, instance, run)
        try:
            for event in events:
                if lanes is not None and event.event_type is DagsterEventType.STEP_START:
                    try:
                        get_ready(Store(load_settings().data_dir))
                        with raise_execution_interrupts():
                            take_step_lease(lanes, instance, run, step_key)
                    # Handed to the step, which fails or is interrupted as if its own code had raised it.
                    except ChimeraError as error:
                        events.throw(Failure(str(error), allow_retries=False))
                    except DagsterExecutionInterruptedError as error:
                        events.throw(error)
        finally:
            release_step_lease()


@executor(
    name="gpu_pinned",
    requirements=multiple_process_executor_requirements(),
    config_schema={
        "gpus": Field(
            Any, is_required=False, description="auto, or a list of indices and UUIDs. Defaults to CHIMERA_GPUS."
        ),
        "endpoints": Field(
            [str],
            is_required=False,
            description="Ollama's address for each GPU. Defaults to CHIMERA_OLLAMA_ENDPOINTS.",
        ),
        "processes_per_gpu": Field(
            int, is_required=False, description="Trials at once on one GPU. Defaults to CHIMERA_PROCESSES_PER_GPU."
        ),
        "start_method": Field(
            Enum("StartMethod", [EnumValue(name) for name in get_args(StartMethod)]),
            default_value=CONTEXT.get_start_method(),
            description="How the process of a step is started.",
        ),
        "retries": get_retries_config(),
    },
)
def gpu_pinned_executor(init_context: InitExecutorContext) -> StepDelegatingExecutor:
    """Runs the steps of a run one after the other, each in a process; one tagged `chimera/gpu` on a leased GPU.

    Config fields that are not set default to the CHIMERA_* variables. Raises SettingError.
    """
    config: Mapping[str, Any] = init_context.executor_config
    lanes = config_of(load_settings())
    gpus = config.get("gpus", lanes.gpus)
    lanes = LaneConfig(
        gpus=[str(gpu) for gpu in gpus] if isinstance(gpus, list) else str(gpus),
        endpoints=config.get("endpoints", lanes.endpoints),
        processes_per_gpu=config.get("processes_per_gpu", lanes.processes_per_gpu),
    )
    return StepDelegatingExecutor(
        StepProcesses(lanes, config["start_method"]),
        RetryMode.from_config(config["retries"]) or RetryMode.ENABLED,
        sleep_seconds=_POLL_S,
        check_step_health_interval_seconds=_HEALTH_CHECK_S,
        max_concurrent=1,
    )
