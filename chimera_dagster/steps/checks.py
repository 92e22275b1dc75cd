"""What has to hold of a trial before its report is believed, and before it is published: each check one function.

Only `grounding` blocks: a report whose text the evidence does not bear out is kept, with its reasons, and stays out of
the index. The others warn, as the report itself says what they say.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from chimera_dagster.records.documents import Metrics, Outcome
from chimera_dagster.write.answer import AIMS
from chimera_dagster.write.judge import JudgedAnswer
from chimera_dagster.write.quality import RISK_ROWS

SECTIONS = ("Workflow Summary", "Metrics", "Key Findings", "Recommendations", "Persona Prompt")

Evidence = dict[str, str | int | float]


class TrialCheck(NamedTuple):
    """A check's verdict: `said` in a sentence, `evidence` by name. `blocks`: its failure keeps a report unpublished."""

    name: str
    passed: bool
    said: str
    evidence: Evidence
    blocks: bool = False


def measurement_is_valid(metrics: Metrics) -> TrialCheck:
    """Nothing spoiled the measurement: no reload, cache, truncation, contention, throttling and so on."""
    evidence: dict[str, list[str]] = {}
    for verdict in metrics.validity:
        evidence.setdefault(verdict.name, []).append(verdict.evidence)
    lines: Evidence = {name: "\n".join(each) for name, each in evidence.items()}
    return TrialCheck("measurement_is_valid", metrics.is_valid, f"The measurement is {metrics.verdict}.", lines)


def grounding(metrics: Metrics) -> TrialCheck:
    """At least half of what the model states, and can be checked, is supported by the evidence."""
    found = metrics.grounding
    evidence: Evidence = {
        "policy": found.policy,
        "withheld": found.withheld,
        **{f"{name} statements": count for name, count in found.statements.items()},
        **{f"{name} claims": count for name, count in found.claims.items()},
    }
    return TrialCheck("grounding", found.is_published, found.said, evidence, blocks=True)


def quality_floor(metrics: Metrics) -> TrialCheck:
    """The model's text is at least usable with care."""
    quality = metrics.text_quality
    said = f"The text is {quality.verdict}, score {quality.score:.2f}."
    evidence: Evidence = {"score": quality.score, **{each.name: each.value for each in quality.components}}
    if quality.complaints:
        evidence["complaints"] = "\n".join(quality.complaints)
    return TrialCheck("quality_floor", quality.verdict != "not usable", said, evidence)


def language(metrics: Metrics) -> TrialCheck:
    """The model's text stays in English."""
    found = next(each for each in metrics.text_quality.components if each.name == "language")
    said = f"{found.reason[:1].upper()}{found.reason[1:]}." if found.reason else "The text is English."
    return TrialCheck("language", found.value == 1.0, said, {"value": found.value})


def structure(rendered: str, outcome: Outcome) -> TrialCheck:
    """`rendered`, a report.md, has every section in its place, and the model's words fill those that are its own."""
    missing = list(_out_of_place(re.findall(r"^## (.+?)\s*$", rendered, re.MULTILINE)))
    missing += _unfilled(outcome.report.answer)
    said = f"Missing: {', '.join(missing)}." if missing else "Every section is there and filled."
    return TrialCheck("structure", not missing, said, {"missing": "\n".join(missing)} if missing else {})


def _out_of_place(headings: list[str]) -> Iterator[str]:
    last = -1
    for section in SECTIONS:
        place = headings.index(section) if section in headings else -1
        if place <= last:
            yield section
        last = max(last, place)


def _unfilled(report: JudgedAnswer) -> Iterator[str]:
    """What the persona prompt asks for and the shown statements do not give."""
    advice = sum(bool(report.shown(aim)) for aim in AIMS)
    rows = len(report.shown("mitigation"))
    if not report.shown("executive_summary"):
        yield "an executive summary"
    if advice < len(AIMS):
        yield f"{len(AIMS) - advice} of {len(AIMS)} recommendations"
    if rows < RISK_ROWS:
        yield f"{RISK_ROWS - rows} of {RISK_ROWS} risks with a mitigation"
