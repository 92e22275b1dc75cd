"""llama.cpp: answers of its server, and the timings that it prints."""

import json
import time

import pytest

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

CHAT = json.loads((FORMATS / "llama_cpp/chat.json").read_text())


def test_an_answer_of_the_chat_endpoint():
    read = read_file("llama_cpp/chat.json")
    assert (read.file["format"], read.file["status"], read.records) == ("llama.cpp", "ok", ["/"])
    assert read.figures("/") == {
        ("prompt_eval_ms", None): (142.703, None),
        ("prefill_tok_s", None): (238.25707938866034, None),
        ("eval_ms", None): (161.71, None),
        ("decode_tok_s", None): (142.22991775400408, None),
        ("prompt_tokens", None): (34, None),
        ("output_tokens", None): (24, None),
        ("prompt_cached_tokens", None): (0, None),
        ("total_tokens", None): (58, None),
    }
    about = read.about("/")
    assert (about["model"], about["backend"], about["conditions"]) == ("smollm2:135m", "llama.cpp", {})
    assert about["timestamp"] == "2026-11-28T09:22:40+00:00"


def test_an_answer_of_the_completion_endpoint_has_its_settings():
    read = read_file("llama_cpp/completion.json")
    assert read.figures("/")["decode_tok_s", None] == (148.54279517929118, None)
    assert read.about("/")["conditions"] == {"output_tokens": 16}
    assert read.about("/")["labels"] == {"seed": 1}
    assert json.loads(read.rows["params"].iloc[0]) == {
        **{"repeat_penalty": 1.0, "temperature": 0.2, "top_k": 40, "top_p": 0.95},
    }
    assert read.unread["min_p"] == 1


def test_the_build_is_the_engines_version(tmp_path):
    read = read_text(tmp_path, "answer.json", CHAT | {"system_fingerprint": "b6123-abc1234"})
    assert read.about("/")["conditions"] == {"engine_version": 6123}


def test_answers_that_a_script_collects_are_records_where_they_stand(tmp_path):
    read = read_text(tmp_path, "all.json", {"runs": [CHAT, CHAT | {"model": "beta"}]})
    assert read.records == ["/runs/0", "/runs/1"]
    assert read.about("/runs/1")["model"] == "beta"


def test_what_the_server_logs():
    read = read_file("llama_cpp/server.log")
    assert read.records == ["lines 12-14", "lines 19-21", "lines 26-28"]
    assert read.figures("lines 12-14") == {
        ("prompt_eval_ms", None): (142.7, None),
        ("prompt_tokens", None): (34, None),
        ("prefill_tok_s", None): (238.26, None),
        ("eval_ms", None): (161.71, None),
        ("output_tokens", None): (24, None),
        ("decode_tok_s", None): (142.23, None),
        ("total_ms", None): (304.41, None),
        ("total_tokens", None): (58, None),
    }
    about = read.about("lines 12-14")
    assert (about["model"], about["model_source"], about["conditions"]) == (
        "SmolLM2-135M-Instruct.Q4_1",
        "text",
        {"threads": 1},
    )


def test_what_a_program_prints_at_its_end():
    read = read_file("llama_cpp/perf.txt")
    assert read.figures("lines 8-11") == {
        ("load_ms", None): (512.34, None),
        ("prompt_eval_ms", None): (104.5, None),
        ("prompt_tokens", None): (16, None),
        ("prefill_tok_s", None): (153.11, None),
        ("eval_ms", None): (1575, None),
        ("decode_tok_s", None): (40, None),  # of 63 runs, one fewer than the tokens that they generate
        ("total_ms", None): (1702.11, None),
        ("total_tokens", None): (79, None),
    }
    assert read.about("lines 8-11")["model"] == "Alpha 1B Instruct"
    assert read.about("lines 8-11")["conditions"] == {"engine_version": 5870, "quantization": "Q4_K - Medium"}


def test_timings_in_a_fenced_block(tmp_path):
    printed = (FORMATS / "llama_cpp/perf.txt").read_text()
    read = read_text(tmp_path, "notes.md", f"# A run\n\n```\n{printed}```\n")
    assert ("decode_tok_s", None) in read.figures("lines 11-14")


def test_a_log_that_breaks_off_keeps_what_is_whole(tmp_path):
    printed = (FORMATS / "llama_cpp/perf.txt").read_text()
    read = read_text(tmp_path, "run.log", printed[: printed.index("total time") - 30])
    assert ("decode_tok_s", None) in read.figures("lines 8-11")
    read = read_text(
        tmp_path, "run.log", printed.replace("   25.00 ms per token,    40.00", "     inf ms per token,      nan")
    )
    assert ("decode_tok_s", None) not in read.figures("lines 8-11")


@pytest.mark.parametrize(
    "text", ["eval time = ", "prompt eval time =   1 ms / ", "loaded meta data ", "general.name str ="]
)
def test_long_lines_take_linear_time(tmp_path, text):
    """Twenty times as long may take twenty times as long, not four hundred times."""
    took = []
    for length in (10_000, 200_000):
        line = text * (length // len(text)) + " " * length
        start = time.process_time()
        read_text(tmp_path, "run.log", f"eval time = 1.00 ms / 2 runs\n{line}\n")
        took.append(time.process_time() - start)
    assert took[1] < 100 * max(took[0], 0.01)
