"""Which statements may not stand as words of the model: with a figure of its own, looping, copied out of the prompt."""

import re
from collections.abc import Collection, Sequence

from chimera_dagster.grounding import Checked, Claim
from chimera_dagster.grounding.references import own_figure

_RUN = 3  # words: shorter runs stand in any two texts about one thing
_MOST_COPIED = 0.5  # of a statement's runs
_LEAST_FRESH, _LOOPS = 0.7, 3  # of its pairs of words; and how often one has to come for it to be a loop
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|\{\w+\}")


def mark_void(
    checked: Sequence[Checked], prompt: str, models: Sequence[str] = (), ids: Collection[str] = ()
) -> list[Checked]:
    """The same statements; those that no policy may show get a claim that is `void`, and its reason.

    A figure of the model's own is void whether it is true or not: `ids` are the facts and findings that one may come
    from, `models` are named M1, M2, ... A statement that the evidence supports may stand in the prompt, as its facts
    do; one that loops may not stand at all.
    """
    known = set(_runs(_words(prompt), _RUN))
    return [_void(each, why) if (why := _why(each, known, models, ids)) else each for each in checked]


def _why(checked: Checked, known: set[tuple[str, ...]], models: Sequence[str], ids: Collection[str]) -> str:
    figure = own_figure(checked.text, models, ids)
    if figure:
        return f"{figure}: a figure that the model wrote itself, where only code writes figures"
    words = _words(checked.text)
    pairs, runs = _runs(words, 2), _runs(words, _RUN)
    if any(pairs.count(pair) >= _LOOPS for pair in pairs) and len(set(pairs)) < _LEAST_FRESH * len(pairs):
        return "it says the same words over and over"
    copied = sum(run in known for run in runs)
    if checked.verdict == "not checkable" and runs and copied > _MOST_COPIED * len(runs):
        return "it repeats its prompt"
    return ""


def _void(checked: Checked, reason: str) -> Checked:
    claim = Claim(kind="opinion", text=checked.text, verdict="void", reason=reason)
    first = reason if checked.kept else checked.reason
    return checked.model_copy(update={"claims": [*checked.claims, claim], "kept": False, "reason": first})


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _runs(words: Sequence[str], length: int) -> list[tuple[str, ...]]:
    return [tuple(words[place : place + length]) for place in range(len(words) - length + 1)]
