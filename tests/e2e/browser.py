"""The Dagster UI of a project, its GraphQL, and a headless Chromium to look at it."""

import json
import os
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, TypeVar

import psutil
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import Project
from tests.waiting import wait_for

T = TypeVar("T")
Scheme = Literal["light", "dark"]
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
GROUPS = {
    "evidence": ("benchmark_files", "measurements", "data_summary", "facts", "findings", "notes", "brief"),
    "trials": ("llm_analysis", "llm_report", "trial_metrics", "rendered_report"),
}
ALL_ASSETS = [asset for assets in GROUPS.values() for asset in assets]


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

    def backfills(self) -> list[str]:
        """Ids, newest first."""
        asked = self.ask("{ partitionBackfillsOrError { ... on PartitionBackfills { results { id } } } }")
        return [each["id"] for each in asked["partitionBackfillsOrError"]["results"]]

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
def chromium() -> Generator[Browser]:
    """Headless Chromium; skips the test where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; on Debian: apt-get install chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def page_of(ui: Ui, size: tuple[int, int] = (1400, 900)) -> Generator[Page]:
    """A page of headless Chromium on the UI; skips the test where there is no Chromium."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": size[0], "height": size[1]}, base_url=ui.url)
        page.set_default_timeout(60_000)
        yield page


class Opened:
    """A page that is a file, in a browser, and all that happened while it was open."""

    def __init__(self, browser: Browser, path: Path, scheme: Scheme, width: int) -> None:
        self.events: list[str] = []
        self.requests: list[str] = []
        self.page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page.on("console", lambda message: self.events.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.events.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.events.append(f"dialog: {dialog.message}"))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.add_init_script(
            "window.violations = [];"
            "addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective))"
        )
        self.page.goto(path.as_uri())

    def ask(self, script: str) -> Any:
        return self.page.evaluate(script)


def look(page: Page, folder: Path, name: str) -> Path:
    """A picture of the whole page, for the eyes of whoever changes it."""
    path = folder / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path


# How many tables in folded details are to be seen.
OPEN_TABLES = """[...document.querySelectorAll('details table')].filter(
  e => e.checkVisibility() && e.getBoundingClientRect().height > 0).length"""
# Each text below 4.5:1 and each line or dot of a chart below 3:1 against what it stands on.
CONTRASTS = """() => {
  const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return m.length > 3 && m[3] === 0 ? null : m };
  const lum = c => [0.2126, 0.7152, 0.0722].reduce((sum, w, i) => {
    const v = c[i] / 255; return sum + w * (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4) }, 0);
  const ratio = (a, b) => { const [x, y] = [lum(a), lum(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05) };
  const ground = e => { for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor); if (c) return c } return [255, 255, 255] };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    const style = getComputedStyle(e);
    const says = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (says && !['title', 'desc'].includes(e.tagName)) {
      const r = ratio(parse(e.closest('svg') ? style.fill : style.color), ground(e));
      if (r < 4.5) found.push([e.tagName, e.className.baseVal ?? e.className, r]);
    }
    if (e.matches('.chart .line, .chart .whisker, .chart .dot, .chart .axis, .chart .mark')) {
      const shade = getComputedStyle(document.documentElement).getPropertyValue('--shade')
        .match(/[0-9a-f]{2}/g).map(h => parseInt(h, 16));
      const r = Math.min(ratio(parse(style.stroke), ground(e)), ratio(parse(style.stroke), shade));
      if (r < 3) found.push([e.tagName, e.className.baseVal, r]);
    }
  }
  return found }"""
TOUCHING = """() => [...document.querySelectorAll('svg.chart')].flatMap(svg => {
  const texts = [...svg.querySelectorAll('text')].map(e => [e.textContent, e.getBoundingClientRect()])
    .filter(([_, r]) => r.width);
  return texts.flatMap(([a, p], i) => texts.slice(i + 1).filter(([_, q]) =>
    p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 3 && q.top < p.bottom - 3)
    .map(([b]) => [a, b])) })"""
