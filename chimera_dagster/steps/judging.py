"""Judges what the model of a trial wrote: an answer against the evidence, and the texts as a whole."""

from chimera_dagster.records.documents import Outcome, StageText
from chimera_dagster.spec.sweep import Policy
from chimera_dagster.steps.asking import Exchange
from chimera_dagster.steps.trial_evidence import TrialEvidence
from chimera_dagster.write.answer import parse_answer
from chimera_dagster.write.judge import judge_answer
from chimera_dagster.write.quality import Quality, score_text


def judge_exchange(exchange: Exchange, evidence: TrialEvidence, policy: Policy) -> StageText:
    """Parse the answer, and check each of its statements against the evidence."""
    prompt, text = exchange.prompt, exchange.call.text
    return StageText(
        text=text,
        prompt=prompt.text,
        system=prompt.system,
        prompt_sha256=prompt.sha256,
        facts=prompt.facts,
        facts_left_out=prompt.facts_left_out,
        findings=prompt.findings,
        findings_left_out=prompt.findings_left_out,
        models=evidence.models,
        answer=judge_answer(
            parse_answer(exchange.stage, text),
            evidence.evidence_index,
            models=evidence.models,
            ids={item.id for item in (*evidence.facts, *evidence.findings)},
            prompt=prompt.text,
            policy=policy,
        ),
    )


def quality_of(outcome: Outcome) -> Quality:
    """The score of the report's text, by its form and by the verdicts of its statements; void ones do not count."""
    report = outcome.report
    call = next(call for call in outcome.calls if call.stage == "report")
    return score_text(
        report.answer.without_void(),
        [fact.id for fact in outcome.facts[: report.facts]],
        report.answer.verdicts,
        cut=call.stats.done_reason == "length",
    )
