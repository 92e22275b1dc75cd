"""LoadGen's summary of a run."""

import pytest

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

SERVER = (FORMATS / "mlperf/server/mlperf_log_summary.txt").read_text()


def test_a_server_run():
    read = read_file("mlperf/server/mlperf_log_summary.txt")
    assert (read.file["format"], read.file["status"], read.records) == ("MLPerf LoadGen", "ok", ["lines 2-87"])
    figures = read.figures("lines 2-87")
    assert figures["requests_per_s", None] == (20.1, None)
    assert figures["output_tok_s", None] == (277.51, None)
    assert figures["ttft_ms", "mean"] == (pytest.approx(5.403904), 42)
    assert figures["ttft_ms", "p99.9"] == (pytest.approx(8.32083), 42)
    assert figures["tpot_ms", "p50"] == (pytest.approx(1.09853), 42)
    assert figures["e2e_ms", "max"] == (pytest.approx(23.509017), 42)
    assert len(figures) == 2 + 3 * 9
    about = read.about("lines 2-87")
    assert about["conditions"] == {"task": "Server", "request_rate": 20, "validity": "INVALID"}
    assert (about["model"], about["backend"]) == (None, None)


def test_queries_arrive_at_no_rate_in_other_scenarios():
    read = read_file("mlperf/singlestream/mlperf_log_summary.txt")
    (record,) = read.records
    assert read.about(record)["conditions"] == {"task": "SingleStream"}
    assert read.figures(record)["output_tok_s", None] == (688.54, None)
    assert read.figures(record)["e2e_ms", "p90"] == (pytest.approx(22.340013, rel=1e-3), 102)
    offline = read_file("mlperf/offline/mlperf_log_summary.txt")
    assert offline.figures(offline.records[0])["requests_per_s", None] == (55.2643, None)


def test_the_model_is_that_of_the_folder(tmp_path):
    folder = tmp_path / "results/h100/llama2-70b-99/Server"
    folder.mkdir(parents=True)
    (folder / "mlperf_log_summary.txt").write_text(SERVER)
    from chimera_dagster.ingest.folder import read_in_memory

    measurements = read_in_memory(tmp_path)[1]
    assert set(measurements["model_source"]) == {"path"}
    assert set(measurements["model"].str.startswith("llama2")) == {True}


def test_the_detailed_log_is_left_out():
    read = read_file("mlperf/server/mlperf_log_detail.txt")
    assert (read.file["status"], read.file["numbers"]) == ("set_aside", 0)
    assert "mlperf_log_summary.txt" in read.file["reason"]


def test_a_run_for_accuracy_measures_no_speed(tmp_path):
    read = read_text(tmp_path, "summary.txt", SERVER.replace("PerformanceOnly", "AccuracyOnly"))
    assert read.rows.empty


def test_a_summary_that_breaks_off_says_so(tmp_path):
    read = read_text(tmp_path, "summary.txt", SERVER[: SERVER.index("Scenario")])
    assert "it looks like a file of MLPerf LoadGen, but it states no scenario" in read.file["reason"]
    assert read.rows.empty


def test_names_that_only_look_like_latencies_are_not_read(tmp_path):
    read = read_text(tmp_path, "summary.txt", SERVER.replace("Mean latency (ns)", "Mean patience (ns)"))
    assert ("e2e_ms", "mean") not in read.figures(read.records[0])


def test_several_runs_in_one_file(tmp_path):
    offline = (FORMATS / "mlperf/offline/mlperf_log_summary.txt").read_text()
    read = read_text(tmp_path, "all.md", f"# Runs\n\n```text\n{SERVER}\n{offline}```\n")
    assert [read.about(record)["conditions"]["task"] for record in read.records] == ["Server", "Offline"]


def test_a_figure_with_two_values_is_not_read(tmp_path):
    read = read_text(tmp_path, "summary.txt", f"{SERVER}Mean latency (ns)     : 5\n")
    assert ("e2e_ms", "mean") not in read.figures(read.records[0])
    assert "Mean latency (ns) has 2 values, so none was read" in read.file["reason"]
