"""Lines that engines print for each answer: MLX LM, text-generation-webui, llama.cpp with a draft model."""

from tests.unit.ingest.formats.reading_files import read_text

MLX = """==========
A poem about gears.
==========
Prompt: 12 tokens, 80.500 tokens-per-sec
Generation: 128 tokens, 42.250 tokens-per-sec
Peak memory: 5.000 GB
"""


def test_what_mlx_lm_prints(tmp_path):
    read = read_text(tmp_path, "run.log", MLX + MLX.replace("42.250", "41.000"))
    assert (read.file["format"], read.file["status"]) == ("mlx-lm", "ok")
    assert read.records == ["lines 4-6", "lines 10-12"]
    assert read.figures("lines 4-6") == {
        ("prompt_tokens", None): (12, None),
        ("prefill_tok_s", None): (80.5, None),
        ("output_tokens", None): (128, None),
        ("decode_tok_s", None): (42.25, None),
        ("memory_used_mib", "max"): (5e9 / 2**20, None),
    }
    assert read.about("lines 4-6")["backend"] == "MLX"
    assert read.figures("lines 10-12")["decode_tok_s", None] == (41, None)


def test_rates_of_a_batch_of_mlx_lm_are_not_those_of_an_answer(tmp_path):
    batch = "[batch_generate] Generation: 512 tokens, 400.0 tokens-per-sec\n"
    assert read_text(tmp_path, "batch.log", batch + MLX).records == ["lines 5-7"]


def test_output_on_a_page_is_of_the_model_in_the_command_above(tmp_path):
    command = "```bash\nmlx_lm.generate --model acme/lynx-7b-4bit --draft-model acme/tiny-1b -m 128\n```\n"
    read = read_text(tmp_path, "page.md", f"# Speed\n\n{command}\n{MLX}\n# Other machine\n\n{MLX}")
    assert read.values("model", "model_source", metric="decode_tok_s") == [("acme/lynx-7b-4bit", "text")] * 2


def test_output_of_a_command_with_a_draft_model_is_apart(tmp_path):
    command = "```\nmlx_lm.generate --model acme/lynx-7b{}\n```\n"
    page = f"{command.format('')}{MLX}\n{command.format(' --draft-model acme/tiny-1b')}{MLX}"
    read = read_text(tmp_path, "page.md", page)
    assert [read.conditions(record) for record in read.records] == [{}, {"speculative_decoding": "acme/tiny-1b"}]


def test_a_command_holds_for_its_section_if_others_run_other_models(tmp_path):
    sections = "\n".join(
        f"# {title}\n\n{command}{MLX}"
        for title, command in {
            "One": "```\nmlx_lm.generate --model acme/lynx-7b\n```\n",
            "Two": "```\nmlx_lm.generate --model acme/puma-3b\n```\n",
            "Neither": "",
        }.items()
    )
    read = read_text(tmp_path, "page.md", sections)
    assert read.values("model", metric="decode_tok_s") == [("acme/lynx-7b",), ("acme/puma-3b",), (None,)]


def test_what_text_generation_webui_logs(tmp_path):
    text = (
        "12:00:01 INFO     Output generated in 4.00 seconds (50.00 tokens/s, 200 tokens, context 1024, seed 7)\n"
        "Output generated in 5.00 seconds (40.00 tokens/s, 200 tokens)\n"
    )
    read = read_text(tmp_path, "server.log", text)
    assert read.file["format"] == "text-generation-webui"
    assert read.figures("line 1") == {
        ("e2e_ms", None): (4000, None),
        ("request_tok_s", None): (50, None),
        ("output_tokens", None): (200, None),
        ("prompt_tokens", None): (1024, None),
    }
    assert read.about("line 1")["labels"] == {"seed": 7}
    assert read.figures("line 2")["request_tok_s", None] == (40, None)


def test_settings_in_headings_keep_answers_apart(tmp_path):
    line = "Output generated in 4.00 seconds (50.00 tokens/s, 200 tokens, context 64, seed 7)"
    for name in ("log.txt", "log.md"):
        read = read_text(tmp_path, name, f"## lookup=10\n\n{line}\n\n## lookup=0\n\n{line}\n")
        assert [read.conditions(record) for record in read.records] == [
            {"settings": "lookup=10"},
            {"settings": "lookup=0"},
        ]


def test_timings_of_a_draft_are_not_those_of_the_answer(tmp_path):
    text = """encoded   16 tokens in    0.200 seconds, speed:   80.000 t/s
decoded  100 tokens in    5.000 seconds, speed:   20.000 t/s

n_drafted = 300

draft:
llama_perf_context_print: eval time = 900.00 ms / 299 runs (3.01 ms per token, 332.22 tokens per second)
"""
    read = read_text(tmp_path, "draft.log", text)
    assert read.records == ["lines 1-2"]
    assert read.figures("lines 1-2") == {
        ("prompt_tokens", None): (16, None),
        ("prompt_eval_ms", None): (200, None),
        ("prefill_tok_s", None): (80, None),
        ("output_tokens", None): (100, None),
        ("eval_ms", None): (5000, None),
        ("decode_tok_s", None): (20, None),
    }
    assert read.about("lines 1-2")["conditions"] == {"speculative_decoding": "on"}
