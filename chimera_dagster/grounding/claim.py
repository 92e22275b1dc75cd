"""What a statement claims, and the result of executing each claim on the evidence."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Verdict = Literal["supported", "contradicted", "unsupported"]
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
    "figure",
    "data",
    "advice",
]


class Claim(BaseModel):
    """One typed claim: its words, the verdict, the reason, and what in the evidence decided it."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    text: str
    verdict: Verdict
    reason: str
    evidence: str = ""


def supported(kind: Kind, text: str, evidence: str, reason: str = "the evidence says the same") -> Claim:
    return Claim(kind=kind, text=text, verdict="supported", reason=reason, evidence=evidence)


def contradicted(kind: Kind, text: str, reason: str, evidence: str = "") -> Claim:
    return Claim(kind=kind, text=text, verdict="contradicted", reason=reason, evidence=evidence)


def unsupported(kind: Kind, text: str, reason: str, evidence: str = "") -> Claim:
    return Claim(kind=kind, text=text, verdict="unsupported", reason=reason, evidence=evidence)
