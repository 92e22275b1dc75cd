"""The assets `llm_analysis`, `llm_report` and `trial_metrics`: one trial on an engine, from its calls to its files."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from chimera_dagster.engines.registry import Engines, import_client
from chimera_dagster.errors import ChimeraError, EngineError
from chimera_dagster.measure.call import Call
from chimera_dagster.measure.host import place_of
from chimera_dagster.measure.telemetry import Telemetry
from chimera_dagster.measure.validity import TrialSettings
from chimera_dagster.records.documents import Outcome, Revision, StageSeconds, StageText, Summary
from chimera_dagster.records.store import Store
from chimera_dagster.records.trial_files import Recorded, read_recorded
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.asking import ASSUMED_NUM_CTX, Exchange, OnProgress, TrialClient
from chimera_dagster.steps.done import rounds_measured
from chimera_dagster.steps.judging import judge_exchange, quality_of
from chimera_dagster.steps.quizzing import ask_questions, questions_of
from chimera_dagster.steps.recording import record_failure, record_trial
from chimera_dagster.steps.recording_rounds import is_in_ledger, record_metrics, record_round
from chimera_dagster.steps.trial_evidence import read_evidence
from chimera_dagster.write.prompt import render_prompt, templates


class Round(NamedTuple):
    """One repeat of a trial: an analysis, judged, and the report that builds on it, not judged yet."""

    analysis: Exchange
    analysis_text: StageText
    report: Exchange


def get_ready(store: Store) -> None:
    """Do the preparation that needs no lane, so that no lane is held while it runs.

    Anything wrong with the evidence is reported by the trial itself.
    """
    import_client()
    templates()
    with suppress(ChimeraError, OSError, ValueError):
        summary = store.read_json("summary", Summary)
        # the first prompt that is rendered takes ten times as long as the next
        render_prompt("analysis", read_evidence(store, summary).notes, num_ctx=ASSUMED_NUM_CTX, max_tokens=1)


def run_trial(
    store: Store,
    plan: TrialPlan,
    engines: Engines,
    on_progress: OnProgress | None = None,
    on_measured: Callable[[], None] | None = None,
) -> Recorded:
    """Run one trial on an engine, judge and measure it, and write outcome.json, calls.parquet and metrics.json.

    `on_measured` is called when the last model call has ended: the next trial may begin while this one is judged and
    written. If a call fails, nothing is written but the count of failures. Raises EngineError, NotIngestedError,
    and InputError if a question is asked for and none can be.
    """
    with _counting_failures(store, plan):
        return _run(TrialClient(store, plan, engines, on_progress), store, on_measured)


def run_trial_once(
    store: Store,
    plan: TrialPlan,
    engines: Engines,
    on_progress: OnProgress | None = None,
    on_measured: Callable[[], None] | None = None,
    *,
    reuse: bool,
) -> Recorded:
    """Return the trial's record.

    Makes the visit of the plan's round, unless `reuse` is set and a measurement of the current data has it on disk. The
    visit is added to those of other rounds; without `reuse`, that of the first round begins a new measurement. Raises
    EngineError, NotIngestedError.
    """
    rounds = rounds_measured(store, plan, store.read_json("summary", Summary).digest)
    if reuse and plan.round in rounds:
        return read_recorded(store, plan)
    if rounds and (reuse or plan.round > 1):
        return run_later_round(store, plan, engines, on_progress, on_measured)
    return run_trial(store, plan, engines, on_progress, on_measured)


def run_later_round(
    store: Store,
    plan: TrialPlan,
    engines: Engines,
    on_progress: OnProgress | None = None,
    on_measured: Callable[[], None] | None = None,
) -> Recorded:
    """Measure a trial that was measured before once more, and add the calls to its ledger; its texts stay as they are.

    No model is called if the round's calls are in the ledger, and only the metrics are not. Raises as `run_trial`.
    """
    if is_in_ledger(store, plan):
        return record_metrics(store, plan)
    with _counting_failures(store, plan):
        client = TrialClient(store, plan, engines, on_progress)
        load_ms, visits, telemetry = _visit(client)
    if on_measured is not None:
        on_measured()
    return record_round(store, plan, _calls(visits), telemetry.samples, load_ms, client.seconds)


@contextmanager
def _counting_failures(store: Store, plan: TrialPlan) -> Generator[None]:
    try:
        yield
    except EngineError as error:
        record_failure(store, plan, error)
        raise


def _run(client: TrialClient, store: Store, on_measured: Callable[[], None] | None) -> Recorded:
    plan, summary, evidence, resolved = client.plan, client.summary, client.evidence, client.resolved
    questions = questions_of(store, plan)
    load_ms, rounds, telemetry = _visit(client)
    report_text = revision = None
    if plan.spec.revise:
        report_text, revision = _revised(client, rounds[0], telemetry.began)
    answers = ask_questions(client, questions)
    if on_measured is not None:
        on_measured()
    if report_text is None:
        with client.clock("report"):
            report_text = judge_exchange(rounds[0].report, evidence.aligner)
    outcome = Outcome(
        round=plan.round,
        summary=summary,
        facts=evidence.facts,
        findings=evidence.findings,
        notes=evidence.notes,
        configurations=evidence.configurations,
        analysis=rounds[0].analysis_text,
        report=report_text,
        revision=revision,
        asked=TrialSettings(params=plan.params, cold=plan.spec.cold, layers=resolved.info.layers),
        answers=answers,
        warm_up_load_ms=load_ms,
        calls=_calls(rounds),
    )
    seconds = StageSeconds(ingest=summary.ingest_s, **client.seconds)
    return record_trial(store, plan, outcome, telemetry.samples, resolved, seconds)


def _visit(client: TrialClient) -> tuple[float | None, list[Round], Telemetry]:
    """All repeats of the plan's round, each with a seed of its own: the time that loading took, and what was
    measured."""
    spec, number = client.plan.spec, client.plan.round
    load_ms = None if spec.cold else client.warm_up()
    with Telemetry(place_of(client.resolved.engine)) as telemetry:
        repeats = range((number - 1) * spec.repeats, number * spec.repeats)
        return load_ms, [run_round(client, repeat, telemetry.began) for repeat in repeats], telemetry


def _calls(rounds: Sequence[Round]) -> list[Call]:
    return [exchange.call for it in rounds for exchange in (it.analysis, it.report)]


def run_round(client: TrialClient, repeat: int, began: float) -> Round:
    """Ask for an analysis, judge it, and ask for the report, whose prompt has the sentences of the analysis that stand.

    With `cold`, the model is unloaded first. The report is not judged, because no call waits for that.
    """
    if client.plan.spec.cold:
        client.unload()
    analysis = client.ask("analysis", repeat, began)
    with client.clock("analysis"):
        text = judge_exchange(analysis, client.evidence.aligner)
    return Round(analysis, text, client.ask("report", repeat, began, text.answer.standing))


def _revised(client: TrialClient, first: Round, began: float) -> tuple[StageText, Revision | None]:
    """The report of the first repeat, judged, and what the model makes of it if it is told which sentences fell."""
    notes, aligner = client.evidence.notes, client.evidence.aligner
    with client.clock("report"):
        report = judge_exchange(first.report, aligner)
    if not report.answer.fallen:
        return report, None
    exchange = client.revise(report.answer, began)
    with client.clock("revision"):
        text = judge_exchange(exchange, aligner)
        before, after = quality_of(report, first.report.call, notes), quality_of(text, exchange.call, notes)
    return report, Revision(call=exchange.call, text=text, is_better=after.score > before.score)
