"""What a name that is not listed means if each of its words is known: `Num Response Tokens`, `Response Tok/s`.

A name with one other word, such as `Tokens per Chunk`, means nothing here.
"""

from chimera_dagster.ingest.remembered import remembered

_PROMPT = frozenset({"prompt", "prompts", "input", "inputs", "prefill", "prefilling"})
_OUTPUT = frozenset(
    {"output", "outputs", "response", "responses", "completion", "completions", "generation", "generated", "generating"}
    | {"gen", "answer", "answers", "reply", "replies", "decode", "decoded", "decoding", "produced"}
)
_TOKENS = frozenset({"token", "tokens", "tok", "toks"})
_COUNT = frozenset({"num", "number", "count", "of", "no"})
_SPEED = frozenset({"speed", "rate", "throughput", "processing"})
_FIRST = frozenset({"time", "to", "the", "first", "latency", "delay", "until", "token", "wait"})
_OF_A_SERVER = frozenset({"output", "outputs"})
_RATES = {_PROMPT: "prefill_tok_s", _OUTPUT: "decode_tok_s"}
_COUNTS = {_PROMPT: "prompt_tokens", _OUTPUT: "output_tokens"}


@remembered(maxsize=10_000)
def metric_by_words(base: str, *, has_rate: bool) -> str | None:
    """The metric of a name in its normal form without its unit; `has_rate`: its unit is one of tokens a second."""
    words = frozenset(base.split("_"))
    if {"first", "token"} <= words <= _FIRST and not has_rate:
        return "ttft_ms"
    of, others = _about(words)
    if of is None:
        return None
    if has_rate:  # `output` may also be that of all requests together
        return _RATES[of] if others <= _TOKENS | _SPEED and not words & _OF_A_SERVER else None
    return _COUNTS[of] if others & _TOKENS and others <= _TOKENS | _COUNT else None


def _about(words: frozenset[str]) -> tuple[frozenset[str] | None, frozenset[str]]:
    """Whether words are about prompts or about what was generated, and the other words."""
    found = [each for each in (_PROMPT, _OUTPUT) if words & each]
    return (found[0], words - found[0]) if len(found) == 1 else (None, words)
