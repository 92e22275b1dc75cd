"""Launches runs of one job, one process each, as a run launcher does: `python -m tests.integration.launch JOB KEY ...`.

    CONFIG='{"execution": ...}' python -m tests.integration.launch write_report 'model|params' ...

They are forks of a process that has imported all, so that many of them start in a moment. Prints `pid key` of each, and
ends when all have, with the number of those that failed.
"""

import json
import os
import sys
import traceback
from pathlib import Path

from dagster import DagsterInstance, execute_job
from dagster._core.definitions.reconstruct import ReconstructableRepository

from chimera_dagster.orchestration.home import open_instance
from chimera_dagster.settings import load_settings


def run(job: str, key: str) -> bool:
    model, params = key.split("|")
    tags = {"dagster/partition": key, "dagster/partition/model": model, "dagster/partition/params": params}
    repository = ReconstructableRepository.for_module("chimera_dagster.definitions", "defs", str(Path.cwd()))
    with DagsterInstance.get() as instance:
        config = json.loads(os.environ.get("CONFIG", "{}"))
        return execute_job(repository.get_reconstructable_job(job), instance, run_config=config, tags=tags).success


def main(job: str, *keys: str) -> int:
    with open_instance(load_settings()):
        pass  # its databases are made once
    pids: list[int] = []
    for key in keys:
        pid = os.fork()
        if pid == 0:
            try:
                os._exit(0 if run(job, key) else 1)
            except BaseException:  # noqa: BLE001 - a fork must not go on as its parent
                traceback.print_exc()
                os._exit(2)
        pids.append(pid)
        print(pid, key, flush=True)
    return sum(os.waitpid(pid, 0)[1] != 0 for pid in pids)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
