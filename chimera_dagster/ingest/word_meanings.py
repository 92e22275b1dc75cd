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
_EVAL = frozenset({"eval", "evaluation", "processing", "time", "duration", "latency"})
_GPU = frozenset({"vram", "gpu", "cuda", "device"})
_RESIDENT = frozenset({"rss", "resident"})
_MEMORY = frozenset({"memory", "mem", "ram", "footprint"}) | _RESIDENT
_USE = frozenset({"used", "use", "usage", "consumption", "consumed", "allocated", "reserved", "process", "server"})
_RATES = {_PROMPT: "prefill_tok_s", _OUTPUT: "decode_tok_s"}
_COUNTS = {_PROMPT: "prompt_tokens", _OUTPUT: "output_tokens"}


@remembered(maxsize=10_000)
def metric_by_words(base: str, unit: str | None) -> str | None:
    """The metric of a name in its normal form; `unit` is the canonical one of its kind, None if it has none."""
    words = frozenset(base.split("_"))
    if {"first", "token"} <= words <= _FIRST and unit in ("ms", None):
        return "ttft_ms"
    if unit == "MiB":
        return _memory(words)
    of, others = _about(words)
    if of is None:
        return None
    if unit == "tok/s":  # `output` may also be that of all requests together
        return _RATES[of] if others <= _TOKENS | _SPEED and not words & _OF_A_SERVER else None
    if unit == "ms":
        return "prompt_eval_ms" if of is _PROMPT and others <= _EVAL else None
    return _COUNTS[of] if others & _TOKENS and others <= _TOKENS | _COUNT else None


def _memory(words: frozenset[str]) -> str | None:
    """Memory that was used; what a machine has is none."""
    if words & _GPU and words <= _GPU | _MEMORY | _USE and ("vram" in words or words & _MEMORY):
        return "gpu_mem_used_mib"
    is_used = words & _USE or words & _RESIDENT
    return "memory_used_mib" if words & _MEMORY and is_used and words <= _MEMORY | _USE else None


def _about(words: frozenset[str]) -> tuple[frozenset[str] | None, frozenset[str]]:
    """Whether words are about prompts or about what was generated, and the other words."""
    found = [each for each in (_PROMPT, _OUTPUT) if words & each]
    return (found[0], words - found[0]) if len(found) == 1 else (None, words)
