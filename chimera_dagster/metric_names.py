"""Metrics that code refers to by name; docs/metrics.md defines them."""

DECODE, TTFT, LOAD = "decode_tok_s", "ttft_ms", "load_ms"
FAILED = "failed"  # of a record that says that its run failed; its value is 1
