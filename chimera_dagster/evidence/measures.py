"""The metrics that models, parameter sets and conditions are compared by."""

from typing import NamedTuple

from chimera_dagster.schemas import DECODE, E2E, OUTPUT, PREFILL, TPOT, TTFT

LEVEL = 0.05  # a corrected p-value below it tells two of them apart


class Measure(NamedTuple):
    """`best` says which end of a metric is good; multiplied by `sign`, that end is the smallest.

    `whole`: a single value is already over many requests, as a server's throughput is.
    """

    metric: str
    unit: str
    words: str
    best: str
    sign: int
    whole: bool = False


# The two that every comparison is made by, and those that only models are ranked by
HEADLINES = (
    Measure(DECODE, "tok/s", "decode throughput", "highest", -1),
    Measure(TTFT, "ms", "time to first token", "lowest", 1),
)
SERVER = Measure(OUTPUT, "tok/s", "output throughput", "highest", -1, whole=True)
FURTHER = (
    Measure(PREFILL, "tok/s", "prefill throughput", "highest", -1),
    Measure(TPOT, "ms", "time per output token", "lowest", 1),
    Measure(E2E, "ms", "end-to-end time", "lowest", 1),
    Measure("ttfa_ms", "ms", "time to first token of the answer", "lowest", 1),
    Measure("itl_ms", "ms", "inter-token latency", "lowest", 1),
    Measure("latency_ms", "ms", "latency", "lowest", 1),
)
# What a benchmark of answers gives; each under the condition of its task
SCORES = (
    Measure("accuracy", "share", "accuracy", "highest", -1, whole=True),
    Measure("f1", "share", "F1 score", "highest", -1, whole=True),
    Measure("exact_match", "share", "exact match", "highest", -1, whole=True),
    Measure("pass_at_1", "share", "pass@1", "highest", -1, whole=True),
    Measure("mmlu", "share", "MMLU score", "highest", -1, whole=True),
    Measure("gsm8k", "share", "GSM8K score", "highest", -1, whole=True),
    Measure("humaneval", "share", "HumanEval score", "highest", -1, whole=True),
    Measure("hellaswag", "share", "HellaSwag score", "highest", -1, whole=True),
    Measure("gpqa", "share", "GPQA score", "highest", -1, whole=True),
    Measure("arc_challenge", "share", "ARC-Challenge score", "highest", -1, whole=True),
    Measure("truthfulqa", "share", "TruthfulQA score", "highest", -1, whole=True),
    Measure("ifeval", "share", "IFEval score", "highest", -1, whole=True),
    Measure("arc_easy", "share", "ARC-Easy score", "highest", -1, whole=True),
    Measure("mmlu_pro", "share", "MMLU-Pro score", "highest", -1, whole=True),
    Measure("boolq", "share", "BoolQ score", "highest", -1, whole=True),
    Measure("piqa", "share", "PIQA score", "highest", -1, whole=True),
    Measure("winogrande", "share", "WinoGrande score", "highest", -1, whole=True),
    Measure("openbookqa", "share", "OpenBookQA score", "highest", -1, whole=True),
    Measure("triviaqa", "share", "TriviaQA score", "highest", -1, whole=True),
    Measure("lambada", "share", "LAMBADA score", "highest", -1, whole=True),
    Measure("bbh", "share", "BIG-Bench Hard score", "highest", -1, whole=True),
    Measure("ceval", "share", "C-Eval score", "highest", -1, whole=True),
    Measure("cmmlu", "share", "CMMLU score", "highest", -1, whole=True),
    Measure("mbpp", "share", "MBPP score", "highest", -1, whole=True),
    Measure("math_500", "share", "MATH-500 score", "highest", -1, whole=True),
    Measure("aime", "share", "AIME score", "highest", -1, whole=True),
    Measure("livecodebench", "share", "LiveCodeBench score", "highest", -1, whole=True),
    Measure("swe_bench", "share", "SWE-bench score", "highest", -1, whole=True),
    Measure("mt_bench", "score", "MT-Bench score", "highest", -1, whole=True),
    Measure("score", "score", "benchmark score", "highest", -1, whole=True),
    Measure("error_score", "score", "benchmark error", "lowest", 1, whole=True),
    Measure("perplexity", "score", "perplexity", "lowest", 1, whole=True),
)
MEASURES = (*HEADLINES, SERVER, *SCORES, *FURTHER)
# What a run takes of the machine: shown beside its speed, but no model is ranked by it
USED = (
    Measure("gpu_mem_used_mib", "MiB", "GPU memory", "lowest", 1),
    Measure("memory_used_mib", "MiB", "memory", "lowest", 1),
    Measure("power_w", "W", "power", "lowest", 1),
)
# Metrics of all requests of a benchmark together, whose aggregates are over its seconds, not over runs
OF_SERVER = ("output_tok_s", "input_tok_s", "total_tok_s", "requests_per_s", "goodput_requests_per_s")
