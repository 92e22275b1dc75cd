"""The asset checks of a trial, one function each.

None of them blocks: whatever a model writes, a report says only what notes say, and says whose words it has. They warn,
and the report itself says the same.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from chimera_dagster.records.documents import Metrics, Outcome
from chimera_dagster.render.report.model_words import ModelWords
from chimera_dagster.write.quality import ADVICE, RISK_ROWS

SECTIONS = (
    "Executive Summary",
    "Optimisation Recommendations",
    "Risks and Mitigations",
    "Workflow Summary",
    "Metrics",
    "Key Findings",
    "Recommendations",
    "Methodology",
    "Configuration and Environment",
    "Persona Prompt",
)
_FENCED = re.compile(r"^(`{3,})[^`\n]*\n.*?^\1$", re.MULTILINE | re.DOTALL)  # a prompt has headings too
_HEADING = re.compile(r"^#{2,3} (?:\d\. )?(.+?)\s*$", re.MULTILINE)

Evidence = dict[str, str | int | float]


class TrialCheck(NamedTuple):
    """The result of a check. `message` is a sentence."""

    name: str
    passed: bool
    message: str
    evidence: Evidence


def measurement_is_valid(metrics: Metrics) -> TrialCheck:
    """The measurement is valid: no reload, cache, truncation, contention, throttling and so on."""
    evidence: dict[str, list[str]] = {}
    for verdict in metrics.validity:
        evidence.setdefault(verdict.name, []).append(verdict.evidence)
    lines: Evidence = {name: "\n".join(reasons) for name, reasons in evidence.items()}
    return TrialCheck("measurement_is_valid", metrics.is_valid, f"The measurement is {metrics.verdict}.", lines)


def fidelity(metrics: Metrics) -> TrialCheck:
    """At least half of the model's sentences that state something say what code has proved."""
    found = metrics.alignment
    stands = found.sentences["stands"]
    passed = stands > 0 and 2 * stands >= found.claiming
    return TrialCheck("fidelity", passed, found.message, {**found.sentences, "repeated": found.repeated})


def quality_floor(metrics: Metrics) -> TrialCheck:
    """The model's text is at least usable with care."""
    quality = metrics.text_quality
    message = f"The text is {quality.verdict}, score {quality.score:.2f}."
    evidence: Evidence = {"score": quality.score, **{part.name: part.value for part in quality.components}}
    if quality.complaints:
        evidence["complaints"] = "\n".join(quality.complaints)
    return TrialCheck("quality_floor", quality.verdict != "not usable", message, evidence)


def language(metrics: Metrics) -> TrialCheck:
    """The model's text stays in English and does not repeat itself."""
    found = next(part for part in metrics.text_quality.components if part.name == "fluency")
    message = f"{found.reason[:1].upper()}{found.reason[1:]}." if found.reason else "The text is fluent English."
    return TrialCheck("language", found.value == 1.0, message, {"value": found.value})


def structure(rendered: str, outcome: Outcome) -> TrialCheck:
    """`rendered`, a report.md, has every section in order, none is empty, and the model wrote what the persona asks."""
    _, *parts = _HEADING.split(_FENCED.sub("code", rendered))
    headings, bodies = parts[::2], parts[1::2]
    missing = list(_out_of_place(headings))
    missing += [f"the content of {name}" for name, body in zip(headings, bodies, strict=True) if not body.strip()]
    missing += _unfilled(outcome)
    message = f"Missing: {', '.join(missing)}." if missing else "Every section is present and filled."
    return TrialCheck("structure", not missing, message, {"missing": "\n".join(missing)} if missing else {})


def _out_of_place(headings: list[str]) -> Iterator[str]:
    last = -1
    for section in SECTIONS:
        place = headings.index(section) if section in headings else -1
        if place <= last:
            yield section
        last = max(last, place)


def _unfilled(outcome: Outcome) -> Iterator[str]:
    """What the persona prompt requires and the model's shown sentences lack."""
    words = ModelWords(outcome.notes, outcome.published.answer)
    advice = len(words.blocks("recommendations"))
    rows = sum(bool(mitigation) for _, mitigation in words.risks())
    if not words.blocks("summary"):
        yield "an executive summary"
    if advice < ADVICE:
        yield f"{ADVICE - advice} of {ADVICE} recommendations"
    if rows < RISK_ROWS:
        yield f"{RISK_ROWS - rows} of {RISK_ROWS} risks with a mitigation"
