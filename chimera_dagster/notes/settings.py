"""Conditions, parameters, engine and GPU in words: `with 8 requests at once and prompts of 512 tokens, on an A100`."""

from collections.abc import Iterable, Mapping

from chimera_dagster.evidence.setups import by_value, value_words
from chimera_dagster.notes.phrase import Phrase, joined, listed, phrase, setting

_MOST = 4  # of one sentence; the evidence has all
_COUNTED = {
    "concurrency": ("one request at a time", "{x} requests at once"),
    "batch_size": ("a batch of one", "batches of {x}"),
    "threads": ("one thread", "{x} threads"),
    "prompt_tokens": ("prompts of one token", "prompts of {x} tokens"),
    "prompt_words": ("prompts of one word", "prompts of {x} words"),
    "output_tokens": ("answers of one token", "answers of {x} tokens"),
    "context_depth": ("a context of one token", "a context of {x} tokens"),
    "request_rate": ("one request a second", "{x} requests a second"),
    "tensor_parallel": ("one GPU", "{x} GPUs"),
}
_SAID = {"gpu": "on {x}", "backend": "with {x}", "tool": "measured by {x}"}


def in_words(setup: Mapping[str, object], shown: Iterable[str] | None = None) -> Phrase:
    """The setup, or the `shown` names of it, as it follows a verb; empty if there is nothing to say.

    Of more than four names the rest is left to the evidence.
    """
    names = [item[0] for item in sorted(setup.items(), key=lambda item: by_value({item[0]: item[1]}))]
    kept = [name for name in names if shown is None or name in set(shown)]
    first = [name for name in kept if name not in _SAID][:_MOST]
    values = [level(name, setup[name]) for name in first]
    places = [phrase(_SAID[name], x=setting(value_words(setup[name]))) for name in kept if name in _SAID]
    return joined([*([phrase("with {values}", values=listed(values))] if values else []), *places], ", ")


def level(name: str, value: object) -> Phrase:
    """One condition in words: `8 requests at once`, `quantization=Q4_K_M`."""
    if name in _COUNTED:
        one, many = _COUNTED[name]
        return phrase(one) if value == 1 else phrase(many, x=value_words(value))
    return phrase("{name}", name=setting(f"{name}={value_words(value)}"))
