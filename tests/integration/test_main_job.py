"""The assets on a real Dagster instance, with a real model."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from dagster import AssetCheckKey, AssetKey, DagsterRunStatus, TableSchema
from dagster._core.event_api import PartitionKeyFilter

from chimera_dagster import schemas
from chimera_dagster.render.markdown_writer import without_links
from chimera_dagster.spec.sweep import SweepSpec, load_spec
from chimera_dagster.steps.done import is_done
from chimera_dagster.steps.recompute import recompute
from tests.conftest import Project
from tests.integration.bench import Bench, bench_in

pytestmark = pytest.mark.model

TABLES = ("benchmark_files", "measurements", "data_summary", "facts", "findings", "notes")
TRIAL_ASSETS = ("llm_analysis", "llm_report", "trial_metrics", "rendered_report")


@pytest.fixture(scope="module")
def swept(shared_project: Project) -> Iterator[Bench]:
    """Everything materialized once: the tables, and both trials of the sweep."""
    (shared_project.reports / "broken.json").write_text('{"model": "m", "tokens_s": [1, 2')
    (shared_project.reports / "empty.csv").write_text("")
    with bench_in(shared_project) as bench:
        bench.register(load_spec(shared_project.spec))
        assert bench.runner.ingest_reports() is None
        assert [bench.runner.write_report(plan) for plan in bench.plans()] == [None, None]
        yield bench


def metadata(bench: Bench, asset: str, partition: str | None = None) -> dict[str, object]:
    records = bench.instance.fetch_materializations(AssetKey(asset), limit=10).records
    for record in records:
        if partition is None or record.partition_key == partition:
            assert record.asset_materialization is not None
            return {name: entry.value for name, entry in record.asset_materialization.metadata.items()}
    raise AssertionError(f"{asset} of {partition} was never materialized")


def test_every_asset_is_materialized_on_the_instance(swept: Bench) -> None:
    for asset in TABLES:
        assert metadata(swept, asset)
    for asset in TRIAL_ASSETS:
        for plan in swept.plans():
            assert metadata(swept, asset, plan.trial.key)


def test_tables_carry_their_schema_and_row_count(swept: Bench) -> None:
    for name, model in (
        ("benchmark_files", schemas.BenchmarkFiles),
        ("measurements", schemas.Measurements),
        ("data_summary", schemas.DataSummary),
        ("facts", schemas.Facts),
        ("findings", schemas.Findings),
        ("notes", schemas.Notes),
    ):
        shown, frame = metadata(swept, name), swept.store.read_table(name)
        assert shown["dagster/row_count"] == len(frame)
        schema = shown["dagster/column_schema"]
        assert isinstance(schema, TableSchema)
        assert [column.name for column in schema.columns] == list(frame.columns)
        model.validate(frame)


def test_the_ui_gets_numbers_as_numbers_and_the_report_as_markdown(swept: Bench) -> None:
    for plan in swept.plans():
        folder = swept.store.folder_of(plan.trial)
        written = json.loads(folder.metrics.read_text())["headline"]
        shown = metadata(swept, "trial_metrics", plan.trial.key)
        for name in ("throughput_tok_s", "ttft_ms", "total_duration_ms", "tokens_generated", "eval_ms"):
            assert shown[name] == pytest.approx(written[name])
        assert metadata(swept, "rendered_report", plan.trial.key)["report"] == without_links(folder.report.read_text())


def test_the_ui_shows_the_brief_that_lies_in_the_data_folder(swept: Bench) -> None:
    shown, text = metadata(swept, "brief"), swept.store.brief.read_text()
    preview = str(shown["brief"])
    assert preview.startswith("# What your benchmarks say\n")
    assert without_links(text).startswith(preview)
    assert "](" not in preview
    assert Path(str(shown["path"])) == swept.store.brief.absolute()
    page = Path(str(shown["page"]))
    links = {unescape(found) for found in re.findall(r'<a href="([^#"]+)"', page.read_text())}
    assert links
    assert all((page.parent / link).is_file() for link in links)


def test_files_that_cannot_be_read_are_listed_and_the_rest_go_on(swept: Bench) -> None:
    files = swept.store.read_table("benchmark_files").set_index("path")
    assert files.loc["broken.json", "status"] == "malformed"
    assert "line 1" in str(files.loc["broken.json", "reason"])
    assert files.loc["empty.csv", "status"] == "empty"
    assert (files["status"] == "ok").sum() == 5
    assert set(swept.store.read_table("measurements")["file"]) == set(files.index[files["status"] == "ok"])


def test_a_report_has_every_section_in_order(swept: Bench) -> None:
    report = swept.store.folder_of(swept.plans()[0].trial).report.read_text()
    lines = """\
# Chimera Agent B
## Technical Report: Chimera Agent B Analysis
**Date:** 20
**Agent Type:** Chimera Agent B
**Model:** smollm2:135m
**Configuration:** num_gpu=default, num_ctx=1024, temp=0.2, top_p=default, top_k=default, repeat_penalty=default
### 1. Executive Summary
### 2. Optimisation Recommendations
### 3. Risks and Mitigations
## Workflow Summary
- Files analyzed: 7
- Execution time:
**Data summary: the 7 files by kind**
Total files analyzed: 7
CSV Files (4)
  Latest modified:
JSON Files (2)
MARKDOWN Files (1)
## Metrics
- Throughput:
- TTFT:
- Total Duration:
- Tokens Generated:
- Prompt Eval:
- Eval Duration:
- Load Duration:
## Key Findings
## Recommendations
## Methodology
## Configuration and Environment
## Appendix
### Statements by code
### Findings
### Evidence
### By configuration
### Verification
### Calls
### Telemetry
### Environment
### Prompts
## Persona Prompt""".splitlines()
    found = [f"\n{report}".find(f"\n{line}") for line in lines]
    assert -1 not in found, lines[found.index(-1)]
    assert found == sorted(found)
    assert "You are InsightAgent" in report.split("\n## Persona Prompt\n")[1]
    assert re.search(
        r"- Execution time: \d+\.\d\ds \(ingest \d+\.\d\ds \| analysis \d+\.\d\ds \| report \d+\.\d\ds\)",
        unescape(report),
    )


def test_each_figure_of_the_metrics_section_equals_metrics_json(swept: Bench) -> None:
    names = {
        "Throughput": "throughput_tok_s",
        "TTFT": "ttft_ms",
        "Total Duration": "total_duration_ms",
        "Tokens Generated": "tokens_generated",
        "Prompt Eval": "prompt_eval_ms",
        "Eval Duration": "eval_ms",
        "Load Duration": "load_ms",
    }
    for plan in swept.plans():
        folder = swept.store.folder_of(plan.trial)
        headline = json.loads(folder.metrics.read_text())["headline"]
        section = folder.report.read_text().split("## Metrics")[1].split("##")[0]
        for line, field in names.items():
            printed = re.search(rf"- {line}: (?:([\d.]+)|not measured \((.+)\))", section)
            assert printed is not None, line
            if headline[field] is None:
                assert printed[2] == headline["reasons"][field]
            else:
                assert float(printed[1]) == round(headline[field], 2)


def test_the_metrics_can_be_computed_again_from_the_ledger(swept: Bench) -> None:
    for plan in swept.plans():
        folder = swept.store.folder_of(plan.trial)
        headline = json.loads(folder.metrics.read_text())["headline"]
        calls = json.loads(folder.outcome.read_text())["calls"]
        assert [call["stage"] for call in calls] == ["analysis", "report"]
        assert headline["ttft_ms"] == pytest.approx(sum(call["ledger"][0]["at_ms"] for call in calls) / 2)
        assert headline["total_duration_ms"] == pytest.approx(sum(call["ledger"][-1]["at_ms"] for call in calls))
        tokens = sum(call["stats"]["output_tokens"] for call in calls)
        assert headline["tokens_generated"] == tokens <= 2 * 16
        eval_ms = sum(call["stats"]["eval_ms"] for call in calls)
        assert headline["throughput_tok_s"] == pytest.approx((tokens - 2) / eval_ms * 1000)  # each call's first is free
        schemas.Calls.validate(pd.read_parquet(folder.calls))


def test_answers_cut_at_max_tokens_are_called_incomplete(swept: Bench) -> None:
    written = json.loads(swept.store.folder_of(swept.plans()[0].trial).metrics.read_text())
    assert {verdict["name"] for verdict in written["validity"]} >= {"incomplete"}
    assert written["text_quality"]["verdict"] == "not usable"
    assert written["text_quality"]["complaints"]


def test_the_verdict_is_an_asset_check_of_the_partition(swept: Bench) -> None:
    for plan in swept.plans():
        [record] = swept.instance.event_log_storage.get_asset_check_execution_history(
            AssetCheckKey(AssetKey("trial_metrics"), "measurement_is_valid"),
            limit=1,
            partition_filter=PartitionKeyFilter(key=plan.trial.key),
        )
        assert record.event is not None and record.event.dagster_event is not None
        evaluation = record.event.dagster_event.asset_check_evaluation_data
        written = json.loads(swept.store.folder_of(plan.trial).metrics.read_text())["validity"]
        assert evaluation.passed is not any(verdict["spoils"] for verdict in written)
        assert set(evaluation.metadata) == {verdict["name"] for verdict in written}


def test_a_text_that_says_nothing_fails_its_checks_and_its_report_is_on_the_index(swept: Bench) -> None:
    assert swept.runner.publish() is None
    assert metadata(swept, "report_index") == metadata(swept, "report_index") | {
        "published": 2,
        "waiting": 0,
    }
    for plan in swept.plans():
        for asset, name in (
            ("llm_report", "fidelity"),
            ("llm_report", "quality_floor"),
            ("rendered_report", "structure"),
        ):
            [record] = swept.instance.event_log_storage.get_asset_check_execution_history(
                AssetCheckKey(AssetKey(asset), name), limit=1, partition_filter=PartitionKeyFilter(key=plan.trial.key)
            )
            assert record.event is not None and record.event.dagster_event is not None
            evaluation = record.event.dagster_event.asset_check_evaluation_data
            assert not evaluation.passed or name == "fidelity"  # the few words there are may be true
            assert evaluation.blocking is False
            assert evaluation.severity.value == "WARN"
        index = swept.store.index.read_text()
        link = f"{swept.store.folder_of(plan.trial).page.relative_to(swept.store.runs)}"
        assert f'href="{link}"' in index


def test_metrics_computed_again_equal_the_stored_ones(swept: Bench) -> None:
    for plan in swept.plans():
        count, differences = recompute(swept.store, plan)
        assert (count > 50, differences) == (True, [])
        path = swept.store.folder_of(plan.trial).metrics
        before = path.read_text()
        changed = json.loads(before)
        changed["calls"][1]["ttft_ms"] += 1e-9
        changed["validity"][0]["evidence"] = "nothing"
        path.write_text(json.dumps(changed))
        _, found = recompute(swept.store, plan, write=True)
        assert [each.name for each in found] == ["calls.1.ttft_ms", "validity.0.evidence"]
        assert path.read_text() == before


def test_every_fact_can_be_followed_to_a_file_and_a_record(swept: Bench) -> None:
    facts, measurements = swept.store.read_table("facts"), swept.store.read_table("measurements")
    records = set(zip(measurements["file"], measurements["record"], strict=True))
    report = swept.store.folder_of(swept.plans()[0].trial).report
    for fact in facts.itertuples(index=False):
        for file, record in json.loads(str(fact.sources)):
            assert (swept.project.reports / file).exists()
            assert record == "file" or (file, record) in records
    [evidence] = re.findall(r"^### Evidence\n(.+?)^### ", report.read_text(), re.M | re.S)
    links = re.findall(r"\| \[[^]]+\]\(([^)]+)\), ", evidence)
    assert len(links) == len(facts)
    assert all((report.parent / link).exists() for link in links)


def test_a_finished_trial_is_done_until_its_data_or_question_change(swept: Bench) -> None:
    plan = swept.plans()[0]
    digest = json.loads((swept.store.tables / "summary.json").read_text())["digest"]
    assert is_done(swept.store, plan, digest)
    assert not is_done(swept.store, plan, "other data")
    assert not is_done(swept.store, plan.model_copy(update={"spec": plan.spec.model_copy(update={"seed": 8})}), digest)


@pytest.mark.parametrize(
    ("model", "params", "reason"),
    [
        ("file:/nowhere/model.gguf", {"num_ctx": 2048}, "The model file /nowhere/model.gguf does not exist"),
        ("nobody/has:this", {"num_ctx": 2048}, "no model 'nobody/has:this'. It has "),
        ("smollm2:135m", {"num_ctx": 256}, "num_ctx=256 has no room for one note"),
    ],
)
def test_a_failing_trial_says_why_and_leaves_no_result(
    swept: Bench, model: str, params: dict[str, int], reason: str
) -> None:
    [plan] = swept.register(
        SweepSpec(
            engine="embedded",
            models=[model],
            extra=[params],
            max_tokens=16,
            grid={name: [value] for name, value in params.items()},
        )
    )
    failure = swept.runner.write_report(plan)
    assert failure is not None
    assert reason in failure
    left = {path.name for path in swept.store.folder_of(plan.trial).path.iterdir()}
    assert left == {"trial.json", "failures.json"}
    [run] = swept.instance.get_runs(limit=1)
    assert run.status == DagsterRunStatus.FAILURE


def test_a_failing_rerun_leaves_the_last_report_as_it_was(swept: Bench) -> None:
    plan = swept.plans()[1]
    before = swept.project.files()
    swept.workspace.on_progress = fail_in_report
    try:
        assert "as planned" in str(swept.runner.write_report(plan))
    finally:
        swept.workspace.on_progress = None
    assert swept.project.files() == before


def fail_in_report(stage: str, chunks: int) -> None:
    if stage == "report" and chunks > 3:
        raise RuntimeError("failed as planned")


def test_a_partition_that_no_sweep_holds_fails_with_what_is_known(swept: Bench) -> None:
    stranger = SweepSpec(models=["smollm2:135m"], grid={"top_k": [3]}).plans()[0]
    swept.instance.add_dynamic_partitions("params", [stranger.params.key])
    failure = swept.runner.write_report(stranger)
    assert failure is not None
    assert f"No sweep has the trial {stranger.trial.key}" in failure
    assert "smollm2:135m|c1k-t0.2-" in failure


def test_partitions_are_registered_in_load_order(swept: Bench) -> None:
    keys = [plan.params.key for plan in swept.plans()]
    assert list(swept.instance.get_dynamic_partitions("params"))[:2] == keys


def test_an_empty_folder_fails_the_ingest_and_writes_nothing(project: Project) -> None:
    for path in sorted(project.reports.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    with bench_in(project) as bench:
        failure = bench.runner.ingest_reports()
    assert failure is not None
    assert str(project.reports) in failure
    assert not (Path(project.data) / "tables").exists()
