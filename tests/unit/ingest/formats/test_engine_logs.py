"""Lines that vLLM's and SGLang's servers log while they answer."""

import time

import pytest

from chimera_dagster.ingest.formats.lmdeploy import TABLE
from chimera_dagster.ingest.formats.sglang_log import LOG as SGLANG
from chimera_dagster.ingest.formats.vllm_log import LOG as VLLM
from tests.unit.ingest.formats.reading_files import read_file, read_text

OLD = (
    "INFO 05-11 08:17:48 metrics.py:229] Avg prompt throughput: {} tokens/s, Avg generation throughput: {} tokens/s, "
    "Running: {} reqs, Swapped: 0 reqs, Pending: 0 reqs, GPU KV cache usage: 0.8%, CPU KV cache usage: 0.0%\n"
)
DECODE = (
    "[2026-01-01 10:00:0{}] Decode batch, #running-req: {}, #full token: 7, "
    "gen throughput (token/s): {}, #queue-req: 0,\n"
)


def test_vllms_log():
    read = read_file("vllm_log/server.log")
    assert (read.file["format"], read.file["status"], read.records) == ("vLLM's log", "ok", ["line 3", "line 4"])
    assert read.figures("line 3") == {("input_tok_s", None): (812.4, None), ("output_tok_s", None): (96, None)}
    assert read.figures("line 4") == {("output_tok_s", None): (141.5, None)}
    about = read.about("line 4")
    assert (about["model"], about["backend"], about["labels"]) == ("acme/lynx-7b", "vllm", {"engine": 0})
    assert about["conditions"] == {
        **{"concurrency": 4, "dtype": "bfloat16", "engine_version": "0.10.1"},
        **{"pipeline_parallel": 1, "tensor_parallel": 2},
    }


def test_lines_of_older_versions_on_a_page(tmp_path):
    page = f"## lynx:7b\n\n```\n{OLD.format(102.2, 2.2, 1)}{OLD.format(0.0, 0.0, 0)}{OLD.format('0.0', '8.5', 2)}```\n"
    read = read_text(tmp_path, "page.md", page)
    assert read.values("record", "model", "metric", "value") == [
        ("line 4", "lynx:7b", "input_tok_s", 102.2),
        ("line 4", "lynx:7b", "output_tok_s", 2.2),
        ("line 6", "lynx:7b", "output_tok_s", 8.5),
    ]
    assert read.conditions("line 6") == {"concurrency": 2}


def test_a_log_of_an_idle_server_has_no_zeros(tmp_path):
    assert read_text(tmp_path, "idle.log", OLD.format("0.0", "0.0", 0) * 3).file["status"] == "empty"


def test_sglangs_log():
    read = read_file("sglang_log/server.log")
    assert (read.file["format"], read.records) == ("SGLang's log", ["line 4", "line 6"])
    assert read.figures("line 6") == {("output_tok_s", None): (120, None)}
    about = read.about("line 6")
    assert (about["model"], about["backend"], about["timestamp"]) == ("acme/lynx-7b", "sglang", "2026-03-02 10:01:04")
    assert about["conditions"] == {"concurrency": 3, "quantization": "fp8", "tensor_parallel": 2}


def test_lines_of_newer_versions_of_sglang(tmp_path):
    read = read_text(
        tmp_path, "a.log", "".join(DECODE.format(at, 2, rate) for at, rate in enumerate((1.5, 40.5, 41.5)))
    )
    assert read.values("record", "value") == [("line 2", 40.5), ("line 3", 41.5)]


def test_a_rate_over_a_pause_does_not_count():
    """The last line of the file follows a prefill beside which nothing ran, four minutes after the one above."""
    read = read_file("sglang_log/server.log")
    assert 0.2 not in [value for (value,) in read.values("value")]


@pytest.mark.parametrize("known", [VLLM, SGLANG, TABLE])
@pytest.mark.parametrize(
    "text", ["Engine 0", "Avg prompt throughput: 1", "[2026-01-01 10:00:00", "= Profile Throughput =", "=", "1"]
)
def test_signs_take_linear_time(known, text):
    def seconds(size):
        started = time.process_time()
        known.sign.search(text * (size // len(text)))
        return time.process_time() - started

    least = {size: min(seconds(size) for _ in range(3)) for size in (20_000, 80_000)}
    assert least[80_000] < 9 * least[20_000] + 0.02, least
