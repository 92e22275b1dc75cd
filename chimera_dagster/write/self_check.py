"""Finds statements that can't be shown as the model's: with a figure of its own, looping, copied from the prompt."""

import re
from collections.abc import Collection, Sequence

from chimera_dagster.grounding import CheckedStatement
from chimera_dagster.grounding.references import own_figure

_RUN = 3  # words: any two texts about the same subject share shorter runs
_MOST_COPIED = 0.5  # of a statement's runs
_LEAST_FRESH, _LOOPS = 0.7, 3  # of its pairs of words; and how often a pair must occur to be a loop
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|\{\w+\}")


class SelfCheck:
    """Says why a statement is void, whatever the evidence says.

    A figure that the model wrote itself is void even if it is true: figures come from `ids`, those of the facts and
    findings. `models` are named M1, M2, ... A statement that the evidence supports may be in the prompt, as its facts
    are; one that loops is void in any case.
    """

    def __init__(self, prompt: str, models: Sequence[str] = (), ids: Collection[str] = ()) -> None:
        self._prompt_runs = set(_runs(_words(prompt), _RUN))
        self._models, self._ids = models, ids

    def reason(self, checked: CheckedStatement) -> str:
        """Why a statement is void; empty if it is not."""
        figure = own_figure(checked.text, self._models, self._ids)
        if figure:
            return f"{figure}: a figure that the model wrote itself; only code writes figures"
        words = _words(checked.text)
        pairs, runs = _runs(words, 2), _runs(words, _RUN)
        if any(pairs.count(pair) >= _LOOPS for pair in pairs) and len(set(pairs)) < _LEAST_FRESH * len(pairs):
            return "it repeats the same words over and over"
        copied = sum(run in self._prompt_runs for run in runs)
        if checked.verdict == "not checkable" and runs and copied > _MOST_COPIED * len(runs):
            return "it repeats its prompt"
        return ""


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _runs(words: Sequence[str], length: int) -> list[tuple[str, ...]]:
    return [tuple(words[place : place + length]) for place in range(len(words) - length + 1)]
