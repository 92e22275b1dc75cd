"""What an executor is made of. Dagster's own executors for Kubernetes and Docker use the same classes."""

from collections.abc import Generator
from typing import cast

from dagster import DagsterEvent, DagsterInstance, DagsterRun

# What 'dagster api execute_step' does, in the calling process.
from dagster._cli.api import _execute_step_command_body  # pyright: ignore[reportPrivateUsage]

# The interrupt that a step in a process of its own gets when its run is terminated.
from dagster._core.errors import DagsterExecutionInterruptedError, raise_execution_interrupts

# The config field 'retries' that every executor of Dagster has, and its value.
from dagster._core.execution.retries import RetryMode, get_retries_config

# Decides which step is next, retries steps and reads their events, for a handler that starts and ends their processes.
from dagster._core.executor.step_delegating import (
    CheckStepHealthResult,
    StepDelegatingExecutor,
    StepHandler,
    StepHandlerContext,
)

# What the process of a step is given: the run, the step and the instance.
from dagster._grpc.types import ExecuteStepArgs

# Turns SIGTERM and SIGINT into those interrupts.
from dagster._utils.interrupts import capture_interrupts

__all__ = [
    "CheckStepHealthResult",
    "DagsterExecutionInterruptedError",
    "ExecuteStepArgs",
    "RetryMode",
    "StepDelegatingExecutor",
    "StepHandler",
    "StepHandlerContext",
    "capture_interrupts",
    "execute_step",
    "get_retries_config",
    "raise_execution_interrupts",
]


def execute_step(args: ExecuteStepArgs, instance: DagsterInstance, run: DagsterRun) -> Generator[DagsterEvent]:
    """Run a step in this process; an error that is thrown into it is raised where the step's own code would start."""
    return cast("Generator[DagsterEvent]", _execute_step_command_body(args, instance, run))
