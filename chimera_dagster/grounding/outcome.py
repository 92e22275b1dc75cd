"""What a document says against a folder: each sentence is contradicted, supported, or could not be read."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from chimera_dagster.grounding.claim import Claim
from chimera_dagster.grounding.document import sentences
from chimera_dagster.grounding.folder import Folder
from chimera_dagster.grounding.judge import claims_of
from chimera_dagster.grounding.mention import Mention

Outcome = Literal["contradicted", "supported", "could not be read"]
UNREAD: Outcome = "could not be read"
OUTCOMES: tuple[Outcome, ...] = ("contradicted", "supported", UNREAD)
_LONGEST = 1000  # characters of a sentence; a table or a list without line breaks is longer
NOTHING = "it says nothing that can be computed from the folder"
# That a name exists is no support for what a sentence says about it.
_NAMES = frozenset({"model", "parameter", "file", "telemetry", "n"})


class CheckedSentence(NamedTuple):
    """A sentence with its line, its outcome, why, and what in the folder (statistic, files, rows) says so."""

    line: int
    text: str
    outcome: Outcome
    reason: str
    evidence: str


def check_document(markdown: str, folder: Folder) -> list[CheckedSentence]:
    """Every sentence of a Markdown document; headings only if they claim something."""
    found: list[CheckedSentence] = []
    passage, about = -1, list[Mention]()
    for sentence in sentences(markdown):
        about = about if sentence.passage == passage else []
        passage = sentence.passage
        if len(sentence.text) > _LONGEST:
            reason = f"it is longer than {_LONGEST} characters"
            found.append(CheckedSentence(sentence.line, sentence.text, UNREAD, reason, ""))
            continue
        claims, about = claims_of(sentence.text, folder, about)
        if claims or not sentence.heading:
            found.append(CheckedSentence(sentence.line, sentence.text, *judged(claims)))
    return found


def judged(claims: Sequence[Claim]) -> tuple[Outcome, str, str]:
    """Outcome, reason and evidence of a sentence: a claim that is contradicted or not read outweighs the others."""
    outcomes: dict[str, Outcome] = {"contradicted": "contradicted", "unsupported": UNREAD}
    for verdict, outcome in outcomes.items():
        for claim in claims:
            if claim.verdict == verdict:
                return outcome, claim.reason, claim.evidence
    borne = [claim for claim in claims if claim.verdict == "supported" and claim.kind not in _NAMES]
    if borne:
        return "supported", borne[0].reason, "; ".join(dict.fromkeys(claim.evidence for claim in borne))
    if any(claim.verdict == "supported" for claim in claims):
        return UNREAD, "it names what the folder has, and says nothing about it that can be computed", ""
    return UNREAD, NOTHING, ""
