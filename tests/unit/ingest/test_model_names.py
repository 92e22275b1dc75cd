import pytest

from chimera_dagster.ingest.model_names import bare_model, is_model, is_quantization, model_in_path, model_in_text


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("gemma3/gemma3_270m_param_tuning.csv", "gemma3:270m"),
        ("gemma3_1b-it-qat_baseline.csv", "gemma3:1b-it-qat"),
        ("smollm2_135m_code/prompt_suite.md", "smollm2:135m"),
        ("reports/llama3/summary.md", "llama3"),
        ("lynx-writer_30b/summary.json", "lynx-writer:30b"),  # of no family that is listed
        ("qwen3-coder_30b/summary.json", "qwen3-coder:30b"),
        ("qwen3-coder_30b/qwen3_summary.json", "qwen3-coder:30b"),  # the longer of two that begin alike
        ("mistral-7b/llama3_8b.json", "llama3:8b"),
        ("bench-lynx-7b-instruct_run2.json", "lynx-7b-instruct"),
        ("Qwen2.5-7B-Instruct/bench_1.json", "Qwen2.5-7B-Instruct"),
        ("qwen3-30b-a3b-instruct-2507_c16.json", "qwen3-30b-a3b-instruct-2507"),
        ("mixtral-8x7b-instruct-v0.1/h100/tp2/x.json", "mixtral-8x7b-instruct-v0.1"),
        ("vllm-lynx-7b-fp8-tp4-isl512.json", "lynx-7b-fp8"),
        ("lynx-7b-Q4_K_M.gguf.json", "lynx-7b-Q4_K_M"),
        ("gemma3n_e4b.csv", "gemma3n:e4b"),
        ("deepseek-r1/x.json", "deepseek-r1"),
        ("gpt-4o-mini/results.csv", "gpt-4o-mini"),
        ("mistral_results.csv", "mistral"),
        ("2026-02-19_lynx-7b.md", "lynx-7b"),
        ("20260219-154500-lynx-7b/x.md", "lynx-7b"),
        *((path, None) for path in ("ollama/ollama_benchmark.csv", "results_v2/run_1.json", "llama-bench/a.csv")),
        *(
            (path, None)
            for path in ("llama.cpp/x.json", "payload_512b.json", "soak_120m.csv", "step_2b/x.csv", "32b.json")
        ),
        ("gemma3_270m_vs_llama3_8b.csv", None),  # two
    ],
)
def test_models_in_paths(path, model):
    assert model_in_path(path) == model


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("qwen2.5:7b", "qwen2.5:7b"),
        ("Table 1: Results of llama3.1:8b", "llama3.1:8b"),
        ("Trying `lynx-7b` (Q4) at home", "lynx-7b"),
        ("Llama 3.1 8B on one GPU", "Llama 3.1 8B"),
        ("lynx-lab/Lynx-7B-Instruct, warm", "lynx-lab/Lynx-7B-Instruct"),
        ("Mistral", "Mistral"),
        ("lynx:7b against lynx:3b", None),
        ("Table 3: Ollama 0.3 and Llama.cpp", None),
        ("The mistral is a wind", None),
        ("Phase 1b", None),
        ("Transformer, Image: `nvcr.io/nvidia/tritonserver:25.08-trtllm-python-py3`", None),
        ("qwen2.5:7b in ghcr.io/ggml-org/llama.cpp:server-cuda", "qwen2.5:7b"),
    ],
)
def test_models_in_texts(text, model):
    assert model_in_text(text) == model


@pytest.mark.parametrize(
    "key", ["gemma3:270m", "lynx:7b", "lynx-lab/lynx-7b", "mistral", "llama3", "lynx:latest", "x-1b.gguf"]
)
def test_keys_that_are_models(key):
    assert is_model(key)


@pytest.mark.parametrize(
    "key", ["llama", "m:1", "run_7b", "7b", "ttft_p50_1b", "concurrency_8", "h100-80gb", "q4_0", "a lynx:7b"]
)
def test_keys_that_are_none(key):
    assert not is_model(key)


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("`gemma3:latest` (4.3B parameters)", "gemma3:latest"),
        ("hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M", "hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M"),
        ("nvcr.io/nvidia/tritonserver:25.08-py3", ""),
        ("docker.io/vllm/vllm-openai:v0.11.0", ""),
        ("us-docker.pkg.dev/lab/images/tgi@sha256:0123", ""),
        ("**lynx-7b**, dense, 28 layers, head_dim 128", "lynx-7b"),
        ("lynx-7b-Q4_K_M.gguf", "lynx-7b-Q4_K_M"),
        ("lynx-7b, elk-8b", "lynx-7b, elk-8b"),
        ("Acme, Writer", "Acme, Writer"),
        (".gguf", ".gguf"),
        ("/data/models/lynx-7b", "lynx-7b"),
        ("./lynx-7b/", "lynx-7b"),
        ("acme/lynx-7b-GGUF/lynx-7b-Q8_0.gguf", "lynx-7b-Q8_0"),
        ("/root/hub/models--acme--lynx-7b/snapshots/0a1b2c", "acme/lynx-7b"),
        ("acme/lynx-7b", "acme/lynx-7b"),
        ("out/quantized/awq", "out/quantized/awq"),
        ("https://example.org/lynx-7b", "https://example.org/lynx-7b"),
        ("file:/data/lynx-7b", "file:/data/lynx-7b"),
    ],
)
def test_a_tag_without_remarks_and_no_container_image(text, model):
    assert bare_model(text) == model


@pytest.mark.parametrize(("text", "known"), [("UD-Q4_K_XL", True), ("Q4_K_M", True), ("UD", False), ("lynx-Q4", False)])
def test_a_quantization(text, known):
    assert is_quantization(text) is known


def test_names_end_where_another_script_begins_and_folders_publish_nothing():
    assert model_in_text("MiniMax-M2.5模型在H100上的测试") == "MiniMax-M2.5"
    assert model_in_text("see docs/release_v0_1") is None
    assert model_in_text("acme/release_v0_1") == "acme/release_v0_1"
    assert bare_model("请求时使用的模型名") == ""
    assert bare_model(".../models/lynx-7b") == bare_model("…/lynx-7b") == "lynx-7b"
