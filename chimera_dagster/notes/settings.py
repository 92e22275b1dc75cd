"""Conditions, parameters, engine and GPU in words: `with 8 requests at once and prompts of 512 tokens, on an A100`."""

from collections.abc import Iterable, Mapping, Sequence

from chimera_dagster.evidence.setups import by_value, value_words
from chimera_dagster.notes.phrase import Phrase, joined, listed, number, phrase, setting

_MOST = 4  # of one sentence; the evidence has all
_COUNTED = {
    "concurrency": ("one request at a time", "{x} requests at once"),
    "batch_size": ("a batch of one", "batches of {x}"),
    "threads": ("one thread", "{x} threads"),
    "prompt_tokens": ("prompts of one token", "prompts of {x} tokens"),
    "prompt_words": ("prompts of one word", "prompts of {x} words"),
    # files have it from `max_tokens` and the like: answers may end before
    "output_tokens": ("answers of one token", "answers of up to {x} tokens"),
    "context_depth": ("a context of one token", "a context of {x} tokens"),
    "request_rate": ("one request a second", "{x} requests a second"),
    "tensor_parallel": ("one GPU", "{x} GPUs"),
}
_EMPTY = {"context_depth": "an empty context"}
_SAID = {"gpu": "on {x}", "backend": "with {x}", "tool": "as measured by {x}"}


def in_words(
    setup: Mapping[str, object],
    shown: Iterable[str] | None = None,
    most: int = _MOST,
    needed: Iterable[str] = (),
) -> Phrase:
    """The setup, or the `shown` names of it, as it follows a verb; empty if there is nothing to say.

    Of more than `most` names the rest is left to the evidence, first those that are not `needed` to tell this sentence
    from another one.
    """
    names = [item[0] for item in sorted(setup.items(), key=lambda item: by_value({item[0]: item[1]}))]
    kept = [name for name in names if shown is None or name in set(shown)]
    others = [name for name in kept if name not in _SAID]
    chosen = {*sorted(others, key=lambda name: name not in set(needed))[:most]}
    first = [name for name in others if name in chosen]
    values = [level(name, setup[name]) for name in first]
    places = [phrase(_SAID[name], x=setting(value_words(setup[name]))) for name in kept if name in _SAID]
    return joined([*([phrase("with {values}", values=listed(values))] if values else []), *places], ", ")


def level(name: str, value: object) -> Phrase:
    """One condition in words: `8 requests at once`, `quantization=Q4_K_M`; of an engine, GPU or tool its name."""
    if name in _SAID:
        return (setting(value_words(value)),)
    if name in _COUNTED and isinstance(value, int | float):
        one, many = _COUNTED[name]
        if value == 0 and name in _EMPTY:
            return phrase(_EMPTY[name])
        return phrase(one) if value == 1 else phrase(many, x=number(value))
    return phrase("{name}", name=setting(f"{name}={value_words(value)}"))


def span(name: str, low: float, high: float) -> Phrase:
    """From one level to another, as it follows `over`: `1 to 32 requests at once`, `prompts of 25 to 400 words`."""
    ends = phrase("{low} to {high}", low=number(low), high=number(high))
    if name == "output_tokens":
        return phrase("answers limited to {x} tokens", x=ends)
    if name in _COUNTED:
        return phrase(_COUNTED[name][1], x=ends)
    return phrase("{name} of {ends}", name=setting(name), ends=ends)


def several_in_words(setups: Sequence[Mapping[str, object]], names: Iterable[str]) -> Phrase:
    """What several setups have of the names: `with num_ctx from 1024 to 4096, on an A100`, `with no gpu named`."""
    one: dict[str, object] = {}
    others: list[Phrase] = []
    for name in names:
        values = {setup.get(name) for setup in setups}
        known = [value for value in values if value is not None]
        if len(values) == 1 and known:
            one[name] = known[0]
        else:
            others.append(_several(name, known, unnamed=None in values))
    return joined([in_words(one), *others], ", ")


def _several(name: str, known: Sequence[object], *, unnamed: bool) -> Phrase:
    at = setting(name)
    if not known:
        return phrase("with no {at} named", at=at)
    numbers = [value for value in known if isinstance(value, int | float)]
    if len(numbers) == len(known) > 1:
        said = phrase("with {at} from {low} to {high}", at=at, low=number(min(numbers)), high=number(max(numbers)))
    else:
        texts = sorted(value_words(value) for value in known)
        shown: list[Phrase] = [(setting(text),) for text in texts[:2]]
        more = [phrase("{n} more", n=number(len(texts) - 2))] if len(texts) > 2 else []
        said = phrase("with {at} {values}", at=at, values=listed([*shown, *more], "or"))
    return phrase("{said} or none named", said=said) if unnamed else said
