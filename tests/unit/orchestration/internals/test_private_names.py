"""The private names of Dagster that this project uses, against the Dagster that is installed.

A case that fails after an upgrade says which name moved or changed, who uses it and where to fix the import.
"""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import dagster
import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "chimera_dagster"
INTERNALS = PACKAGE / "orchestration" / "internals"


class Private(NamedTuple):
    """A name, who uses it, and what of it they use."""

    module: str
    name: str
    used_by: str
    attributes: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    assigned: tuple[str, ...] = ()
    """Attributes that its `__init__` sets."""
    abstract: frozenset[str] = frozenset()
    """All methods that a subclass must define."""

    def problems(self) -> Iterator[str]:
        try:
            found: Any = attrgetter(self.name)(import_module(self.module))
        except (ImportError, AttributeError) as error:
            yield f"is gone: {error}"
            return
        for attribute in self.attributes:
            if not hasattr(found, attribute):
                yield f"has no {attribute!r}"
        if self.parameters:
            accepted = inspect.signature(found).parameters
            yield from (f"does not accept {name!r}" for name in self.parameters if name not in accepted)
        for attribute in self.assigned:
            if attribute not in found.__init__.__code__.co_names:
                yield f"no longer sets {attribute!r}"
        if getattr(found, "__abstractmethods__", frozenset()) - self.abstract:
            yield f"has new abstract methods: {sorted(found.__abstractmethods__ - self.abstract)}"


HANDLER = frozenset({"name", "launch_step", "check_step_health", "terminate_step"})
EXECUTOR, BACKFILL, STORAGE = (f"orchestration/{name}.py" for name in ("executor", "backfill", "storage"))
DEV, WEBSERVER = (f"orchestration/internals/{name}.py" for name in ("dev", "webserver"))
BACKFILLS = "dagster._core.execution.backfill"
DELEGATING = "dagster._core.executor.step_delegating"
SQLITE = "dagster._core.storage"
INSTANCE_METHODS = (
    "add_backfill",
    "add_run_tags",
    "all_logs",
    "from_config",
    "from_ref",
    "get_backfill",
    "get_backfills",
    "get_daemon_heartbeats",
    "get_run_records",
    "get_runs_count",
    "has_dynamic_partition",
    "report_engine_event",
    "report_run_canceled",
    "report_run_failed",
)
NAMES = [
    # public classes, of which undocumented methods are used
    Private("dagster", "DagsterInstance", "orchestration/*.py", INSTANCE_METHODS),
    Private("dagster", "Definitions", "orchestration/*.py", ("resolve_asset_graph", "resolve_job_def")),
    Private("dagster._cli", "main", DEV),
    Private("dagster._cli.dev", "open_ipc_subprocess", DEV, (), ("parts",)),
    Private("dagster_webserver.cli", "create_app_from_workspace_process_context", WEBSERVER),
    Private("dagster_webserver.cli", "main", WEBSERVER),
    Private("dagster._cli.api", "_execute_step_command_body", EXECUTOR, (), ("args", "instance", "dagster_run")),
    Private("dagster._core.errors", "DagsterExecutionInterruptedError", EXECUTOR),
    Private("dagster._core.errors", "raise_execution_interrupts", EXECUTOR),
    Private("dagster._core.execution.retries", "RetryMode", EXECUTOR, ("ENABLED", "from_config")),
    Private("dagster._core.execution.retries", "get_retries_config", EXECUTOR),
    Private(DELEGATING, "CheckStepHealthResult", EXECUTOR, ("healthy", "unhealthy")),
    Private(
        DELEGATING,
        "StepDelegatingExecutor",
        EXECUTOR,
        parameters=(
            "step_handler",
            "retries",
            "sleep_seconds",
            "check_step_health_interval_seconds",
            "max_concurrent",
        ),
    ),
    Private(DELEGATING, "StepHandler", EXECUTOR, tuple(HANDLER), abstract=HANDLER),
    Private(DELEGATING, "StepHandlerContext", EXECUTOR, ("dagster_run", "execute_step_args", "instance", "step_tags")),
    Private("dagster._grpc.types", "ExecuteStepArgs", EXECUTOR, ("instance_ref", "run_id", "step_keys_to_execute")),
    Private("dagster._utils.interrupts", "capture_interrupts", EXECUTOR),
    Private(BACKFILLS, "BulkActionsFilter", BACKFILL, ("statuses", "tags")),
    Private(
        BACKFILLS,
        "BulkActionStatus",
        BACKFILL,
        ("REQUESTED", "COMPLETED", "COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED"),
    ),
    Private(
        BACKFILLS,
        "PartitionBackfill",
        BACKFILL,
        ("asset_backfill_data", "backfill_id", "error", "status"),
    ),
    Private(
        BACKFILLS,
        "PartitionBackfill.from_asset_partitions",
        BACKFILL,
        parameters=(
            "backfill_id",
            "asset_graph",
            "partition_names",
            "asset_selection",
            "backfill_timestamp",
            "tags",
            "dynamic_partitions_store",
            "all_partitions",
            "title",
            "description",
            "run_config",
        ),
    ),
    Private(
        f"{SQLITE}.event_log.sqlite.consolidated_sqlite_event_log",
        "ConsolidatedSqliteEventLogStorage",
        STORAGE,
        ("_connect",),
        ("base_dir",),
        ("_conn_string",),
    ),
    Private(
        f"{SQLITE}.runs.sqlite.sqlite_run_storage",
        "SqliteRunStorage",
        STORAGE,
        ("connect", "from_local"),
        (),
        ("_conn_string",),
    ),
    Private(
        f"{SQLITE}.sqlite_storage",
        "DagsterSqliteStorage",
        STORAGE,
        ("config_type", "from_config_value", "from_local"),
        ("base_dir", "inst_data"),
        ("_run_storage", "_event_log_storage"),
    ),
]


@pytest.mark.parametrize("private", NAMES, ids=lambda private: private.name)
def test_a_private_name_is_as_its_users_need_it(private: Private) -> None:
    problems = list(private.problems())
    assert not problems, (
        f"Dagster {dagster.__version__}: {private.module}.{private.name} {'; '.join(problems)}. "
        f"{private.used_by} uses it. Find what replaced it in Dagster's source, change {private.used_by} and the "
        f"import in {INTERNALS.relative_to(ROOT)}, and run test_executor.py, test_backfill.py and test_home.py."
    )


def private_imports(path: Path) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0].startswith("dagster"):
            names = {(node.module, alias.name) for alias in node.names}
            found |= {(module, name) for module, name in names if "._" in f"{module}.{name}" or module != "dagster"}
        elif isinstance(node, ast.Import):
            found |= {("", alias.name) for alias in node.names if alias.name.startswith(("dagster.", "dagster_"))}
    return found


def test_only_internals_imports_private_names_and_each_has_its_case() -> None:
    found = {path: private_imports(path) for path in PACKAGE.rglob("*.py")}
    inside = {name for path, names in found.items() if path.parent == INTERNALS for name in names}
    outside = {
        f"{path.relative_to(ROOT)}: {names}" for path, names in found.items() if names and path.parent != INTERNALS
    }
    assert outside == set()
    assert inside == {(case.module, case.name.partition(".")[0]) for case in NAMES if case.module != "dagster"}
