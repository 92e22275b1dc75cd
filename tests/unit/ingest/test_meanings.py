import pytest

from chimera_dagster.ingest.meanings import meaning


@pytest.mark.parametrize(
    ("name", "unit", "metric", "canonical", "factor", "aggregate"),
    [
        ("ttft_s", None, "ttft_ms", "ms", 1000, None),
        ("TTFT (s)", None, "ttft_ms", "ms", 1000, None),
        ("ttftMs", None, "ttft_ms", "ms", 1, None),
        ("mean_ttft_s", None, "ttft_ms", "ms", 1000, "mean"),
        ("eval_s_mean", None, "eval_ms", "ms", 1000, "mean"),
        ("eval_duration", None, "eval_ms", "ms", 1e-6, None),
        ("P95 TTFT (s)", None, "ttft_ms", "ms", 1000, "p95"),
        ("itl_p50_ms", None, "itl_ms", "ms", 1, "p50"),
        ("results_ttft_s_quantiles_p50", None, "ttft_ms", "ms", 1000, "p50"),
        ("time_to_first_output_token_ms", None, "ttfa_ms", "ms", 1, None),
        ("reasoning_tokens", None, "reasoning_tokens", "tokens", 1, None),
        ("tokens_s", None, "decode_tok_s", "tok/s", 1, None),
        ("Tokens/s", None, "decode_tok_s", "tok/s", 1, None),
        ("overall_tokens_per_second", None, "decode_tok_s", "tok/s", 1, "overall"),
        ("Throughput", "tok/s", "decode_tok_s", "tok/s", 1, None),
        ("prefill_ms", None, "prompt_eval_ms", "ms", 1, None),
        ("prefill", "tok/s", "prefill_tok_s", "tok/s", 1, None),
        ("eval_count", None, "output_tokens", "tokens", 1, None),
        ("memory_used_gb", None, "memory_used_mib", "MiB", 1024, None),
        ("cpu_percent", None, "cpu_util_pct", "%", 1, None),
        ("std_time_ms", None, "latency_ms", "ms", 1, "std"),
        ("results_ttft_s_quantiles_p50", None, "ttft_ms", "ms", 1000, "p50"),
        ("p999_itl_ms", None, "itl_ms", "ms", 1, "p99.9"),
        ("TTFT (p95, ms)", None, "ttft_ms", "ms", 1, "p95"),
        ("Latency 95th percentile [s]", None, "latency_ms", "ms", 1000, "p95"),
        ("ttft_ms 25%", None, "ttft_ms", "ms", 1, "p25"),
        ("ttft in ms (median)", None, "ttft_ms", "ms", 1, "median"),
        ("GPU memory (MiB)", None, "gpu_mem_used_mib", "MiB", 1, None),
        ("mean_e2el_ms", None, "e2e_ms", "ms", 1, "mean"),
        ("gen_tps", None, "decode_tok_s", "tok/s", 1, None),
        ("tg t/s", None, "decode_tok_s", "tok/s", 1, None),
        ("generation tokens/s", None, "decode_tok_s", "tok/s", 1, None),
        ("pp t/s", None, "prefill_tok_s", "tok/s", 1, None),
        ("tok/s total", None, "total_tok_s", "tok/s", 1, None),
        ("out_tok_s", None, "output_tok_s", "tok/s", 1, None),
        ("output tokens/s", None, "output tokens/s", None, 1, None),  # of one request, or of a server?
        ("throughput_rps", None, "requests_per_s", "req/s", 1, None),
        ("thinking_tokens", None, "reasoning_tokens", "tokens", 1, None),
        ("usage.completion_tokens", None, "output_tokens", "tokens", 1, None),
        ("ttft_ms.p90", None, "ttft_ms", "ms", 1, "p90"),
        ("ttft_ms (2)", None, "ttft_ms (2)", None, 1, None),  # a second column of that name
        ("tok/s (512)", None, "tok/s (512)", None, 1, None),
        ("ttft", None, "ttft", None, 1, None),  # its unit is unknown
        ("Throughput Δ", "tok/s", "Throughput Δ", None, 1, None),  # a difference is no throughput
        ("latency p(95) [ms]", None, "latency_ms", "ms", 1, "p95"),  # as k6 writes it
        ("time_to_first_answer_token_s", None, "ttfa_ms", "ms", 1000, None),
        ("Completion tokens per second", None, "decode_tok_s", "tok/s", 1, None),
        ("energy_per_token_joules", None, "energy_per_token_j", "J", 1, None),
        ("energy_per_request_wh", None, "energy_per_request_j", "J", 3600, None),
        ("warp_count", None, "warp_count", None, 1, None),
    ],
)
def test_meaning(name, unit, metric, canonical, factor, aggregate):
    found = meaning(name, unit)
    assert (found.metric, found.unit, found.factor, found.aggregate) == (metric, canonical, factor, aggregate)


def test_a_name_that_only_says_how_takes_the_key_above_it():
    assert meaning("p95_ms", None, "ttft")[:3] == ("ttft_ms", "ms", 1)
    assert meaning("mean", None, "ttft_s")[:3] == ("ttft_ms", "ms", 1000)


@pytest.mark.parametrize(
    ("name", "metric", "unit", "aggregate"),
    [
        ("Latency (min) ms", "latency_ms", "ms", "min"),
        ("TTFT(min)(s)", "ttft_ms", "s", "min"),
        ("Total duration (min)", "total_ms", "min", None),
        ("TTFT [min]", "TTFT [min]", None, "min"),
    ],
)
def test_min_in_brackets_is_the_least_but_of_a_long_time(name, metric, unit, aggregate):
    found = meaning(name)
    assert (found.metric, found.original_unit, found.aggregate) == (metric, unit, aggregate)
