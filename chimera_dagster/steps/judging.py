"""Judges what the model of a trial wrote: an answer against the notes, and the report as a whole."""

from collections.abc import Sequence

from chimera_dagster.align import Aligner
from chimera_dagster.align.kept_note import KeptNote
from chimera_dagster.measure.call import Call
from chimera_dagster.records.documents import StageText
from chimera_dagster.steps.asking import Exchange
from chimera_dagster.write.answer import parse_answer
from chimera_dagster.write.judge import judge_answer
from chimera_dagster.write.quality import Quality, score_text
from chimera_dagster.write.raw_answer import has_end


def judge_exchange(exchange: Exchange, aligner: Aligner) -> StageText:
    """Parse the answer, and align each of its sentences with the notes."""
    prompt, text = exchange.prompt, exchange.call.text
    return StageText(
        text=text,
        prompt=prompt.text,
        system=prompt.system,
        prompt_sha256=prompt.sha256,
        notes=prompt.notes,
        notes_left_out=prompt.notes_left_out,
        answer=judge_answer(parse_answer(exchange.stage, text), aligner, prompt.text),
    )


def quality_of(text: StageText, call: Call, notes: Sequence[KeptNote]) -> Quality:
    """The score of a report that `call` wrote, by the notes that its prompt had."""
    is_cut = call.stats.done_reason == "length" and not has_end(text.text)
    return score_text(text.answer, notes, text.notes, cut=is_cut)
