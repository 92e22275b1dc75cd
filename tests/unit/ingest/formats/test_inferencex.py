"""InferenceX: its rows."""

import json

import pytest

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

ROW = json.loads((FORMATS / "inferencex/agg_alpha70b_conc4.json").read_text())


def test_a_row():
    read = read_file("inferencex/agg_alpha70b_conc4.json")
    assert (read.file["format"], read.file["status"], read.records) == ("InferenceX", "ok", ["/"])
    about = read.about("/")
    assert (about["model"], about["backend"], about["gpu"]) == ("acme/alpha-70b-fp8", "vllm", "h200-example")
    assert about["conditions"] == {
        **{"concurrency": 4, "prompt_tokens": 1024, "output_tokens": 1024, "dtype": "fp8"},
        **{"engine_version": "vllm/vllm-openai:v0.11.0"},
        **{"tensor_parallel": 8, "pipeline_parallel": 1, "expert_parallel": 1},
    }


def test_times_are_seconds_and_rates_are_those_of_one_gpu():
    figures = read_file("inferencex/agg_alpha70b_conc4.json").figures("/")
    assert figures["ttft_ms", "mean"] == (pytest.approx(180.2), None)
    assert figures["ttft_ms", "std"] == (pytest.approx(22.1), None)
    assert figures["tpot_ms", "p99"] == (pytest.approx(19.84), None)
    assert figures["itl_ms", "p99.9"] == (pytest.approx(22.14), None)
    assert figures["e2e_ms", "median"] == (pytest.approx(12483.9), None)
    assert figures["total_tok_s_per_gpu", None] == (1241.25 / 8, None)
    assert figures["output_tok_s_per_gpu", None] == (310.5 / 8, None)
    assert figures["input_tok_s_per_gpu", None] == ((1241.25 - 310.5) / 8, None)
    assert len(figures) == 3 + 4 * 6 + 1


def test_only_the_median_of_one_over_tpot_is_a_rate_of_streams():
    read = read_file("inferencex/agg_alpha70b_conc4.json")
    assert read.figures("/")["decode_tok_s", "median"] == (pytest.approx(1000 / 12.028), None)
    assert read.unread == {
        **{"mean_intvty": 1, "std_intvty": 1, "p90_intvty": 1, "p99_intvty": 1, "p99.9_intvty": 1},
        **{"dcp_size": 1, "pcp_size": 1},
    }


def test_a_list_of_rows():
    read = read_file("inferencex/agg_bmk.json")
    assert [read.about(record)["conditions"]["concurrency"] for record in read.records] == [4, 32]


def test_prefill_and_decode_on_engines_of_their_own(tmp_path):
    apart = {name: value for name, value in ROW.items() if name not in ("tp", "ep", "pp")}
    apart |= {
        "is_multinode": True,
        "prefill_tp": 4,
        "decode_tp": 8,
        "prefill_ep": 1,
        "decode_ep": 8,
        "avg_power_w": 612.5,
    }
    read = read_text(tmp_path, "agg.json", apart)
    conditions = read.about("/")["conditions"]
    assert (conditions["tensor_parallel"], conditions["expert_parallel"]) == ("4+8", "1+8")
    assert "pipeline_parallel" not in conditions
    assert read.figures("/")["power_w", "mean"] == (612.5, None)
