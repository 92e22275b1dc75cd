"""What a statement claims, and what executing it on the evidence said."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Verdict = Literal["supported", "contradicted", "unsupported", "not checkable", "void"]
_WORST_FIRST: tuple[Verdict, ...] = ("contradicted", "unsupported", "void", "supported", "not checkable")
Kind = Literal[
    "value",
    "n",
    "count",
    "comparison",
    "rank",
    "direction",
    "significance",
    "model",
    "parameter",
    "file",
    "date",
    "telemetry",
    "lack",
    "citation",
    "figure",
    "data",
    "opinion",
]


class Claim(BaseModel):
    """One typed claim: the words that make it, the verdict, why, and what in the evidence decided it."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    text: str
    verdict: Verdict
    reason: str
    evidence: str = ""

    @property
    def fails(self) -> bool:
        return self.verdict in ("contradicted", "unsupported")


class Checked(BaseModel):
    """A statement with its references rendered by code, and its claims.

    `kept` is the strict policy: no claim of it is contradicted or unsupported; `reason` is that of the first which is.
    """

    model_config = ConfigDict(frozen=True)

    text: str
    rendered: str
    claims: list[Claim]
    kept: bool
    reason: str

    @property
    def verdict(self) -> Verdict:
        """That of its claim which speaks most against it; an opinion beside a supported claim takes nothing away."""
        return min(self.claims, key=lambda claim: _WORST_FIRST.index(claim.verdict)).verdict


def supported(kind: Kind, text: str, evidence: str, reason: str = "the evidence says the same") -> Claim:
    return Claim(kind=kind, text=text, verdict="supported", reason=reason, evidence=evidence)


def contradicted(kind: Kind, text: str, reason: str, evidence: str = "") -> Claim:
    return Claim(kind=kind, text=text, verdict="contradicted", reason=reason, evidence=evidence)


def unsupported(kind: Kind, text: str, reason: str, evidence: str = "") -> Claim:
    return Claim(kind=kind, text=text, verdict="unsupported", reason=reason, evidence=evidence)
