import json

import pytest

from tests.unit.ingest.formats.reading_files import FORMATS, read_file, read_text

FOLDER = FORMATS / "ollama"
STATISTICS = """total duration:       1m27.059177746s
load duration:        35.433224ms
prompt eval count:    36 token(s)
prompt eval duration: 4.2s
prompt eval rate:     8.57 tokens/s
eval count:           449 token(s)
eval duration:        1m22.8s
eval rate:            5.42 tokens/s
"""
READ = [
    ("total_ms", pytest.approx(87_059.177746)),
    ("load_ms", pytest.approx(35.433224)),
    ("prompt_tokens", 36),
    ("prompt_eval_ms", pytest.approx(4_200)),
    ("prefill_tok_s", 8.57),
    ("output_tokens", 449),
    ("eval_ms", pytest.approx(82_800)),
    ("decode_tok_s", 5.42),
]


def models(read):
    """The model of each record, and where its name stands."""
    return [*dict.fromkeys(read.values("record", "model", "model_source"))]


@pytest.mark.parametrize("name", ["generate.json", "chat.json"])
def test_an_answer_is_a_run_in_nanoseconds(name):
    answer = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    read = read_file(FOLDER / name)
    assert read.file.format == "Ollama"
    assert (read.file.numbers, read.file.covered, read.file.records) == (6, 6, 1)
    assert read.metrics("/") == [
        ("total_ms", pytest.approx(answer["total_duration"] / 1e6), None),
        ("load_ms", pytest.approx(answer["load_duration"] / 1e6), None),
        ("prompt_eval_ms", pytest.approx(answer["prompt_eval_duration"] / 1e6), None),
        ("eval_ms", pytest.approx(answer["eval_duration"] / 1e6), None),
        ("prompt_tokens", answer["prompt_eval_count"], None),
        ("output_tokens", answer["eval_count"], None),
    ]
    (about,) = set(read.values("model", "model_source", "backend", "timestamp", "error"))
    assert about == ("smollm2:135m", "json", "ollama", answer["created_at"], False)
    assert set(read.values("original_unit", metric="eval_ms")) == {("ns",)}


@pytest.mark.parametrize("name", ["generate-stream.jsonl", "chat-stream.jsonl"])
def test_of_a_stream_only_the_last_object_is_the_run(name):
    read = read_file(FOLDER / name)
    assert read.file.status == "ok"
    assert read.file.records == 1
    assert set(read.values("record")) == {("line 9",)}
    assert read.values("value", metric="output_tokens") == [(8,)]


def test_the_tokens_of_a_conversation_are_unread_and_a_missing_count_is_no_figure(tmp_path):
    answer = {"model": "alpha:7b", "response": "", "done": True, "context": [1, 2, 3], "eval_count": 4}
    read = read_text(tmp_path, "a.json", json.dumps(answer))
    assert read.metrics("/") == [("output_tokens", 4, None)]
    assert read.unread == {"context": 3}


def test_an_answer_in_a_document_of_a_script_keeps_its_other_fields(tmp_path):
    answer = {"model": "alpha:7b", "done": True, "eval_count": 4, "eval_duration": 2_000_000, "ttft_ms": 30}
    read = read_text(tmp_path, "a.json", json.dumps([answer]))
    assert read.file.format is None
    assert read.metrics("/0") == [("output_tokens", 4, None), ("eval_ms", 2, None), ("ttft_ms", 30, None)]
    seconds = {"model": "alpha:7b", "eval_count": 4, "eval_duration": 0.5}
    assert read_text(tmp_path, "b.json", seconds).file.format is None


def test_a_cut_stream_has_no_run_and_says_where_it_breaks_off(tmp_path):
    text = (FOLDER / "generate-stream.jsonl").read_text(encoding="utf-8")
    read = read_text(tmp_path, "cut.jsonl", text[:-200])
    assert read.records == []
    assert read.file.status == "malformed"
    assert read.file.reason.startswith("line 9: ")


def test_printed_statistics_name_their_model_in_the_command_and_in_the_heading():
    read = read_file(FOLDER / "verbose.md")
    assert read.file.format == "Ollama"
    assert models(read) == [
        ("lines 9-16", "smollm2:135m", "text"),
        ("lines 23-30", "smollm2:135m", "text"),
        ("lines 36-43", "smollm2-b:135m", "heading"),
    ]
    assert read.values("metric", "value", "original_name", "original_unit", record="lines 36-43") == [
        ("total_ms", pytest.approx(152.897802), "total duration", "ms"),
        ("load_ms", pytest.approx(1.286455), "load duration", "ms"),
        ("prompt_tokens", 9, "prompt eval count", None),
        ("prompt_eval_ms", pytest.approx(44.154), "prompt eval duration", "ms"),
        ("prefill_tok_s", 203.83, "prompt eval rate", "tokens/s"),
        ("output_tokens", 16, "eval count", None),
        ("eval_ms", pytest.approx(105.189), "eval duration", "ms"),
        ("decode_tok_s", 152.11, "eval rate", "tokens/s"),
    ]
    assert set(read.values("backend", "aggregate", "error")) == {("ollama", None, False)}
    assert read.file.numbers == read.file.covered == 24


def test_a_log_of_runs_names_its_model_in_the_command():
    read = read_file(FOLDER / "smollm2_135m.log")
    assert models(read) == [("lines 2-9", "smollm2:135m", "text"), ("lines 11-18", "smollm2:135m", "text")]
    assert read.values("value", metric="decode_tok_s") == [(157.71,), (156.95,)]


@pytest.mark.parametrize(
    ("page", "model", "source"),
    [
        (f"# Trying beta:3b\n\nI ran `ollama run alpha:7b --verbose`:\n\n```\n{STATISTICS}```\n", "alpha:7b", "text"),
        (f"## alpha:7b\n\n### Second run\n\n```\n{STATISTICS}```\n", "alpha:7b", "heading"),
        (f"## Results of Qwen3 on a laptop\n\n{STATISTICS}", "qwen3", "heading"),
        (f"```\n$ ollama run --verbose --keepalive 5m alpha\n```\n\n```\n{STATISTICS}```\n", "alpha", "text"),
        (f"Results with ollama run on my laptop, at 10:30.\n\n    {STATISTICS}", "gemma3:1b", "path"),
        (f"=== alpha:7b ===\n> {STATISTICS}", "alpha:7b", "text"),
        (f"Testing model: `alpha:7b` ...\n{STATISTICS}", "alpha:7b", "text"),
        (f"$ for i in 1 2; do echo hi | ollama run alpha --verbose; done\n{STATISTICS}", "alpha", "text"),
        (f"`ollama run MODEL --verbose`\n\n```\n{STATISTICS}```\n", "gemma3:1b", "path"),
    ],
)
def test_the_model_stands_in_the_command_the_heading_or_the_file_name(tmp_path, page, model, source):
    read = read_text(tmp_path, "gemma3_1b_results.md", page)
    assert set(read.values("model", "model_source")) == {(model, source)}
    assert read.values("metric", "value") == READ


def test_each_command_of_a_log_begins_the_runs_of_another_model(tmp_path):
    text = f"ollama run alpha:7b --verbose\n{STATISTICS}{STATISTICS}\nollama run beta:3b --verbose\n{STATISTICS}"
    read = read_text(tmp_path, "runs.txt", text)
    assert models(read) == [
        ("lines 2-9", "alpha:7b", "text"),
        ("lines 10-17", "alpha:7b", "text"),
        ("lines 20-27", "beta:3b", "text"),
    ]


@pytest.mark.parametrize("key", ["model_name =    ", "Model name: ", "model_id = "])
def test_a_line_of_a_log_names_the_model_of_what_follows(tmp_path, key):
    read = read_text(tmp_path, "bench.log", f"{key}mistral:7b\n{STATISTICS}{key}llama3.1:8b\n{STATISTICS}")
    assert [model for _, model, _ in models(read)] == ["mistral:7b", "llama3.1:8b"]


def test_another_line_of_a_log_does_not_name_the_model(tmp_path):
    read = read_text(tmp_path, "bench.log", f"model_size = 7b\nmodel_name is mistral:7b here\n{STATISTICS}")
    assert [model for _, model, _ in models(read)] == [None]


def test_statistics_that_break_off_are_read_as_far_as_they_go(tmp_path):
    read = read_text(tmp_path, "runs.log", f"ollama run alpha:7b --verbose\n{STATISTICS[:-40]}")
    assert read.values("metric", "value") == READ[:6]


def test_a_page_without_statistics_keeps_its_items(tmp_path):
    read = read_text(tmp_path, "a.md", "# alpha:7b\n\nThe eval rate: it was good.\n\n- TTFT: 120 ms\n")
    assert read.file.format is None
    assert read.values("metric", "value") == [("ttft_ms", 120)]


# a pattern that tries a line in every way would take minutes
@pytest.mark.parametrize("name", ["a.md", "a.txt"])
@pytest.mark.parametrize(
    "line",
    ["ollama run " + "--a " * 100_000, "a/" * 200_000 + ":", "> " * 200_000, "model:" * 70_000, "\n" * 400_000],
    ids=["options", "slashes", "quotes", "models", "lines"],
)
def test_long_lines_are_read_in_linear_time(tmp_path, name, line):
    read = read_text(tmp_path, name, f"# {line}\n{line}\n{STATISTICS}")
    assert read.values("value", metric="decode_tok_s") == [(5.42,)]
