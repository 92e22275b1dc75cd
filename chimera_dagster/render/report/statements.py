"""The shown statements of a model as parts of a page, with figures and model tags put in by code."""

import re
from collections.abc import Iterable, Sequence

from chimera_dagster.evidence.fact import Fact
from chimera_dagster.grounding.references import parts
from chimera_dagster.records.documents import StageText
from chimera_dagster.render.blocks import (
    Code,
    Inline,
    Inlines,
    Link,
    Strong,
    Target,
    Text,
    inlines,
    joined,
)
from chimera_dagster.write.answer import Aim, Place, Statement

FACTS, FINDINGS = "evidence", "findings"  # anchors of the sections that have every fact and every finding

_AIMS: dict[Aim, str] = {"throughput": "Throughput", "ttft": "Time to first token", "quality": "Quality"}


def source(id_: str) -> Target:
    """The id of a fact or finding beside the fact or finding itself."""
    return Target(id_, id_.lower())


def cited(id_: str) -> Inlines:
    """The id of a fact or finding in parentheses, linked to that fact or finding."""
    return inlines("(", Link(id_, f"#{source(id_).anchor}", FACTS if id_.startswith("F") else FINDINGS), ")")


class StatementBlocks:
    """The statements of one stage's answer that are shown, as parts of a page; the others are left out."""

    def __init__(self, facts: Iterable[Fact], text: StageText) -> None:
        self._facts = {fact.id: fact for fact in facts}
        self._models, self._answer = text.models, text.answer

    def each(self, *places: Place) -> tuple[Inlines, ...]:
        """Each statement at these places; without `places`, those of the whole answer."""
        return tuple(self._inlines([statement]) for statement in self._answer.shown(*places))

    def recommendations(self) -> tuple[Inlines, ...]:
        """The recommendations of each aim that has any, behind its name."""
        by_aim = ((name, self._answer.shown(aim)) for aim, name in _AIMS.items())
        return tuple((Strong(f"{name}: "), *self._inlines(statements)) for name, statements in by_aim if statements)

    def risks(self) -> tuple[tuple[Inlines, Inlines], ...]:
        """Risks, each with its mitigation or a dash if that is missing or withheld."""
        mitigations = {statement.row: self._inlines([statement]) for statement in self._answer.shown("mitigation")}
        dash = inlines("–")
        return tuple((self._inlines([risk]), mitigations.get(risk.row, dash)) for risk in self._answer.shown("risk"))

    def _inlines(self, statements: Sequence[Statement]) -> Inlines:
        """Statements one after the other; a cited fact is its figure in bold, the metric callout, and its id."""
        found: list[Inline] = []
        for statement in statements:
            found += [*([Text(" ")] if found else []), *self._parts(statement.text)]
        return joined(found)

    def _parts(self, text: str) -> Iterable[Inline]:
        unit = ""
        for part in parts(text, self._models):
            match part.kind:
                case "words":  # a model often repeats the unit behind a figure
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
