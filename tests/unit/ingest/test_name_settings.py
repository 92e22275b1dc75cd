"""Settings in the names of files that lie beside each other."""

import json

import pytest

from chimera_dagster.ingest.folder import read_in_memory

RUN = "ttft_ms,output_tok_s\n12,500\n"


def said(folder, *paths, text=RUN, log=None):
    """The conditions and parameters of each file."""
    for number, path in enumerate(paths):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text.replace("12", str(12 + number)))
    if log:
        (folder / "run.log").write_text(log)
    rows = read_in_memory(folder).measurements
    rows = rows[~rows["file"].str.endswith(".log")].drop_duplicates("file").sort_values("file")
    texts = zip(rows["conditions"], rows["params"], strict=True)
    return [json.loads(conditions) | json.loads(params) for conditions, params in texts]


@pytest.mark.parametrize(
    ("paths", "settings"),
    [
        (
            ("bs16_in512.csv", "bs8_in1k.csv"),
            [{"batch_size": 16, "prompt_tokens": 512}, {"batch_size": 8, "prompt_tokens": 1024}],
        ),
        (("tp1-c8.csv", "tp2-c8.csv"), [{"tensor_parallel": 1}, {"tensor_parallel": 2}]),
        (("lynx_16users.csv", "lynx_4users.csv"), [{"concurrency": 16}, {"concurrency": 4}]),
        (("ctx2048.csv", "ctx4096.csv"), [{"num_ctx": 2048}, {"num_ctx": 4096}]),
        (("out_fp16/a.csv", "out_fp8/a.csv"), [{"quantization": "fp16"}, {"quantization": "fp8"}]),
        (("max_concurrency_2/a.csv", "max_concurrency_9/a.csv"), [{"concurrency": 2}, {"concurrency": 9}]),
    ],
)
def test_named_parts_that_differ_are_settings(tmp_path, paths, settings):
    assert said(tmp_path, *paths) == settings


@pytest.mark.parametrize(
    "paths",
    [
        ("prompt_1.csv", "prompt_2.csv", "prompt_3.csv"),
        ("gpu0.csv", "gpu1.csv"),
        ("run_1.csv", "run_2.csv"),
        ("bs8_a.csv", "bs8_b.csv"),
        ("2026-01-02_bs8.csv", "2026-01-03_bs8.csv"),
        ("20002+1000+64.csv", "20002+1000+128.csv"),  # nothing says what they are
    ],
)
def test_other_parts_are_none(tmp_path, paths):
    assert said(tmp_path, *paths) == [{} for _ in paths]


def test_what_a_file_says_itself_comes_first(tmp_path):
    text = "concurrency,ttft_ms\n3,12\n"
    assert said(tmp_path, "c8.csv", "c16.csv", text=text) == [{"concurrency": 3}, {"concurrency": 3}]


def test_a_log_teaches_what_numbers_without_a_word_are(tmp_path):
    log = """Processing tp_size=1, isl=512, concurrency=4
done
Written to /data/out/512+100+4+1.csv
Processing tp_size=4, isl=2048, concurrency=4
Written to "/data/out/2048+100+4+4.csv"
"""
    names = ["512+100+4+1.csv", "2048+100+4+4.csv", "2048+100+16+2.csv"]
    assert said(tmp_path, *names, log=log) == [
        {"concurrency": 16, "prompt_tokens": 2048, "tensor_parallel": 2},
        {"concurrency": 4, "prompt_tokens": 2048, "tensor_parallel": 4},
        {"concurrency": 4, "prompt_tokens": 512, "tensor_parallel": 1},
    ]


def test_a_log_that_leaves_two_places_open_teaches_neither(tmp_path):
    log = "tp_size=4, concurrency=4, isl=512\nout/512+4+4.csv\n"
    assert said(tmp_path, "512+4+4.csv", "512+8+4.csv", log=log) == [{"prompt_tokens": 512}, {"prompt_tokens": 512}]
