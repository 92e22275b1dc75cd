"""Which statements are no words of the model: those that loop, and advice that it copied out of its prompt."""

import re
from collections.abc import Sequence

from chimera_dagster.write.claims import Checked, Claim

_RUN = 3  # words: shorter runs stand in any two texts about one thing
_MOST_COPIED = 0.5  # of a statement's runs
_LEAST_FRESH, _LOOPS = 0.7, 3  # of its pairs of words; and how often one has to come for it to be a loop
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|\{\w+\}")


def mark_void(checked: Sequence[Checked], prompt: str) -> list[Checked]:
    """The same statements; those that say nothing are `void`, withheld with the reason.

    A statement that the evidence supports may stand in the prompt, as its facts do; one that loops may not stand at
    all. What is withheld already keeps its reason.
    """
    known = set(_runs(_words(prompt), _RUN))
    return [_marked(each, known) if each.kept else each for each in checked]


def _marked(checked: Checked, known: set[tuple[str, ...]]) -> Checked:
    words = _words(checked.text)
    pairs, runs = _runs(words, 2), _runs(words, _RUN)
    if any(pairs.count(pair) >= _LOOPS for pair in pairs) and len(set(pairs)) < _LEAST_FRESH * len(pairs):
        return _void(checked, "It says the same words over and over.")
    copied = sum(run in known for run in runs)
    if checked.verdict == "not checkable" and runs and copied > _MOST_COPIED * len(runs):
        return _void(checked, "It repeats its prompt.")
    return checked


def _void(checked: Checked, reason: str) -> Checked:
    claim = Claim(kind="opinion", text=checked.text, verdict="void", reason=reason)
    return checked.model_copy(update={"claims": [*checked.claims, claim], "kept": False, "reason": reason})


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _runs(words: Sequence[str], length: int) -> list[tuple[str, ...]]:
    return [tuple(words[place : place + length]) for place in range(len(words) - length + 1)]
