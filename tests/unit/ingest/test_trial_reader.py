"""What a sweep left, in a reports folder: its valid trials' calls are runs, and nothing is counted twice."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from chimera_dagster.errors import EngineError
from chimera_dagster.evidence.runs import raw_runs
from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.ingest.vocabulary import vocabulary
from chimera_dagster.measure.telemetry_summary import TelemetrySummary
from chimera_dagster.records.documents import Concurrency, Metrics
from chimera_dagster.records.store import write_text
from chimera_dagster.schemas import BenchmarkFiles, Measurements
from chimera_dagster.spec.goals import Goals
from chimera_dagster.steps.index import write_index
from chimera_dagster.steps.sweep_comparison import read_comparison, write_comparison
from chimera_dagster.steps.trial import run_trial_once
from tests.desk import ANALYSIS, WELL, Desk
from tests.stub_ollama import PIECES, Answer
from tests.unit.ingest import reread

NAME = "earlier/of the night_summary.json"  # neither the folder nor the name says what it is
VALID: dict[str, Any] = {"grid": {"num_ctx": [4096], "temperature": [1]}, "max_tokens": 1000, "repeats": 2}
CUT = Answer([*PIECES, WELL | {"done_reason": "length", "prompt_eval_count": 2_000}])


@pytest.fixture(scope="module")
def metrics(desk: Desk) -> Metrics:
    desk.store.register(desk.plan(**VALID))
    found = desk.run(**VALID)
    assert found.is_valid, found.validity
    return found


def ingested(root: Path, document: object, name: str = NAME) -> tuple["pd.Series[Any]", pd.DataFrame]:
    """The row of a file with this document, and its measurements; each stands in the file at its record."""
    text = document if isinstance(document, str) else json.dumps(document)
    path = write_text(root / name, text)
    read = read_in_memory(root)
    BenchmarkFiles.validate(read.files)
    rows = Measurements.validate(read.measurements)
    assert reread.complaints(path.read_bytes(), name, "utf-8", reread.by_file(rows).get(name, [])) == []
    file = read.files.set_index("path").loc[name]
    assert 0 <= file["covered"] <= file["numbers"]
    return file, rows


def values_at(rows: pd.DataFrame, record: str) -> dict[str, float]:
    at = rows[rows["record"] == record]
    return dict(zip(at["original_name"], at["value"], strict=True))


BESIDE = {"eval_tokens", "decode_reported_tok_s"}  # of the same time as decode_tok_s


def numbers_in(fields: Mapping[str, object]) -> dict[str, float]:
    return {name: value for name, value in fields.items() if isinstance(value, int | float)}


def test_each_call_is_a_record_with_its_metrics_under_their_names(metrics: Metrics, tmp_path: Path) -> None:
    file, rows = ingested(tmp_path, metrics.model_dump_json(indent=2))
    assert (file["status"], file["reason"]) == ("ok", "")
    assert len(metrics.calls) == 4
    for place, call in enumerate(metrics.calls):
        assert values_at(rows, f"/calls/{place}") == numbers_in(call.model_dump(exclude=BESIDE))
    of_calls = rows[rows["record"].str.startswith("/calls/") & rows["aggregate"].isna()]
    assert (of_calls["metric"] == of_calls["original_name"]).all()
    units = vocabulary().metrics
    assert [*of_calls["unit"]] == [units[metric].unit for metric in of_calls["metric"]]
    assert {"ttft_ms", "e2e_ms", "decode_tok_s", "prefill_tok_s", "tpot_ms", "total_ms"} <= set(of_calls["metric"])


def test_a_call_has_the_trial_s_model_and_parameters_and_its_own_stage_and_repeat(
    metrics: Metrics, tmp_path: Path
) -> None:
    _, rows = ingested(tmp_path, metrics.model_dump_json())
    assert set(rows["model"]) == {"smollm2:135m"}
    assert set(rows["params"]) == {metrics.params.canonical()} == {'{"num_ctx":4096,"temperature":1.0}'}
    assert set(rows["backend"]) == {"ollama"}
    calls = rows[rows["record"].str.startswith("/calls/")].drop_duplicates("record")
    assert [*zip(calls["prompt"], calls["labels"], strict=True)] == [
        ("analysis", '{"ended_at_limit":0,"repeat":0,"seed":7}'),
        ("report", '{"ended_at_limit":0,"repeat":0,"seed":7}'),
        ("analysis", '{"ended_at_limit":0,"repeat":1,"seed":8}'),
        ("report", '{"ended_at_limit":0,"repeat":1,"seed":8}'),
    ]


def test_the_headline_sums_up_and_is_no_run_and_what_measures_nothing_is_no_row(
    metrics: Metrics, tmp_path: Path
) -> None:
    file, rows = ingested(tmp_path, metrics.model_dump_json())
    headline = rows[rows["record"] == "/headline"]
    assert set(headline["aggregate"]) == {"summary"}
    assert dict(zip(headline["metric"], headline["value"], strict=True))["decode_tok_s"] == pytest.approx(
        metrics.headline.throughput_tok_s
    )
    runs = raw_runs(rows)
    assert set(runs["record"]) == {f"/calls/{place}" for place in range(4)}
    assert rows["unit"].notna().all()  # no version, seed, score or count of samples
    assert file["covered"] < file["numbers"]


def test_what_the_gpu_did_stands_beside_each_call(metrics: Metrics, tmp_path: Path) -> None:
    seen: dict[str, float] = {
        "gpu_util_mean_pct": 90.5,
        "gpu_util_max_pct": 99,
        "gpu_memory_peak_mib": 2048,
        "power_mean_w": 120.25,
        "power_max_w": 200,
        "energy_j": 33.5,
    }
    telemetry = [TelemetrySummary.model_validate(each.model_dump() | seen) for each in metrics.telemetry_by_call]
    _, rows = ingested(tmp_path, metrics.model_copy(update={"telemetry_by_call": telemetry}).model_dump_json())
    assert values_at(rows, "/telemetry_by_call/3") == seen
    at = rows[rows["record"] == "/telemetry_by_call/3"].set_index("original_name")
    assert [*zip(at["metric"], at["aggregate"].fillna(""), strict=True)] == [
        ("gpu_util_pct", "mean"),
        ("gpu_util_pct", "max"),
        ("gpu_mem_used_mib", "max"),
        ("power_w", "mean"),
        ("power_w", "max"),
        ("energy_j", ""),
    ]


def test_a_trial_that_is_not_valid_gives_no_number_and_says_why(desk: Desk, tmp_path: Path) -> None:
    found = desk.run(CUT, times=1, after=ANALYSIS, **VALID)
    assert found.verdict == "incomplete"
    file, rows = ingested(tmp_path, found.model_dump_json())
    assert (file["status"], len(rows)) == ("not_valid", 0)
    assert file["reason"] == "incomplete: analysis 1: done_reason length"
    assert file["numbers"] > file["covered"] == 0


def test_the_version_before_is_read_as_well(metrics: Metrics, tmp_path: Path) -> None:
    for version in (4, 5):
        file, rows = ingested(tmp_path, metrics.model_copy(update={"schema_version": version}).model_dump_json())
        assert (file["status"], rows.empty) == ("ok", False)


def test_another_version_is_named_and_not_read(metrics: Metrics, tmp_path: Path) -> None:
    file, rows = ingested(tmp_path, metrics.model_copy(update={"schema_version": 3}).model_dump_json())
    assert (file["status"], len(rows)) == ("malformed", 0)
    assert file["reason"] == "a trial's metrics of schema version 3, but only 4 and 5 are read; run it again"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": None}, "/seed: Input should be a valid integer"),
        ({"params": {"num_ctx": 1}}, "/params/num_ctx: Input should be greater than or equal to 256"),
        ({"calls": []}, "/calls: List should have at least 1 item after validation, not 0"),
        ({"repeats": 3}, "/: Value error, 4 calls of 3 repeats of 2"),
    ],
)
def test_a_damaged_document_is_named_by_its_field_and_not_read(
    metrics: Metrics, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    file, rows = ingested(tmp_path, json.loads(metrics.model_dump_json()) | change)
    assert (file["status"], file["reason"], len(rows)) == ("malformed", said, 0)


def test_several_trials_in_one_file_are_read_each_for_itself(metrics: Metrics, tmp_path: Path) -> None:
    good = json.loads(metrics.model_dump_json())
    bad = good | {"validity": [{"name": "contended", "evidence": "report 2: waited", "spoils": True}]}
    file, rows = ingested(tmp_path, [good, bad, {"ttft_ms": 5}])
    assert (file["status"], file["reason"]) == ("partial", "/1: not valid: contended: report 2: waited")
    assert {record.split("/")[1] for record in rows["record"]} == {"0", "2"}
    assert values_at(rows, "/0/calls/0") == numbers_in(metrics.calls[0].model_dump(exclude=BESIDE))
    file, rows = ingested(tmp_path, f"{json.dumps(good)}\n{json.dumps(bad)}\n", "x.jsonl")
    assert file["reason"] == "line 2: not valid: contended: report 2: waited"
    assert values_at(rows, "line 1/calls/1") == numbers_in(metrics.calls[1].model_dump(exclude=BESIDE))


@pytest.mark.usefixtures("metrics")
def test_of_the_whole_folder_of_runs_only_metrics_json_is_counted(desk: Desk, tmp_path: Path) -> None:
    refused = {"grid": {"num_ctx": [4096], "top_k": [9]}, "max_tokens": 1000}
    desk.store.register(desk.plan(**refused))
    with pytest.raises(EngineError):
        desk.run(Answer(status=400, body={"error": "not today"}), **refused)
    desk.run(**VALID)
    desk.render(**VALID)
    run_trial_once(desk.store, desk.plan(**VALID).in_round(2), desk.engines, reuse=True)
    found = read_comparison(desk.store, Goals(want={"ttft_ms": 1}))
    write_comparison(desk.store, found)
    write_index(desk.store, found)
    shutil.copytree(desk.store.runs, tmp_path / "night")
    read = read_in_memory(tmp_path)
    assert {Path(path).name for path in raw_runs(read.measurements)["file"]} == {"metrics.json"}
    assert not read.measurements["error"].any()
    documents = read.files[~read.files["kind"].isin(("markdown", "other"))]
    status = {Path(path).name: status for path, status in zip(documents["path"], documents["status"], strict=True)}
    assert status.pop("metrics.json") == "ok"
    pages = {"index.html", "report.html"}
    tables = {"comparison.json", "comparison.csv", "outcome.json", "trial.json", "report.json", "failures.json"}
    tables |= {"round-2.json"}
    assert set(status) == tables | pages
    assert set(status.values()) == {"set_aside"}
    assert not documents.loc[documents["status"] == "set_aside", ["numbers", "covered"]].any(axis=None)
    reasons = documents.set_index("path")["reason"]
    assert reasons["night/comparison.json"] == "a comparison of trials; each trial counts by its metrics.json alone"


def test_a_measurement_of_trials_at_once_is_set_aside(tmp_path: Path) -> None:
    file, rows = ingested(tmp_path, dict.fromkeys(Concurrency.model_fields, 1))
    assert (file["status"], len(rows)) == ("set_aside", 0)


def test_the_same_keys_in_another_s_document_are_read_as_ever(tmp_path: Path) -> None:
    file, rows = ingested(tmp_path, {"schema_version": 2, "model": "m:1", "calls": [{"ttft_ms": 5}]}, "theirs.json")
    assert file["status"] == "ok"
    assert [*zip(rows["record"], rows["value"], strict=True)] == [("/calls/0", 5.0)]
