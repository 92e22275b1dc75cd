"""'dagster dev' with another webserver; it has no option for that."""

import sys
from importlib import import_module
from typing import Any

# The command line of Dagster, of which 'dev' is a part: it names its environment variables.
from dagster._cli import main

# How 'dagster dev' starts its webserver and its daemon.
from dagster._cli.dev import open_ipc_subprocess  # pyright: ignore[reportPrivateImportUsage]

__all__ = ["run_dev"]


def run_dev(webserver: str) -> None:
    """Run 'dagster dev' with the arguments of this process and `webserver`, a module, as its webserver."""

    def start(command: list[str], **options: Any) -> Any:
        return open_ipc_subprocess([webserver if word == "dagster_webserver" else word for word in command], **options)

    vars(import_module("dagster._cli.dev"))["open_ipc_subprocess"] = start
    sys.argv.insert(1, "dev")
    main()
