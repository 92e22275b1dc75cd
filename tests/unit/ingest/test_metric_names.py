import pytest

from chimera_dagster.ingest.meanings import meaning
from chimera_dagster.ingest.metric_names import kinds_of, metric_of


def test_the_units_that_a_name_may_have():
    assert kinds_of("prefill") == {"ms", "tok/s"}
    assert kinds_of("prefill_ms") == {"ms"}
    assert kinds_of("Throughput Δ") == kinds_of("model") == frozenset()


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("BoolQ", "boolq"),
        ("ARC-Easy", "arc_easy"),
        ("ARC-Chall", "arc_challenge"),
        ("HellaSwag", "hellaswag"),
        ("HumanEval pass@1", "humaneval"),
        ("MMLU-Pro", "mmlu_pro"),
        ("C-Eval", "ceval"),
        ("SWE-bench", "swe_bench"),
        ("mmlu.acc", "mmlu"),
        ("scores.mmlu", "mmlu"),
        ("ppl_wikitext2", "perplexity"),
    ],
)
def test_scores_of_benchmarks(name, metric):
    found = metric_of(name)
    assert found is not None
    assert found[0] == metric


@pytest.mark.parametrize("name", ["HumanEval+", "Math", "Drop", "score"])
def test_other_scores_keep_their_names(name):
    assert metric_of(name) is None


def test_names_that_are_listed_with_their_aggregate():
    assert meaning("Peak RAM (MB)")[:2] == ("memory_used_mib", "MiB")
    assert meaning("Peak RAM (MB)").aggregate == "max"
    assert meaning("ram_mb").unit is None
    assert meaning("Total input tokens")[:2] == ("prompt_tokens", "tokens")
    assert meaning("Total input tokens").aggregate == "sum"
    assert meaning("e2e_tps").metric == "request_tok_s"
