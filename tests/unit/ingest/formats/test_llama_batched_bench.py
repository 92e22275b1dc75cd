"""llama-batched-bench: sequences that are processed together."""

import json

import pytest

from tests.unit.ingest.formats.reading_files import read_file, read_text


def test_a_line_of_one_sequence_has_its_rates():
    read = read_file("llama_batched_bench/results.jsonl")
    assert (read.file["format"], read.file["status"]) == ("llama-batched-bench", "ok")
    assert read.figures("line 1") == {
        ("prompt_eval_ms", None): (pytest.approx(108), None),
        ("prefill_tok_s", None): (1185.185181, None),
        ("eval_ms", None): (pytest.approx(3079), None),
        ("decode_tok_s", None): (41.571941, None),
        ("e2e_ms", None): (pytest.approx(3187), None),
        ("total_tok_s", None): (80.326324, None),
    }
    assert read.about("line 1")["conditions"] == {
        **{"prompt_tokens": 128, "output_tokens": 128, "concurrency": 1, "batch_size": 2048, "micro_batch_size": 512},
        **{"threads": 8, "flash_attention": 0},
    }
    assert json.loads(read.rows["params"].iloc[0]) == {"num_ctx": 2048, "num_gpu": 99}
    assert read.unread == {"is_pp_shared": 2, "n_threads_batch": 2, "n_kv": 2}


def test_rates_over_several_sequences_are_those_of_all():
    read = read_file("llama_batched_bench/table.md")
    assert read.figures("table 1 row 2") == {
        ("prompt_eval_ms", None): (pytest.approx(398), None),
        ("input_tok_s", None): (1286.43, None),
        ("eval_ms", None): (4250, None),
        ("output_tok_s", None): (120.47, None),
        ("e2e_ms", None): (pytest.approx(4648), None),
        ("total_tok_s", None): (220.31, None),
    }
    assert read.about("table 1 row 2")["conditions"] == {"prompt_tokens": 128, "output_tokens": 128, "concurrency": 4}


def test_a_row_that_breaks_off_is_named(tmp_path):
    header = "| PP | TG | B | N_KV | T_PP s | S_PP t/s | T_TG s | S_TG t/s | T s | S t/s |\n" + "|---" * 10 + "|\n"
    read = read_text(
        tmp_path, "table.md", f"{header}| 8 | 8 | 1 | 16 | 0.1 | 80 | 0.2 | 40 | 0.3 | 53 |\n| 8 | 8 | 1 |\n"
    )
    assert read.records == ["table 1 row 1"]
    assert "table 1 row 2 has 3 cells, the header has 10" in read.file["reason"]


def test_a_sweep_over_the_depth_of_the_context(tmp_path):
    header = "| PP | TG | N_KV | T_PP s | S_PP t/s | T_TG s | S_TG t/s |\n" + "|---" * 7 + "|\n"
    read = read_text(tmp_path, "sweep.md", f"{header}| 128 | 32 | 256 | 2.000 | 64.00 | 8.000 | 4.00 |\n")
    assert read.file["format"] == "llama-sweep-bench"
    assert read.figures("table 1 row 1") == {
        ("prompt_eval_ms", None): (2000, None),
        ("prefill_tok_s", None): (64, None),
        ("eval_ms", None): (8000, None),
        ("decode_tok_s", None): (4, None),
    }
    assert read.conditions("table 1 row 1") == {"prompt_tokens": 128, "output_tokens": 32, "context_depth": 256}
