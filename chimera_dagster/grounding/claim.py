"""What a statement claims, and the result of executing each claim on the evidence."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

Verdict = Literal["supported", "contradicted", "unsupported", "not checkable", "void"]
_FAILED: tuple[Verdict, ...] = ("contradicted", "unsupported")
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


@dataclass(frozen=True, slots=True)
class CheckedStatement:
    """A statement and its claims, at least one; `rendered` has figures and model tags in place of their ids."""

    text: str
    rendered: str
    claims: tuple[Claim, ...]

    @property
    def verdict(self) -> Verdict:
        return worst_verdict(self.claims)

    @property
    def kept(self) -> bool:
        """Whether no claim is contradicted or unsupported."""
        return self.verdict not in _FAILED

    @property
    def reason(self) -> str:
        """What is wrong with the first claim that is contradicted, else unsupported; empty if none is."""
        failed = [claim for verdict in _FAILED for claim in self.claims if claim.verdict == verdict]
        return f"{failed[0].verdict}: {failed[0].text}: {failed[0].reason}" if failed else ""


def worst_verdict(claims: Iterable[Claim]) -> Verdict:
    """The verdict of the claim that speaks most against a statement; an opinion does not weaken a supported claim."""
    return min(claims, key=lambda claim: _WORST_FIRST.index(claim.verdict)).verdict


def supported(kind: Kind, text: str, evidence: str, reason: str = "the evidence says the same") -> Claim:
    return Claim(kind=kind, text=text, verdict="supported", reason=reason, evidence=evidence)


def contradicted(kind: Kind, text: str, reason: str, evidence: str = "") -> Claim:
    return Claim(kind=kind, text=text, verdict="contradicted", reason=reason, evidence=evidence)


def unsupported(kind: Kind, text: str, reason: str, evidence: str = "") -> Claim:
    return Claim(kind=kind, text=text, verdict="unsupported", reason=reason, evidence=evidence)
