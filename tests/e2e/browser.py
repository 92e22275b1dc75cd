"""The Dagster UI of a project, its GraphQL, and a headless Chromium to look at it."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest
from playwright.sync_api import Page, sync_playwright

from tests.conftest import Project

T = TypeVar("T")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_S = 120
GROUPS = {
    "evidence": ("benchmark_files", "measurements", "data_summary", "facts", "findings"),
    "trials": ("llm_analysis", "llm_report", "trial_metrics", "rendered_report"),
}
ALL_ASSETS = [asset for assets in GROUPS.values() for asset in assets]


def wait_for(look: Callable[[], T | None], what: str) -> T:
    """The first result of `look` that is not None; fails after `PATIENCE_S` naming `what`."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = look()
        if found is not None:
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what} did not come within {PATIENCE_S} s")


class Ui:
    """A running Dagster UI."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, query: str, **variables: object) -> Any:
        """Data of a GraphQL query."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            document = json.load(answer)
        assert "errors" not in document, document["errors"]
        return document["data"]

    def materializations(self, asset: str) -> list[dict[str, Any]]:
        """Run, partition and metadata of an asset's materializations, newest first."""
        return self.ask(
            """query ($key: [String!]!) { assetOrError(assetKey: {path: $key}) { ... on Asset {
                 assetMaterializations { runId partition metadataEntries { __typename label
                   ... on FloatMetadataEntry { floatValue } ... on IntMetadataEntry { intValue }
                   ... on MarkdownMetadataEntry { mdStr } } } } } }""",
            key=[asset],
        )["assetOrError"]["assetMaterializations"]

    def partition_keys(self, asset: str) -> list[str]:
        return self.ask(
            """query ($key: [String!]!) { assetNodeOrError(assetKey: {path: $key}) {
                 ... on AssetNode { partitionKeys } } }""",
            key=[asset],
        )["assetNodeOrError"]["partitionKeys"]

    def launch(self, job: str, partition: str) -> str:
        """Launch a job's partition as the UI's button does; the run's id."""
        model, params = partition.split("|")
        tags = {"dagster/partition": partition, "dagster/partition/model": model, "dagster/partition/params": params}
        launched = self.ask(
            """mutation ($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
                 __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }""",
            params={
                "selector": {
                    "repositoryLocationName": "chimera_dagster.definitions",
                    "repositoryName": "__repository__",
                    "jobName": job,
                },
                "mode": "default",
                "runConfigData": {},
                "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
            },
        )["launchPipelineExecution"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return launched["run"]["runId"]

    def outcome(self, run: str) -> str | None:
        """How a run ended; None while it goes on."""
        status = self.ask("query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }", id=run)
        return status["runOrError"]["status"] if status["runOrError"]["status"] in {"SUCCESS", "FAILURE"} else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(project: Project, command: list[str], port: int, log: Path, **env: str) -> Generator[Ui]:
    """Run a command that serves the UI at `port`, until the end of the context; nothing of it stays behind."""
    with log.open("w") as out:
        process = subprocess.Popen(
            command,
            cwd=project.path,
            env=project.environment(**env),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    ui = Ui(f"http://127.0.0.1:{port}")

    def up() -> bool | None:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            nodes = ui.ask("{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }")
        except OSError:
            return None
        return True if nodes["repositoriesOrError"].get("nodes") else None

    try:
        wait_for(up, f"the UI of {' '.join(command)}")
        yield ui
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
        left = _session_of(process.pid)  # also what a parent that is gone left behind
        for each in left:
            each.kill()
        psutil.wait_procs(left, timeout=15)
        process.wait()


def _session_of(leader: int) -> list[psutil.Process]:
    """Every process of the session that `leader` began, whether it still lives or not."""

    def session(pid: int) -> int | None:
        with suppress(ProcessLookupError):
            return os.getsid(pid)
        return None

    return [process for process in psutil.process_iter() if session(process.pid) == leader]


@contextmanager
def page_of(ui: Ui, size: tuple[int, int] = (1400, 900)) -> Generator[Page]:
    """A page of headless Chromium; skips the test where there is no Chromium."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; on Debian: apt-get install chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": size[0], "height": size[1]}, base_url=ui.url)
        page.set_default_timeout(60_000)
        yield page
        browser.close()
