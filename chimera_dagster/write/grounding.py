"""No figure of the model's own reaches a reader: cited facts are rendered by code, every other figure is withheld."""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from chimera_dagster.write.facts import Fact, names_in

WITHHELD = "[…]"

_CITATION = re.compile(r"[{\[(]*\b(F[0-9]+)\b(?!-\w)[}\])]*")  # not the F1-score
# A word with a digit in it, with the signs and separators of a number around it.
_FIGURE = re.compile(r"[+-]?[$€]?[\w.:/+-]*\d(?:[\w:/+-]|[.,](?=\d))*%?")
_NUMBERING = re.compile(r"^\s*(?:[-*]\s*)?(?:#+\s*)?(?:\*\*)?\d{1,2}[.)]\s", re.MULTILINE)


class Grounded(NamedTuple):
    """The model's text without its own figures, and what was done to it.

    `text` is for readers, its citations rendered; `prompt` is for a model, its citations left as `{F3}`.
    """

    text: str
    prompt: str
    cited: tuple[str, ...]
    unknown: tuple[str, ...]  # ids of facts that do not exist
    withheld: tuple[str, ...]  # figures the model wrote itself


def ground(text: str, facts: Sequence[Fact], model: str) -> Grounded:
    """Render `{F3}` as its value and id; replace unknown ids and every free figure by `WITHHELD`.

    Names that the facts hold, and `model`, may have digits in them. Numbers that only number a list stay.
    """
    by_id = {fact.id: fact for fact in facts}
    names = names_in(facts) | {model}
    cited: dict[str, None] = {}
    unknown: list[str] = []
    withheld: list[str] = []
    pieces: list[tuple[str, str]] = []  # for the reader, for a model
    position = 0
    for match in _CITATION.finditer(text):
        words = _withhold(text[position : match.start()], names, withheld)
        pieces.append((words, words))
        position = match.end()
        fact = by_id.get(match[1])
        if fact is None:
            unknown.append(match[1])
            pieces.append((WITHHELD, WITHHELD))
        else:
            # Where a fact is first cited it says what it is, so that no sentence can pass its figure off as another.
            meaning = "" if fact.id in cited else f": {fact.text}"
            cited[fact.id] = None
            pieces.append((f"{fact.rendered} ({fact.id}{meaning})", f"{{{fact.id}}}"))
    words = _withhold(text[position:], names, withheld)
    pieces.append((words, words))
    for_reader, for_model = ("".join(side) for side in zip(*pieces, strict=True))
    return Grounded(for_reader, for_model, tuple(cited), tuple(unknown), tuple(withheld))


def _withhold(text: str, names: Collection[str], withheld: list[str]) -> str:
    numbering = [match.span() for match in _NUMBERING.finditer(text)]

    def replace(match: re.Match[str]) -> str:
        figure = match[0]
        if figure.strip(".,:") in names or any(start <= match.start() < end for start, end in numbering):
            return figure
        withheld.append(figure)
        return WITHHELD

    return _FIGURE.sub(replace, text)
