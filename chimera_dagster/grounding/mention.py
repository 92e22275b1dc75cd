"""What a sentence names: each mention with its kind and its place."""

from typing import NamedTuple

from chimera_dagster.grounding.numbers import Number


class Mention(NamedTuple):
    """One thing that a sentence names. `meaning` is canonical; `values` are those of a parameter or a date's parts."""

    kind: str
    start: int
    end: int
    text: str
    meaning: str = ""
    values: tuple[float, ...] = ()
    number: Number | None = None
    many: tuple[str, ...] = ()


class Sentence(NamedTuple):
    """`text` is without the marks of Markdown. Mentions are in the order of their places."""

    text: str
    mentions: list[Mention]

    def of(self, *kinds: str, start: int = 0, end: int | None = None) -> list[Mention]:
        last = len(self.text) if end is None else end
        return [each for each in self.mentions if each.kind in kinds and start <= each.start < last]
