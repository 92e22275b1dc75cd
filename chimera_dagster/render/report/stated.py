"""What code states in the sections of a report: notes that the model did not convey, each once."""

from collections.abc import Sequence
from typing import NamedTuple

from chimera_dagster.align.kept_note import KeptNote
from chimera_dagster.records.documents import Metrics, Outcome
from chimera_dagster.render.blocks import Inlines, inlines
from chimera_dagster.render.report.model_words import ModelWords, conveyed, shown
from chimera_dagster.render.report.note_words import sentence, words
from chimera_dagster.render.report.trial_advice import trial_advice, trial_risks
from chimera_dagster.write.quality import ADVICE, RISK_ROWS

Risk = tuple[Inlines, Inlines]  # and its mitigation

_FIRST_SCREEN = 100.0  # weight from which a note belongs there
_ENOUGH = 2  # sentences of a model's summary or analysis, for code to say the same elsewhere
# The most of a section; the appendix has all
_FEW = 2  # sentences of a summary, if none belongs on the first screen
_SENTENCES, _MOST_RISKS, _PERFORMANCE, _FINDINGS, _FURTHER, _GAPS = 5, 4, 4, 2, 1, 1
_EMPTY = "The files say nothing here that can be stated."
_NO_MORE = "Nothing else in these files calls for a recommendation."


class Stated(NamedTuple):
    """What code has to say in each section; `found` has the notes of the table of key findings."""

    summary: list[Inlines]
    advice: list[Inlines]
    risks: list[Risk]
    found: list[KeptNote]
    further: list[Inlines]
    files: list[Inlines]


def is_report_usable(metrics: Metrics) -> bool:
    """Whether the report is shown in the model's words."""
    return metrics.text_quality.verdict != "not usable"


def is_analysis_usable(outcome: Outcome) -> bool:
    """Whether the analysis is shown in the model's words: enough of its sentences stand."""
    return sum(each.outcome == "stands" for each in shown(outcome.analysis.answer)) >= _ENOUGH


def stated(metrics: Metrics, outcome: Outcome, rounds: int) -> Stated:
    """The notes by section, without those that the model conveyed in a usable text.

    What the files say too little about is filled up with what the measurement of the trial itself calls for, which is
    visited in so many `rounds`.
    """
    from chimera_dagster.render.report.code_paragraphs import (
        code_paragraphs,
    )  # imports scipy

    is_heard, is_analysed = is_report_usable(metrics), is_analysis_usable(outcome)
    report = outcome.published.answer
    model = ModelWords(outcome.notes, report)
    reported = conveyed(report) if is_heard else frozenset[str]()
    analysed = conveyed(outcome.analysis.answer) if is_analysed else frozenset[str]()
    texts = {each.text for each in shown(report)} if is_heard else set[str]()
    left = [note for note in outcome.notes if note.id not in reported and _plain(note) not in texts]

    told = sum(map(len, model.blocks("summary"))) * is_heard
    lead = _lead(_of(left, "answer", "performance")) if told < _ENOUGH else []
    rest = [note for note in left if note not in lead and note.id not in analysed]

    advice, own = [sentence(note) for note in _of(left, "recommendations")], list(trial_advice(metrics, rounds))
    room = max(0, ADVICE - len(model.blocks("recommendations")) * is_heard)
    first = [*advice, *own[1:]][:room] or ([] if room < ADVICE else own[:1])
    performance = _of(rest, "answer", "performance")[: _PERFORMANCE - is_analysed]
    return Stated(
        summary=list(code_paragraphs(lead)) or ([] if told else [inlines(_EMPTY)]),
        advice=first,
        risks=_risks(list(trial_risks(metrics, rounds)), _of(left, "risks"), len(model.risks()) * is_heard),
        found=[*performance, *_of(rest, "findings")[: _FINDINGS - is_analysed]],
        further=[
            *advice[room:][:_FURTHER],
            *(sentence(note) for note in _of(left, "not_measured")[:_GAPS]),
            *(item for item in own if item not in first),
        ]
        or [inlines(_NO_MORE)],
        files=[sentence(note) for note in _of(outcome.notes, "files")],
    )


def _plain(note: KeptNote) -> str:
    return "".join(part.text for part in note.text)


def _lead(speed: Sequence[KeptNote]) -> list[KeptNote]:
    return [note for note in speed if note.weight >= _FIRST_SCREEN][:_SENTENCES] or list(speed[:_FEW])


def _risks(own: Sequence[Risk], notes: Sequence[KeptNote], said: int) -> list[Risk]:
    """The risks beside `said` ones of the model: those of the files, and as many of the trial's own as are missing."""
    found = [(sentence(note), words(note.mitigation) or inlines("–")) for note in notes]
    most = max(RISK_ROWS - said, min(len(found), _MOST_RISKS - said), 0)
    return [*found, *own][:most]


def _of(notes: Sequence[KeptNote], *sections: str) -> list[KeptNote]:
    return [note for note in notes if note.section in sections]
