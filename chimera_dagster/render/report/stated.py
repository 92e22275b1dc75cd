"""What code states in the sections of a report: the notes that the trial saw, each once."""

from collections.abc import Sequence
from typing import NamedTuple

from chimera_dagster.align.kept_note import KeptNote
from chimera_dagster.records.documents import Metrics, Outcome
from chimera_dagster.render.blocks import Inlines, inlines
from chimera_dagster.render.report.note_words import sentence, words
from chimera_dagster.render.report.statements import StatementBlocks, cited
from chimera_dagster.render.report.trial_advice import trial_advice, trial_risks

Risk = tuple[Inlines, Inlines]  # and its mitigation

_FIRST_SCREEN = 100.0  # weight from which a note belongs there
_ENOUGH_SENTENCES = 3  # of the model's summary, for code to say the same elsewhere
_ADVICE, _LEAST_RISKS = 3, 2  # as the persona asks for
# The most of a section; the appendix has all
_SENTENCES, _RISKS, _PERFORMANCE, _FINDINGS, _FURTHER, _GAPS, _FACTS = 5, 4, 4, 2, 1, 1, 4
_EMPTY = "The files say nothing here that can be stated."


class Stated(NamedTuple):
    """What code has to say in each section. `found` has the notes of the table of key findings.

    `findings` take the place of that table if there is no note for it.
    """

    summary: list[Inlines]
    advice: list[Inlines]
    risks: list[Risk]
    found: list[KeptNote]
    findings: list[Inlines]
    further: list[Inlines]
    files: list[Inlines]


def stated(metrics: Metrics, outcome: Outcome) -> Stated:
    """The notes by section; where the model said enough in a usable text, code adds nothing.

    For a trial of an earlier version, which has no notes, facts and findings take their place. What the files say too
    little about is filled up with what the measurement of the trial itself calls for.
    """
    model = StatementBlocks(outcome.facts, outcome.report)
    speed = [note for note in outcome.notes if note.section in ("answer", "performance")]
    heard = is_usable(metrics)
    is_told = heard and len(model.each("executive_summary", "loose")) >= _ENOUGH_SENTENCES
    lead = [] if is_told else [note for note in speed if note.weight >= _FIRST_SCREEN][:_SENTENCES]
    rest = [note for note in speed if note not in lead]

    advice, own = _of(outcome, "recommendations"), list(trial_advice(metrics))
    room = max(0, _ADVICE - heard * len(model.recommendations()))
    first = [*advice, *own[1:]][:room]

    found = [*rest[:_PERFORMANCE], *_notes(outcome, "findings")[:_FINDINGS]]
    return Stated(
        summary=[sentence(note) for note in lead] or ([] if is_told else _facts(outcome) or [inlines(_EMPTY)]),
        advice=first,
        risks=_risks(metrics, outcome, heard * len(model.risks())),
        found=found,
        findings=[] if found else _findings(outcome) or [inlines(_EMPTY)],
        further=[
            *advice[room:][:_FURTHER],
            *_of(outcome, "not_measured")[:_GAPS],
            *(item for item in own if item not in first),
        ],
        files=_of(outcome, "files"),
    )


def is_usable(metrics: Metrics) -> bool:
    """Whether the model's text may come first: its kept statements are those of a text that can be used."""
    return metrics.text_quality.verdict != "not usable"


def _risks(metrics: Metrics, outcome: Outcome, said: int) -> list[Risk]:
    """The risks beside `said` ones of the model: those of the files, and as many of the trial as are missing."""
    found = [(sentence(note), words(note.mitigation) or inlines("–")) for note in _notes(outcome, "risks")]
    found = found or list(_warnings(outcome))
    most = max(_LEAST_RISKS - said, min(len(found), _RISKS - said), 0)
    return [*found, *trial_risks(metrics)][:most]


def _notes(outcome: Outcome, section: str) -> Sequence[KeptNote]:
    return [note for note in outcome.notes if note.section == section]


def _of(outcome: Outcome, section: str) -> list[Inlines]:
    return [sentence(note) for note in _notes(outcome, section)]


def _facts(outcome: Outcome) -> list[Inlines]:
    return [
        inlines(f"{fact.statement[:1].upper()}{fact.statement[1:]} ", *cited(fact.id), ".")
        for fact in outcome.facts[:_FACTS]
    ]


def _findings(outcome: Outcome) -> list[Inlines]:
    return [inlines(f"{finding.text} ", *cited(finding.id)) for finding in outcome.findings[:_FINDINGS]]


def _warnings(outcome: Outcome) -> Sequence[Risk]:
    return [
        (
            inlines(f"{finding.text} ", *cited(finding.id)),
            inlines(f"Look at {finding.source[0]}, {finding.source[1]}, before you rely on it."),
        )
        for finding in outcome.findings
        if finding.severity == "warning"
    ]
