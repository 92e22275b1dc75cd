"""A statement with its marks of Markdown gone and its references put in."""

import re
from collections.abc import Sequence

from chimera_dagster.grounding.evidence_index import EvidenceIndex
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.grounding.references import REFERENCE


def plain(text: str) -> str:
    """Without Markdown's emphasis, code marks, links and bullets."""
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^\s*(?:>\s*)*(?:[-*+•]\s+|#{1,6}\s+)?(?:\*\*)?(?:\d{1,2}(?:\.\d{1,2})?[.)]\s+)?", "", text)
    return re.sub(r"\*\*|__|`|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)", "", text)


def render(text: str, index: EvidenceIndex, models: Sequence[str]) -> tuple[str, list[Mention]]:
    """The text with `{F3}`, `{D2}` and `{M1}` put in, and a mention of each citation; unknown ids stay as they are."""
    pieces: list[str] = []
    found: list[Mention] = []
    at = length = 0
    for match in REFERENCE.finditer(text):
        before = text[at : match.start()]
        length += len(before)
        pieces.append(before)
        number = int(match[2])
        at = match.end()
        fact = index.facts.get(f"F{number}") if match[1] == "F" else None
        words = match[0]
        if match[1] == "D" and f"D{number}" in index.findings:
            words = f"D{number}"
            found.append(Mention("finding", length, length + len(words), match[0], words))
        elif fact is not None:
            words = fact.rendered
            # A model that cites a value often writes the unit behind it once more.
            again = re.compile(rf"\s?{re.escape(fact.unit)}(?![A-Za-z0-9/])", re.IGNORECASE).match(text, at)
            at = again.end() if fact.unit and again else at
        elif match[1] == "M" and 1 <= number <= len(models):
            words = models[number - 1]
        if fact is not None or words == match[0]:
            found.append(Mention("citation", length, length + len(words), match[0], match[1], fact=fact))
        pieces.append(words)
        length += len(words)
    pieces.append(text[at:])
    return "".join(pieces), found
