"""The Dagster UI as a user opens it: what the command line did it shows, and what it does lands in the same place."""

import json
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from chimera_dagster.spec.sweep import load_spec
from tests.conftest import ROOT, Project
from tests.e2e.browser import ALL_ASSETS, GROUPS, Ui, free_port, page_of, serving
from tests.stub_ollama import Answer, StubOllama
from tests.waiting import PATIENCE_S, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.dagster]

SPEC = """\
engine: ollama
models: [smollm2:135m, gemma3:270m]
grid: {temperature: [0.2, 1.0]}
max_tokens: 16
"""
CALLS = 3  # of a trial: its warm-up, the analysis and the report
JOB = "/locations/__repository__@chimera_dagster.definitions/jobs/write_report"


@dataclass(frozen=True)
class Opened:
    """A project whose UI was opened before its first sweep ran, which left the second model of its grid alone."""

    project: Project
    ui: Ui
    stub: StubOllama
    partitions_at_first: list[str]
    keys: list[str]

    def sweep(self) -> list[dict[str, str]]:
        arguments = ("sweep", "--models", "smollm2:135m", "--json")
        done = self.project.forked(*arguments, OLLAMA_HOST=self.stub.url)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def rendered(self) -> set[str]:
        """Partitions that have a report."""
        return {each["partition"] for each in self.ui.materializations("rendered_report")}


def make_env(project: Project) -> None:
    """What 'make setup' does for Dagster's own commands."""
    subprocess.run(["make", "-s", "-f", str(ROOT / "Makefile"), ".env"], cwd=project.path, check=True)


@pytest.fixture(scope="module")
def opened(shared_project: Project) -> Generator[Opened]:
    shared_project.spec.write_text(SPEC)
    port = free_port()
    command = shared_project.command("ui", "--port", str(port))
    with (
        StubOllama() as stub,
        serving(shared_project, command, port, shared_project.path / "ui.log", OLLAMA_HOST=stub.url) as ui,
    ):
        opened = Opened(shared_project, ui, stub, ui.partition_keys("rendered_report"), [])
        opened.keys.extend(f"{row['model']}|{row['params']}" for row in opened.sweep())
        yield opened


def test_the_partitions_are_there_when_the_ui_first_opens(opened: Opened) -> None:
    assert opened.partitions_at_first == [plan.trial.key for plan in load_spec(opened.project.spec).plans()]


def test_the_ui_shows_what_the_command_line_did(opened: Opened) -> None:
    for key in opened.keys:
        model, params = key.split("|")
        slug = model.replace(":", "@")
        written = json.loads((opened.project.data / "runs" / slug / params / "metrics.json").read_text())["headline"]
        [shown] = [each for each in opened.ui.materializations("trial_metrics") if each["partition"] == key]
        numbers = {entry["label"]: entry.get("floatValue") for entry in shown["metadataEntries"]}
        assert numbers["throughput_tok_s"] == pytest.approx(written["throughput_tok_s"])
        assert numbers["ttft_ms"] == pytest.approx(written["ttft_ms"])


def test_the_asset_graph_shows_every_asset(opened: Opened) -> None:
    with page_of(opened.ui) as page:
        for group, assets in GROUPS.items():
            page.goto(f"/locations/__repository__@chimera_dagster.definitions/asset-groups/{group}/lineage")
            for asset in assets:
                page.get_by_text(asset, exact=True).first.wait_for()


def test_a_partitions_report_opens_as_a_preview(opened: Opened) -> None:
    key = opened.keys[0]
    with page_of(opened.ui) as page:
        dialog = show_report(page, key)
        for heading in ("Workflow Summary", "Metrics", "Key Findings", "Recommendations", "Persona Prompt"):
            dialog.get_by_role("heading", name=heading, exact=True).wait_for()
        assert "Total files analyzed: 5" in dialog.inner_text()


def test_a_run_launched_in_the_ui_writes_the_same_report_again(opened: Opened) -> None:
    key = opened.keys[1]
    model, params = key.split("|")
    metrics = opened.project.data / "runs" / model.replace(":", "@") / params / "metrics.json"
    before = json.loads(metrics.read_text())
    run = opened.ui.launch("write_report", key)
    assert wait_for(lambda: opened.ui.outcome(run), f"the end of run {run}") == "SUCCESS"
    after = json.loads(metrics.read_text())
    assert after["created_at"] > before["created_at"]
    assert after["fingerprint"] == before["fingerprint"]
    assert metrics.with_name("report.md").exists()
    assert run in {each["runId"] for each in opened.ui.materializations("rendered_report")}
    assert [row["status"] for row in opened.sweep()] == ["skipped", "skipped"]


def test_a_backfill_is_launched_and_watched_in_the_ui_and_what_failed_is_launched_again(opened: Opened) -> None:
    done, failing = (key for key in opened.partitions_at_first if key.startswith("gemma3"))
    refused = Answer(status=400, body={"error": "no temperature above 0.5 today"})
    opened.stub.answer_with(refused, after=CALLS)
    with page_of(opened.ui) as page:
        choose_failed_and_missing(page, "2 partitions").get_by_role("button", name="Launch backfill").click()
        [backfill] = wait_for(lambda: opened.ui.backfills() or None, "the backfill")
        page.goto(f"/runs/b/{backfill}")
        targeted, going_on, succeeded, failed = (page.get_by_role("cell").nth(column) for column in range(1, 5))
        expect(succeeded).to_have_text("1", timeout=PATIENCE_S * 1000)
        expect(failed).to_have_text("1", timeout=PATIENCE_S * 1000)
        expect(going_on).to_have_text("0")
        expect(targeted).to_have_text("2")
        show_report(page, done).get_by_text("Total files analyzed: 5").wait_for()
        opened.stub.answer_with(None)
        choose_failed_and_missing(page, "1 partition").get_by_role("button", name="Launch 1 run").click()
        wait_for(lambda: failing in opened.rendered() or None, "the report of what had failed")
        show_report(page, failing).get_by_text("Total files analyzed: 5").wait_for()


def choose_failed_and_missing(page: Page, count: str) -> Locator:
    """The dialog that launches the job's runs, with all of the grid chosen that has no report; so many partitions."""
    page.goto(JOB)
    page.get_by_role("button", name="Materialize all").click()
    dialog = page.get_by_role("dialog")
    whole = dialog.get_by_text("4 partitions", exact=True)

    def all_chosen() -> bool | None:
        for dimension in range(2):
            dialog.get_by_role("button", name="All", exact=True).nth(dimension).click()
        page.wait_for_timeout(100)
        return whole.is_visible() or None

    wait_for(all_chosen, "the whole grid in the dialog")  # 'All' is all that it knows of at that moment
    dialog.get_by_text("Backfill only failed and missing partitions").click()
    dialog.get_by_text(count, exact=True).wait_for()
    return dialog


def show_report(page: Page, key: str) -> Locator:
    """The preview of a partition's report."""
    page.goto(f"/assets/rendered_report?view=partitions&partition={key.replace('|', '%7C')}")
    page.get_by_text("Materialized", exact=True).first.wait_for()
    page.get_by_text("[Show Markdown]").click()
    return page.get_by_role("dialog")


def test_dagsters_own_command_line_goes_through_the_same_assets_and_home(opened: Opened) -> None:
    make_env(opened.project)
    before = len(opened.ui.materializations("rendered_report"))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "dagster", "asset", "materialize", "-m", "chimera_dagster.definitions"),
            *("--select", "llm_analysis,llm_report,trial_metrics,rendered_report", "--partition", opened.keys[0]),
        ],
        cwd=opened.project.path,
        env=opened.project.environment(OLLAMA_HOST=opened.stub.url),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    newest = opened.ui.materializations("rendered_report")
    assert len(newest) == before + 1
    assert newest[0]["partition"] == opened.keys[0]


def test_plain_dagster_dev_shows_the_same_history(opened: Opened) -> None:
    make_env(opened.project)
    port = free_port()
    command = [sys.executable, "-m", "dagster", "dev", "-p", str(port)]
    with serving(opened.project, command, port, opened.project.path / "dev.log") as dev:
        assert dev.partition_keys("rendered_report") == opened.ui.partition_keys("rendered_report")
        for asset in ALL_ASSETS:
            runs = [each["runId"] for each in opened.ui.materializations(asset)]
            assert runs
            assert [each["runId"] for each in dev.materializations(asset)] == runs


def test_plain_dagster_dev_works_in_a_project_where_nothing_ran_yet(project: Project) -> None:
    make_env(project)
    port = free_port()
    command = [sys.executable, "-m", "dagster", "dev", "-p", str(port)]
    with serving(project, command, port, project.path / "dev.log") as dev:
        keys = wait_for(lambda: dev.partition_keys("rendered_report") or None, "partitions from sweep.yaml")
    assert [key.split("|")[0] for key in keys] == ["smollm2:135m", "smollm2:135m"]
    assert (project.data / "dagster_home" / "dagster.yaml").exists()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "evil.example"}, 400),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_a_page_of_another_site_gets_no_answer(opened: Opened, headers: dict[str, str], status: int) -> None:
    query = {"query": "{ version }"}
    answer = httpx.post(f"{opened.ui.url}/graphql", json=query, headers=headers, trust_env=False)
    assert answer.status_code == status
    assert httpx.get(opened.ui.url, headers=headers, trust_env=False).status_code == status
