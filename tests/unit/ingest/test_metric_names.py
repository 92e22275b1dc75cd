from chimera_dagster.ingest.metric_names import kinds_of


def test_the_units_that_a_name_may_have():
    assert kinds_of("prefill") == {"ms", "tok/s"}
    assert kinds_of("prefill_ms") == {"ms"}
    assert kinds_of("Throughput Δ") == kinds_of("model") == frozenset()
