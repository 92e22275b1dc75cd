"""The model's words as a reader may see them: statements that stand, figures and names put in by code."""

import re
from collections.abc import Iterable, Sequence

from chimera_dagster.grounding.references import parts
from chimera_dagster.records.documents import Outcome, Written
from chimera_dagster.render.page import (
    Block,
    Bullets,
    Code,
    Inline,
    Inlines,
    Link,
    Paragraph,
    Strong,
    Target,
    Text,
    inlines,
    joined,
)
from chimera_dagster.write.answer import AIMS, Recommendation, Statement

FACTS, FINDINGS = "evidence", "key-findings"  # anchors of the sections that have every fact and every finding


_AIMS: dict[str, str] = dict(zip(AIMS, ("Throughput", "Time to first token", "Quality"), strict=True))


def source(id_: str) -> Target:
    """The id of a fact or finding where it stands with what it names."""
    return Target(id_, id_.lower())


def cited(id_: str) -> Inlines:
    """The id of a fact or finding in parentheses, as a link to where it stands."""
    return inlines("(", Link(id_, f"#{source(id_).anchor}", FACTS if id_.startswith("F") else FINDINGS), ")")


class Words:
    """The statements of one stage's answer."""

    def __init__(self, outcome: Outcome, written: Written) -> None:
        self._standing = {each.text for each in written.checked if not written.withheld(each)}
        self._facts = {fact.id: fact for fact in outcome.facts}
        self._models = written.models

    def standing(self, statements: Iterable[Statement]) -> list[str]:
        """Texts of those that stand, in their order."""
        return [each.text for each in statements if each.text in self._standing]

    def inlines(self, texts: Sequence[str]) -> Inlines:
        """Statements one after the other; a cited fact is its figure in bold, the metric callout, and its id."""
        found: list[Inline] = []
        for text in texts:
            found += [*([Text(" ")] if found else []), *self._parts(text)]
        return joined(found)

    def paragraph(self, statements: Iterable[Statement]) -> Block:
        texts = self.standing(statements)
        return Paragraph(self.inlines(texts)) if texts else nothing()

    def items(self, statements: Iterable[Statement]) -> Block:
        texts = self.standing(statements)
        return Bullets(tuple(self.inlines([text]) for text in texts)) if texts else nothing()

    def advice(self, recommendations: Iterable[Recommendation]) -> tuple[Inlines, ...]:
        """Each recommendation of which something stands, behind what it aims at."""
        return tuple(
            (Strong(f"{_AIMS[one.aim]}: "), *self.inlines(texts))
            for one in recommendations
            if (texts := self.standing(one.statements))
        )

    def _parts(self, text: str) -> Iterable[Inline]:
        unit = ""
        for part in parts(text, self._models):
            match part.kind:
                case "words":  # a model often writes the unit of the figure before once more
                    yield Text(
                        re.sub(rf"^\s?{re.escape(unit)}(?![A-Za-z/])", "", part.text, flags=re.I) if unit else part.text
                    )
                case "model":
                    yield Code(part.text)
                case "figure":
                    yield from (Strong(self._facts[part.text].rendered), Text(" "), *cited(part.text))
                case "source":
                    yield from cited(part.text)
            unit = self._facts[part.text].rendered.partition(" ")[2] if part.kind == "figure" else ""


def nothing() -> Block:
    return Paragraph(inlines("The model wrote nothing here that the evidence lets stand."))
