"""Requests of load tests that failed: a finding, a risk and advice, and on the first screen from 1 % on."""

import json
from pathlib import Path

from chimera_dagster.ingest.folder import read_in_memory
from chimera_dagster.notes.note import Note
from chimera_dagster.notes.phrase import plain
from chimera_dagster.render.brief.page import answer_page
from chimera_dagster.render.markdown_writer import to_markdown
from chimera_dagster.steps.evidence import Evidence
from tests.unit.notes.noted import notes_of, values, wordings

KINDS = ("failures", "hidden_failures", "find_failures")


def load_test(folder: Path, model: str, failed: int, completed: int, ttft: float = 90.0, load: int = 8) -> None:
    """A file as vLLM's serving benchmark writes it."""
    name = f"{model}-c{load}.json"
    content = {
        **{"backend": "vllm", "model_id": model, "num_prompts": failed + completed, "request_rate": "inf"},
        **{"max_concurrency": load, "duration": 10.0, "completed": completed, "failed": failed},
        **{"request_throughput": 6.0, "output_throughput": 600.0, "total_token_throughput": 900.0},
        **{"total_input_tokens": 100 * completed, "total_output_tokens": 100 * completed, "burstiness": 1.0},
        **{f"{kind}_ttft_ms": ttft for kind in ("mean", "median", "p99")},
        **{"std_ttft_ms": 5.0, "mean_tpot_ms": 10.0, "median_tpot_ms": 10.0, "std_tpot_ms": 1.0, "p99_tpot_ms": 12.0},
    }
    (folder / name).write_text(json.dumps(content))


def of_kinds(folder: Path) -> dict[str, list[Note]]:
    return {kind: notes_of(folder, kind).notes for kind in KINDS}


def first_screen(folder: Path) -> str:
    read = read_in_memory(folder)
    return to_markdown(answer_page(Evidence(read.files, read.measurements).brief))


def test_failed_requests_are_a_finding_a_risk_and_advice(tmp_path: Path) -> None:
    load_test(tmp_path, "fast-3b", 8, 12)
    load_test(tmp_path, "slow-8b", 0, 20, ttft=300.0)
    noted = notes_of(tmp_path, "failures")
    assert wordings(noted.only)[0] == (
        "8 of 20 requests of `fast-3b` failed with 8 requests at once; a mean over the others does not show that."
    )
    assert (noted.only.scope.models, noted.only.scope.n, noted.only.sources) == (
        ("fast-3b",),
        20,
        (("fast-3b-c8.json", "/"),),
    )
    counted = noted.measurements[noted.measurements["model"] == "fast-3b"].groupby("metric")["value"].max()
    assert values(noted.only)[:2] == [
        counted["failed_requests"],
        counted["failed_requests"] + counted["completed_requests"],
    ]
    [risk], [advice] = (notes_of(tmp_path, kind).notes for kind in KINDS[1:])
    assert wordings(risk)[0] == ("8 of 20 requests of `fast-3b` failed, and a speed of the others does not show that.")
    assert plain(advice.action) == "Find out why 8 of 20 requests of `fast-3b` failed before you compare it"
    assert "8 of 20 requests of `fast-3b` failed with" in first_screen(tmp_path)


def test_the_setup_with_the_most_failures_is_named(tmp_path: Path) -> None:
    for load, failed in ((1, 0), (8, 1), (32, 9)):
        load_test(tmp_path, "m", failed, 20 - failed, load=load)
    assert wordings(notes_of(tmp_path, "failures").only)[0] == (
        "10 of 60 requests of `m` failed, most of them with 32 requests at once (9 of 20); "
        "a mean over the others does not show that."
    )
    assert plain(notes_of(tmp_path, "find_failures").only.action) == (
        "Find out why 10 of 60 requests of `m` failed before you quote a figure"
    )


def test_failures_of_one_setup_are_counted_among_its_own_requests(tmp_path: Path) -> None:
    for load, failed in ((1, 0), (8, 0), (32, 1)):
        load_test(tmp_path, "m", failed, 6 - failed, load=load)
    assert wordings(notes_of(tmp_path, "failures").only)[0].startswith(
        "1 of 6 requests of `m` failed with 32 requests at once; "
    )
    [risk], [advice] = (notes_of(tmp_path, kind).notes for kind in KINDS[1:])
    assert wordings(risk)[0].startswith("1 of 6 requests of `m` in one setting failed, ")
    assert plain(advice.action) == "Find out why 1 of 6 requests of `m` in one setting failed before you quote a figure"
    assert {note.scope.n for note in (risk, advice)} == {6}


def test_less_than_one_percent_is_a_finding_alone(tmp_path: Path) -> None:
    load_test(tmp_path, "fast-3b", 9, 991)
    load_test(tmp_path, "slow-8b", 0, 1_000, ttft=300.0)
    found = of_kinds(tmp_path)
    assert [len(notes) for notes in found.values()] == [1, 0, 0]
    assert found["failures"][0].weight < 100
    assert "failed" not in first_screen(tmp_path)
    load_test(tmp_path, "fast-3b", 10, 990)
    assert [len(notes) for notes in of_kinds(tmp_path).values()] == [1, 1, 1]
    assert "10 of 1,000 requests" in first_screen(tmp_path)


def test_without_failures_nothing_is_said(tmp_path: Path) -> None:
    load_test(tmp_path, "fast-3b", 0, 20)
    load_test(tmp_path, "slow-8b", 0, 20, ttft=300.0)
    assert not any(of_kinds(tmp_path).values())
    assert "failed" not in first_screen(tmp_path)


def test_a_table_of_the_same_load_test_is_not_counted_again(tmp_path: Path) -> None:
    load_test(tmp_path, "m", 8, 12)
    (tmp_path / "summary.csv").write_text(
        "model,max_concurrency,completed_requests,failed_requests,mean_ttft_ms\nm,8,12,8,90.0\n"
    )
    assert values(notes_of(tmp_path, "failures").only)[:2] == [8, 20]


def test_a_table_that_does_not_say_of_how_many_is_not_counted_again_either(tmp_path: Path) -> None:
    load_test(tmp_path, "m", 8, 12)
    (tmp_path / "a_summary.csv").write_text("model,failed_requests,mean_ttft_ms\nm,8,90.0\n")
    assert values(notes_of(tmp_path, "failures").only)[:2] == [8, 20]


def test_most_of_them_are_more_than_half(tmp_path: Path) -> None:
    for load in (8, 32):
        load_test(tmp_path, "m", 1, 19, load=load)
    assert wordings(notes_of(tmp_path, "failures").only)[0].startswith("2 of 40 requests of `m` failed; ")


def test_locusts_row_of_all_endpoints_is_not_added_to_the_endpoints(tmp_path: Path) -> None:
    times = ",".join(["90"] * 4)
    (tmp_path / "a_stats.csv").write_text(
        "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,"
        f"Max Response Time,Requests/s\nPOST,/chat,30,3,{times},2.0\nPOST,/embed,10,1,{times},1.0\n"
        f",Aggregated,40,4,{times},3.0\n"
    )
    assert wordings(notes_of(tmp_path, "failures").only)[0].startswith("4 of 40 requests in `a_stats.csv` failed")


def test_failures_without_a_count_of_requests_are_said_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("model,concurrency,failed_requests,output_throughput_tok_s\nm,8,3,600.0\n")
    assert wordings(notes_of(tmp_path, "failures").only)[0] == (
        "3 requests of `m` failed with 8 requests at once; the files do not say of how many."
    )
    assert notes_of(tmp_path, "find_failures").notes == []


def test_a_load_test_that_failed_altogether_is_said_to_measure_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "model,concurrency,completed_requests,failed_requests,output_throughput_tok_s\nm,8,0,20,0.1\n"
    )
    assert wordings(notes_of(tmp_path, "failures").only)[0] == (
        "All 20 requests of `m` failed with 8 requests at once, so nothing in these records measures a model."
    )
