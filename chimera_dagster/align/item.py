"""A part of a sentence: a name, a figure, a phrase of the lexicon, a mark, or a word that nothing here knows."""

from dataclasses import dataclass

from chimera_dagster.align.figures import Figure
from chimera_dagster.align.lexicon import Sense


@dataclass(slots=True)
class Item:
    """`kind` is name, figure, phrase, mark or unknown; `stems` are the words of a phrase without endings."""

    kind: str
    text: str
    start: int
    end: int
    key: str = ""
    senses: tuple[Sense, ...] = ()
    figure: Figure | None = None
    names: tuple[str, ...] = ()
    value: str = ""
    stems: tuple[str, ...] = ()
    clause: int = 0
    exact: float | None = None

    def has(self, kind: str, key: str | None = None) -> bool:
        if key is not None:
            return (kind, key) in self.senses
        return any(each == kind for each, _ in self.senses)

    def keys(self, kind: str) -> list[str]:
        return [of for each, of in self.senses if each == kind]
