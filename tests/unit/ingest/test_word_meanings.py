"""Names that are not listed, of which each word is known."""

import pytest

from chimera_dagster.ingest.meanings import meaning


@pytest.mark.parametrize(
    ("name", "metric", "unit", "aggregate"),
    [
        ("Num Response Tokens", "output_tokens", "tokens", None),
        ("Avg Reply Tokens", "output_tokens", "tokens", "mean"),
        ("number_of_input_tokens", "prompt_tokens", "tokens", None),
        ("Response Tok/s", "decode_tok_s", "tok/s", None),
        ("answer speed (tok/s)", "decode_tok_s", "tok/s", None),
        ("mean_response_tok_s", "decode_tok_s", "tok/s", "mean"),
        ("Input processing speed [tokens/s]", "prefill_tok_s", "tok/s", None),
        ("wait_until_first_token_s", "ttft_ms", "ms", None),
        ("prompt_ms", "prompt_eval_ms", "ms", None),
        ("server_rss_peak_gib", "memory_used_mib", "MiB", "max"),
        ("Process memory (MB)", "memory_used_mib", "MiB", None),
        ("cuda_memory_allocated_gb", "gpu_mem_used_mib", "MiB", None),
    ],
)
def test_what_each_word_says(name, metric, unit, aggregate):
    found = meaning(name)
    assert (found.metric, found.unit, found.aggregate) == (metric, unit, aggregate)


@pytest.mark.parametrize(
    "name",
    [
        "Tokens per Chunk",  # of what?
        "output tokens/s",  # of one request, or of all together?
        "prompt and response tokens",  # both
        "response quality",  # another word
        "answer rate",  # in what unit?
        "first token index",
        "machine memory (GB)",  # what it has
        "response_ms",  # to its first word, or to its end?
    ],
)
def test_a_name_with_another_word_keeps_its_number_to_itself(name):
    assert meaning(name).unit is None


def test_a_name_that_ends_in_tokens_need_not_be_in_tokens():
    assert meaning("Time To First Token").original_unit is None
