"""What parts of paths say of the machine, the engine and the quantization."""

import pytest

from chimera_dagster.ingest.parse import said_by_path
from chimera_dagster.ingest.surroundings.path_names import card_in_path, cards_in_text, engines_in_text, names_in_part


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("results_rtx4090.csv", ("rtx4090", None)),
        ("out/RTX-4070-Ti-Super/run.json", ("RTX 4070 Ti Super", None)),
        ("vllm_bench_a100-80gb.md", ("a100 80gb", None)),
        ("2x_rtx_3090/a.csv", ("rtx 3090", 2)),
        ("h100-x8/lynx.json", ("h100", 8)),
        ("m2-max/lynx.json", ("m2 max", None)),
        ("macbook_m1/lynx.json", ("macbook m1", None)),
        ("bench_mi300x.jsonl", ("mi300x", None)),
        ("rx7900xtx/vulkan.txt", ("rx7900xtx", None)),
        ("dgx-spark/2026-01-02.csv", ("dgx spark", None)),
        ("a100/results_A100.csv", ("A100", None)),
        ("lynx-7b P40.md", ("P40", None)),
        ("single_chip/NVIDIA_H100/lynx/test_01/concurrency.csv", ("NVIDIA H100", None)),
    ],
)
def test_a_path_names_a_card(path, expected):
    assert card_in_path(path) == expected


@pytest.mark.parametrize(
    "path",
    [
        "a100_vs_h100.md",
        "h100/compared_with_a100.csv",
        "run_3090.csv",
        "lynx-7b-m1.csv",
        "t4/x.csv",
        "lynx_a10.json",
        "h100_vs_mystery.csv",
        "batch100.csv",
        "gtx.csv",
        "alpha100.json",
        "rtx40901.json",
    ],
)
def test_a_path_that_names_two_cards_or_none_says_nothing(path):
    assert card_in_path(path) == (None, None)


@pytest.mark.parametrize(
    ("part", "gpu", "backend", "quantization"),
    [
        ("bench_4090", "4090", None, None),
        ("lynx_t4_vllm", "t4", "vllm", None),
        ("llama-cpp_q4_k_m", None, "llama.cpp", "q4_k_m"),
        ("awq-trtllm-l4", "l4", "tensorrt_llm", "awq"),
        ("t4_mlx_4bit", "t4", "mlx", "4bit"),
        ("vllm_sglang_fp8", None, None, "fp8"),
        ("a100_vs_mystery_vllm", None, None, None),
        ("report_2025-q4", None, None, None),
        ("q4_q8", None, None, None),
        ("ollamas", None, None, None),
    ],
)
def test_short_names_count_where_files_differ_by_them(part, gpu, backend, quantization):
    named = names_in_part(part)
    assert (named.gpu, named.backend, named.quantization) == (gpu, backend, quantization)


def test_the_context_of_a_file_has_the_card():
    context, _ = said_by_path("2x-rtx3090/lynx-7b.csv")
    assert (context.model, context.gpu, context.conditions) == ("lynx-7b", "rtx3090", (("gpu_count", 2),))
    assert said_by_path("plain/lynx-7b.csv")[0].gpu is None


def test_cards_of_a_text():
    text = "An RTX 4090 (NVIDIA GeForce RTX 4090 24GB) beside an AMD Instinct MI300X, with vLLM and llama.cpp"
    assert [*cards_in_text(text).values()] == ["RTX 4090", "AMD Instinct MI300X"]
    assert engines_in_text(text) == {"vllm", "llama.cpp"}


@pytest.mark.parametrize("piece", ["nvidia-amd-", "rtx 4090 ti ", "2x", "apple silicon ", "a100-80gb-", "llama-"])
def test_long_texts_of_pieces_of_names_end(piece):  # within linear time: a quadratic pattern takes minutes
    assert len(cards_in_text(piece * 30_000)) < 2
    assert engines_in_text(piece * 30_000) == set()
