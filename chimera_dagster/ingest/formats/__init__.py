"""Readers of the files that well-known tools write, one small file a format.

To add one, write its file here and append it to the tuple of its kind below. A document, table or text that no format
recognises, or that its format's reader rejects with `NotThisFormatError`, is read by the general reader of its kind.
"""

from chimera_dagster.ingest.formats import (
    aiperf,
    aiperf_tables,
    chimera_agents,
    evalscope,
    genai_perf,
    guidellm,
    guidellm_csv,
    inference_perf,
    inferencex,
    koboldcpp,
    lighteval,
    llama_batched_bench,
    llama_bench,
    llama_benchy,
    llama_cpp,
    llama_speculative,
    llmperf,
    lm_eval,
    localscore,
    locust,
    mlperf,
    mlx_lm,
    ollama,
    ollama_bench,
    optimum_benchmark,
    serving_report,
    sglang_serving,
    text_generation_webui,
    trtllm_bench,
    vllm_offline,
    vllm_serve,
)
from chimera_dagster.ingest.formats.format import DocumentFormat, TableFormat, TextFormat

# JSON objects
DOCUMENTS: tuple[DocumentFormat, ...] = (
    ollama.ANSWER,
    llama_bench.OBJECT,
    llama_benchy.OBJECT,
    vllm_serve.RESULT,
    vllm_offline.THROUGHPUT,
    vllm_offline.LATENCY,
    sglang_serving.RESULT,
    guidellm.REPORT,
    lm_eval.RESULTS,
    lm_eval.SAMPLES,
    lighteval.RESULTS,
    optimum_benchmark.BENCHMARK,
    optimum_benchmark.GENERATION,
    optimum_benchmark.FORWARD,
    mlperf.ACCURACY,
    chimera_agents.AGENT,
    llama_cpp.ANSWER,
    llama_batched_bench.JSON,
    inferencex.ROW,
    trtllm_bench.REPORT,
    localscore.JSON,
    evalscope.SUMMARY,
    *aiperf.DOCUMENTS,
    *genai_perf.DOCUMENTS,
    *inference_perf.DOCUMENTS,
    *llmperf.DOCUMENTS,
)
# CSV files, tables of Markdown pages
TABLES: tuple[TableFormat, ...] = (
    ollama_bench.CSV,
    ollama_bench.MARKDOWN,
    llama_bench.CSV,
    llama_bench.MARKDOWN,
    llama_benchy.CSV,
    llama_benchy.MARKDOWN,
    vllm_serve.SWEEP,
    guidellm_csv.REPORT,
    guidellm_csv.OLD_REPORT,
    lm_eval.TABLE,
    optimum_benchmark.TABLE,
    localscore.CSV,
    llama_batched_bench.TABLE,
    llama_batched_bench.SWEEP,
    koboldcpp.CSV,
    locust.CSV,
    *aiperf_tables.TABLES,
)
# console output in text files and on Markdown pages
TEXTS: tuple[TextFormat, ...] = (
    ollama.VERBOSE,
    ollama_bench.BENCHSTAT,
    llama_bench.SQL,
    serving_report.REPORT,
    mlperf.SUMMARY,
    mlperf.DETAIL,
    llama_speculative.LOG,  # before the timings of each of its two models
    llama_cpp.LOG,
    mlx_lm.LOG,
    text_generation_webui.LOG,
)
