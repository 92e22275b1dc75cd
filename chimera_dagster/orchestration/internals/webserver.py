"""Dagster's webserver with a guard in front of its application; it has no option for that."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

# The command line of the webserver, and the application that it serves.
from dagster_webserver.cli import (
    create_app_from_workspace_process_context,  # pyright: ignore[reportPrivateImportUsage]
    main,
)
from starlette.types import ASGIApp

__all__ = ["run_webserver"]


def run_webserver(guard: Callable[[ASGIApp], ASGIApp]) -> None:
    """Run Dagster's webserver with the arguments of this process, and its application within `guard`."""

    def create(*arguments: Any, **options: Any) -> ASGIApp:
        return guard(create_app_from_workspace_process_context(*arguments, **options))

    vars(import_module("dagster_webserver.cli"))["create_app_from_workspace_process_context"] = create
    main()
