"""The executor: a step that uses a GPU runs in a process of its own, pinned to a leased lane; others run right here.

Three designs were considered.

- The run's own process takes the lease, as it is a process already. Then a model that crashes takes the run with it,
  and a second GPU step of the run is bound to the first one's GPU, as CUDA can't be moved.
- A child as Dagster's multiprocess executor starts it, by forkserver or spawn. It imports everything again: 2.6 s of a
  core for each trial, which on a small host is more than all else that a run costs.
- A child by fork, which takes milliseconds: this, on Linux. It is safe as long as no step that runs in the run's own
  process touches CUDA or NVML, which do not survive a fork; and of the threads of that process none holds what a child
  needs. Where either does not hold, `start_method` has the other two.

All that comes from `dagster._core` is private: tests/integration/test_executor.py goes each way through this module, so
that a version of Dagster which changes any of it fails there.
"""

import multiprocessing
import os
from collections.abc import Iterator, Mapping
from multiprocessing.process import BaseProcess
from typing import Any, get_args

from dagster import (
    DagsterEvent,
    Enum,
    EnumValue,
    Field,
    InitExecutorContext,
    executor,
    multiple_process_executor_requirements,
)
from dagster import (
    _check as check,
)
from dagster._core.errors import DagsterExecutionInterruptedError, DagsterSubprocessError
from dagster._core.events import EngineEventData
from dagster._core.execution.api import create_execution_plan, execute_plan_iterator
from dagster._core.execution.context.system import PlanOrchestrationContext
from dagster._core.execution.plan.active import ActiveExecution
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.plan.step import ExecutionStep
from dagster._core.execution.retries import RetryMode, get_retries_config
from dagster._core.executor.base import Executor
from dagster._core.executor.child_process_executor import (
    ChildProcessCrashException,
    ChildProcessSystemErrorEvent,
    execute_child_process_command,
)
from dagster._utils import get_run_crash_explanation
from dagster_shared.error import SerializableErrorInfo

from chimera_dagster.gpu.lanes import LaneConfig, config_of
from chimera_dagster.orchestration.child import CONTEXT, StartMethod
from chimera_dagster.orchestration.orphans import process_tag
from chimera_dagster.orchestration.pinned_step import PinnedStep
from chimera_dagster.settings import load_settings

GPU_TAG = "chimera/gpu"


class GpuPinnedExecutor(Executor):
    """Runs the steps of a run one after the other; see the module's docstring."""

    def __init__(self, lanes: LaneConfig, start_method: StartMethod, retries: RetryMode) -> None:
        self._lanes, self._start_method, self._retries = lanes, start_method, retries

    @property
    def retries(self) -> RetryMode:
        return self._retries

    def execute(self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan) -> Iterator[DagsterEvent]:
        run_id = plan_context.dagster_run.run_id
        plan_context.instance.add_run_tags(run_id, process_tag(run_id))
        yield DagsterEvent.engine_event(
            plan_context,
            f"Executing steps in this process (pid: {os.getpid()}), those that use a GPU in one of their own",
            EngineEventData.in_process(os.getpid(), execution_plan.step_keys_to_execute),
        )
        with (
            InstanceConcurrencyContext(plan_context.instance, plan_context.dagster_run) as pools,
            ActiveExecution(
                execution_plan, retry_mode=self.retries, max_concurrent=1, instance_concurrency_context=pools
            ) as active,
        ):
            while not active.is_complete:
                if active.check_for_interrupts():
                    active.mark_interrupted()
                    raise DagsterExecutionInterruptedError
                step = active.get_next_step()
                yield from active.concurrency_event_iterator(plan_context)
                if step is None:
                    active.sleep_til_ready()
                    continue
                run = self._apart if GPU_TAG in step.tags else self._here
                for event in run(plan_context, execution_plan, active, step):
                    yield event
                    active.handle_event(event)
                    if event.is_resource_init_failure:  # of which the step itself does not tell
                        failure = self._failure(plan_context, active, step, event.engine_event_data.error)
                        yield failure
                        active.handle_event(failure)
                active.verify_complete(plan_context, step.key)
                yield from active.plan_events_iterator(plan_context)

    def _here(
        self,
        plan_context: PlanOrchestrationContext,
        execution_plan: ExecutionPlan,
        active: ActiveExecution,
        step: ExecutionStep,
    ) -> Iterator[DagsterEvent]:
        plan = create_execution_plan(
            job=plan_context.reconstructable_job,
            run_config=plan_context.run_config,
            step_keys_to_execute=[step.key],
            known_state=active.get_known_state(),
            repository_load_data=execution_plan.repository_load_data,
        )
        return execute_plan_iterator(
            plan,
            plan_context.reconstructable_job,
            plan_context.dagster_run,
            plan_context.instance,
            retry_mode=self.retries.for_inner_plan(),
            run_config=plan_context.run_config,
        )

    def _apart(
        self,
        plan_context: PlanOrchestrationContext,
        execution_plan: ExecutionPlan,
        active: ActiveExecution,
        step: ExecutionStep,
    ) -> Iterator[DagsterEvent]:
        step_context = plan_context.for_step(step)
        context = multiprocessing.get_context(self._start_method)
        command = PinnedStep(
            run_config=plan_context.run_config,
            dagster_run=plan_context.dagster_run,
            step_key=step.key,
            instance_ref=plan_context.instance.get_ref(),
            term_event=context.Event(),  # which is not used here: to set it waits for ever on a child that was killed
            recon_pipeline=plan_context.reconstructable_job,
            retry_mode=self.retries,
            known_state=active.get_known_state(),
            repository_load_data=execution_plan.repository_load_data,
        )
        command.lanes = self._lanes
        yield DagsterEvent.step_worker_starting(step_context, f"Starting a process for {step.key!r}.", metadata={})
        interrupted, error, process = False, None, None
        try:
            for said in execute_child_process_command(context, command):
                if isinstance(said, BaseProcess):
                    process = said
                if process is not None and not interrupted and active.check_for_interrupts():
                    interrupted = True
                    process.terminate()
                if isinstance(said, DagsterEvent):
                    yield said
                elif isinstance(said, ChildProcessSystemErrorEvent):
                    error = said.error_info
        except ChildProcessCrashException as crash:
            why = get_run_crash_explanation(f"The process of step {step.key!r}", crash.exit_code or 0)
            yield self._failure(
                plan_context, active, step, SerializableErrorInfo(why, [], ChildProcessCrashException.__name__)
            )
        finally:
            if process is not None and process.is_alive():  # whatever ended this loop, it must not go on alone
                process.terminate()
        if interrupted:
            active.mark_interrupted()
            raise DagsterExecutionInterruptedError
        if error is not None:
            raise DagsterSubprocessError(error.to_string(), subprocess_error_infos=[error])

    def _failure(
        self,
        plan_context: PlanOrchestrationContext,
        active: ActiveExecution,
        step: ExecutionStep,
        error: SerializableErrorInfo | None,
    ) -> DagsterEvent:
        """The step's failure, or that it is up for another try."""
        return self.log_failure_or_retry_event_after_error(
            plan_context.for_step(step), check.not_none(error), active.get_known_state()
        )


@executor(
    name="gpu_pinned",
    requirements=multiple_process_executor_requirements(),
    config_schema={
        "gpus": Field(Any, is_required=False, description="auto, or a list of indices and UUIDs. [CHIMERA_GPUS]"),
        "endpoints": Field(
            [str], is_required=False, description="Ollama's address for each of them. [CHIMERA_OLLAMA_ENDPOINTS]"
        ),
        "processes_per_gpu": Field(
            int, is_required=False, description="Trials at once on one GPU. [CHIMERA_PROCESSES_PER_GPU]"
        ),
        "start_method": Field(
            Enum("StartMethod", [EnumValue(name) for name in get_args(StartMethod)]),
            default_value=CONTEXT.get_start_method(),
            description="How the process of a GPU step is started.",
        ),
        "retries": get_retries_config(),
    },
)
def gpu_pinned_executor(init_context: InitExecutorContext) -> GpuPinnedExecutor:
    """Steps tagged `chimera/gpu` run each in a process of its own on a leased GPU, all others in the run's process.

    What the config leaves out is as the CHIMERA_* variables say. Raises SettingError.
    """
    config: Mapping[str, Any] = init_context.executor_config
    lanes = config_of(load_settings())
    asked = config.get("gpus", lanes.gpus)
    lanes = LaneConfig(
        gpus=[str(gpu) for gpu in asked] if isinstance(asked, list) else str(asked),
        endpoints=config.get("endpoints", lanes.endpoints),
        processes_per_gpu=config.get("processes_per_gpu", lanes.processes_per_gpu),
    )
    return GpuPinnedExecutor(
        lanes, config["start_method"], RetryMode.from_config(config["retries"]) or RetryMode.ENABLED
    )
