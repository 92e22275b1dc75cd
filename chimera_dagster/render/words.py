"""The model's words as a reader may see them: statements that stand, figures and names put in by code."""

import re
from collections.abc import Iterable, Sequence

from chimera_dagster.render.page import Block, Bullets, Inline, Inlines, Paragraph, Strong, Text, inlines, joined
from chimera_dagster.results import Outcome, Written
from chimera_dagster.write.answer import Statement

_REFERENCE = re.compile(r"\{([FDM])([1-9][0-9]*)\}")


class Words:
    """The statements of one stage's answer."""

    def __init__(self, outcome: Outcome, written: Written) -> None:
        self._standing = {each.text for each in written.checked if written.stands(each)}
        self._facts = {fact.id: fact for fact in outcome.facts}
        self._models = written.models

    def standing(self, statements: Iterable[Statement]) -> list[str]:
        """Texts of those that stand, in their order."""
        return [each.text for each in statements if each.text in self._standing]

    def inlines(self, texts: Sequence[str]) -> Inlines:
        """Statements one after the other; a cited fact is its figure in bold, the metric callout, and its id."""
        parts: list[Inline] = []
        for text in texts:
            parts += [*([Text(" ")] if parts else []), *self._parts(text)]
        return joined(parts)

    def paragraph(self, statements: Iterable[Statement]) -> Block:
        texts = self.standing(statements)
        return Paragraph(self.inlines(texts)) if texts else nothing()

    def items(self, statements: Iterable[Statement]) -> Block:
        texts = self.standing(statements)
        return Bullets(tuple(self.inlines([text]) for text in texts)) if texts else nothing()

    def _parts(self, text: str) -> Iterable[Inline]:
        at = 0
        for match in _REFERENCE.finditer(text):
            yield Text(text[at : match.start()])
            yield from self._reference(match[1], int(match[2]), match[0])
            at = match.end()
        yield Text(text[at:])

    def _reference(self, kind: str, number: int, written: str) -> Iterable[Inline]:
        fact = self._facts.get(f"F{number}") if kind == "F" else None
        if fact is not None:
            yield Strong(fact.rendered)
            yield Text(f" ({fact.id})")
        elif kind == "M" and number <= len(self._models):
            yield Text(self._models[number - 1])
        else:
            yield Text(f"({written[1:-1]})")


def nothing() -> Block:
    return Paragraph(inlines("The model wrote nothing here that the evidence lets stand."))
