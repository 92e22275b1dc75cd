"""One trial on an engine: its calls in order, and what is written of them; `recorded.py` reads it back."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pandas as pd

from chimera_dagster.engines.base import Request
from chimera_dagster.engines.registry import Engines, Resolved, import_client
from chimera_dagster.errors import ChimeraError, EngineError
from chimera_dagster.grounding import check
from chimera_dagster.measure.call import Call, CallMetrics, timed_call, warm_up
from chimera_dagster.measure.environment import capture
from chimera_dagster.measure.host import place_of
from chimera_dagster.measure.samples import to_frame
from chimera_dagster.measure.telemetry import Telemetry
from chimera_dagster.measure.validity import Asked
from chimera_dagster.records.documents import (
    EngineRecord,
    Failures,
    Grounding,
    Metrics,
    Outcome,
    StageSeconds,
    Summary,
    Written,
)
from chimera_dagster.records.store import Store, write_table, write_text
from chimera_dagster.records.trial_files import Recorded, failures_of
from chimera_dagster.schemas import Calls
from chimera_dagster.schemas import Telemetry as TelemetryTable
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.done import fingerprint
from chimera_dagster.steps.recompute import measure
from chimera_dagster.steps.trial_evidence import read_evidence
from chimera_dagster.write.answer import read_analysis, read_report
from chimera_dagster.write.prompt import Prompt, Stage, prompt_version, render_prompt, templates
from chimera_dagster.write.quality import Quality, score_text
from chimera_dagster.write.self_check import mark_void

OnProgress = Callable[[str, int], None]  # stage, chunks so far
_UNSAID_NUM_CTX = 4096  # what a prompt is fitted to where num_ctx is left to the engine: the least of their defaults


def get_ready(store: Store) -> None:
    """Do what a trial needs before its first call and needs no lane for, so that it does not measure late.

    What is wrong with the evidence is left for the trial to say.
    """
    import_client()
    templates()
    with suppress(ChimeraError, OSError, ValueError):
        summary = store.read_json("summary", Summary)
        facts = read_evidence(store, summary).facts
        # the first prompt that is written takes ten times as long as the next
        render_prompt(
            "analysis", facts, total_files=summary.total_files, chat=True, num_ctx=_UNSAID_NUM_CTX, max_tokens=1
        )


def run_trial(
    store: Store,
    plan: TrialPlan,
    engines: Engines,
    on_progress: OnProgress | None = None,
    on_measured: Callable[[], None] | None = None,
) -> Recorded:
    """Run one trial on an engine, measure and judge it, and write outcome.json, calls.parquet and metrics.json.

    `on_measured` is called when the last model call has ended: the next trial may begin while this one is written down.
    Nothing is written before the last call has ended well, but that it failed. Raises EngineError, NotIngestedError.
    """
    try:
        return _run(store, plan, engines, on_progress, on_measured)
    except EngineError as error:
        _record_failure(store, plan, error)
        raise


def _record_failure(store: Store, plan: TrialPlan, error: EngineError) -> None:
    """Count it: how often a configuration fails is one of the figures that it is compared by."""
    summary = store.read_json("summary", Summary)
    asked, before = fingerprint(plan, summary.digest, summary.code), failures_of(store, plan.trial)
    failures = Failures(
        fingerprint=asked,
        runs=1 + (before.runs if before is not None and before.fingerprint == asked else 0),
        error=type(error).__name__,
        message=error.message,
        at=datetime.now(UTC),
    )
    write_text(store.folder_of(plan.trial).failures, failures.model_dump_json(indent=2) + "\n")


def _run(
    store: Store,
    plan: TrialPlan,
    engines: Engines,
    on_progress: OnProgress | None,
    on_measured: Callable[[], None] | None,
) -> Recorded:
    writer = Writer(store, plan, engines, on_progress)
    summary, evidence, resolved = writer.summary, writer.evidence, writer.resolved
    load_ms = None if plan.spec.cold else writer.warm_up()
    with Telemetry(place_of(resolved.engine)) as telemetry:
        rounds = [writer.round(number, telemetry.began) for number in range(plan.spec.repeats)]
    if on_measured is not None:
        on_measured()
    analysis, asked = rounds[0]
    outcome = Outcome(
        summary=summary,
        facts=evidence.facts,
        findings=evidence.findings,
        configurations=evidence.configurations,
        analysis=analysis,
        report=writer.judged(asked),
        asked=Asked(params=plan.params, cold=plan.spec.cold, layers=resolved.info.layers),
        warm_up_load_ms=load_ms,
        calls=writer.calls,
    )
    metrics = Metrics(
        **dict(measure(outcome, telemetry.samples)),
        model=plan.model,
        params=plan.params,
        params_key=plan.params.key,
        configuration=str(plan.params),
        created_at=datetime.now(UTC),
        fingerprint=fingerprint(plan, summary.digest, summary.code),
        spec_hash=plan.spec.content_hash(),
        data_digest=summary.digest,
        prompt_version=prompt_version(),
        seed=plan.spec.seed,
        repeats=plan.spec.repeats,
        engine=_engine_record(resolved),
        seconds=StageSeconds(ingest=summary.ingest_s, **writer.seconds),
        effective_num_ctx=sorted({size for call in writer.calls if (size := call.stats.effective_num_ctx) is not None}),
        text_quality=quality_of(outcome),
        grounding=grounding_of(outcome),
        environment=capture(),
    )
    folder = store.folder_of(plan.trial)
    for older in (folder.report, folder.page):  # must not stand beside newer metrics
        older.unlink(missing_ok=True)
    write_text(folder.outcome, outcome.model_dump_json(indent=1) + "\n")
    write_table(folder.telemetry, to_frame(telemetry.samples), TelemetryTable)
    write_table(folder.calls, _calls_table(outcome.calls, metrics.calls), Calls)
    write_text(folder.metrics, metrics.model_dump_json(indent=2) + "\n")
    return Recorded(metrics, outcome, telemetry.samples)


class _Asked(NamedTuple):
    """One call of a trial: what was asked, and what came back."""

    prompt: Prompt
    call: Call


class Writer:
    """The calls of one trial, in order, on one engine; what was asked in each is in `requests`."""

    def __init__(self, store: Store, plan: TrialPlan, engines: Engines, on_progress: OnProgress | None = None) -> None:
        """Raises EngineError, NotIngestedError."""
        self.summary = store.read_json("summary", Summary)
        self.evidence = read_evidence(store, self.summary)
        self.resolved = engines.resolve(plan.spec.engine, plan.model)
        self._plan, self._on_progress = plan, on_progress or (lambda stage, chunks: None)
        self.requests: list[Request] = []
        self.calls: list[Call] = []
        self.seconds = {"analysis": 0.0, "report": 0.0}

    def warm_up(self) -> float | None:
        """Load the model outside the measured calls; milliseconds of loading, None where it was loaded.

        It asks by a schema, as llama.cpp's first constrained call of a model costs seconds that no later one does.
        """
        self._on_progress("loading", 0)
        request = self._request("Is it ready?", "", 0, max_tokens=1, schema={"type": "boolean"})
        return warm_up(self.resolved.engine, request)

    def round(self, number: int, began: float) -> tuple[Written, _Asked]:
        """One analysis and the report that builds on it; with `cold`, on a model that has to be loaded first.

        The report is not judged yet, as no call waits for that.
        """
        if self._plan.spec.cold:
            self.resolved.engine.unload(self._plan.model)
        analysis = self.judged(self._ask("analysis", number, began))
        kept = [each.text for each in analysis.checked if each.kept]
        return analysis, self._ask("report", number, began, persona=self._plan.spec.agent.persona, analysis=kept)

    def _ask(self, stage: Stage, number: int, began: float, persona: str = "", analysis: Sequence[str] = ()) -> _Asked:
        started = time.perf_counter()
        prompt = self._prompt(stage, persona, analysis)
        request = self._request(prompt.text, prompt.system, number, self._plan.spec.max_tokens, prompt.schema)
        call = timed_call(
            self.resolved.engine,
            request,
            stage,
            number,
            began,
            lambda chunks: self._on_progress(stage, chunks),
        )
        self.requests.append(request)
        self.calls.append(call)
        self.seconds[stage] += time.perf_counter() - started
        return _Asked(prompt, call)

    def judged(self, asked: _Asked) -> Written:
        """The answer, each of its statements checked on the evidence."""
        started = time.perf_counter()
        (prompt, call), evidence = asked, self.evidence
        answer = (read_analysis if call.stage == "analysis" else read_report)(call.text)
        checked = check([each.text for each in answer.statements], evidence.evidence_index, evidence.models)
        ids = {each.id for each in (*evidence.facts, *evidence.findings)}
        checked = mark_void(checked, prompt.text, evidence.models, ids)
        self.seconds[call.stage] += time.perf_counter() - started
        return Written(
            text=call.text,
            prompt=prompt.text,
            system=prompt.system,
            prompt_sha256=prompt.sha256,
            facts=prompt.facts,
            facts_left_out=prompt.facts_left_out,
            findings=prompt.findings,
            findings_left_out=prompt.findings_left_out,
            models=evidence.models,
            policy=self._plan.spec.grounding,
            checked=checked,
        )

    def _prompt(self, stage: Stage, persona: str, analysis: Sequence[str]) -> Prompt:
        evidence = self.evidence
        return render_prompt(
            stage,
            evidence.facts,
            findings=[(each.id, each.text) for each in evidence.findings],
            models=evidence.models,
            total_files=self.summary.total_files,
            chat=self.resolved.info.chat,
            num_ctx=min(self._plan.params.num_ctx or _UNSAID_NUM_CTX, self.resolved.info.trained_context or 1 << 62),
            max_tokens=self._plan.spec.max_tokens,
            persona=persona,
            analysis=analysis,
        )

    def _request(
        self, text: str, system: str, number: int, max_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> Request:
        return Request(
            model=self._plan.model,
            prompt=text,
            system=system,
            params=self._plan.params,
            max_tokens=max_tokens,
            seed=self._plan.spec.seed + number,
            timeouts=self._plan.spec.call_timeouts(),
            schema=schema,
            api=self._plan.spec.api,
        )


def _engine_record(resolved: Resolved) -> EngineRecord:
    info = resolved.info
    return EngineRecord(
        name=resolved.engine.name,
        version=resolved.engine.version(),
        reason=resolved.reason,
        model_digest=info.digest,
        family=info.family,
        parameter_size=info.parameter_size,
        quantization=info.quantization,
        trained_context=info.trained_context,
        layers=info.layers,
        default_options=info.default_options,
    )


def _calls_table(calls: list[Call], metrics: list[CallMetrics]) -> pd.DataFrame:
    columns = list(Calls.to_schema().columns)
    rows = [
        {"stage": call.stage, "repeat": call.repeat, "seed": call.seed, **of.model_dump()}
        for call, of in zip(calls, metrics, strict=True)
    ]
    frame = pd.DataFrame(rows)[columns]
    numeric = [name for name in columns if name not in ("stage", "repeat", "seed", "done_reason")]
    return frame.astype(dict.fromkeys(numeric, "float64"))


def grounding_of(outcome: Outcome) -> Grounding:
    """What checking the trial's two texts against the evidence said."""
    texts = (outcome.analysis, outcome.report)
    return Grounding(
        policy=outcome.report.policy,
        claims=dict(Counter(claim.verdict for text in texts for each in text.checked for claim in each.claims)),
        statements=dict(Counter(each.verdict for text in texts for each in text.checked)),
        withheld=sum(bool(text.withheld(each)) for text in texts for each in text.checked),
    )


def quality_of(outcome: Outcome) -> Quality:
    """How good the report's text is, by its form and by what checking it said; what says nothing is no part of it."""
    report = outcome.report
    void = {each.text for each in report.checked if each.verdict == "void"}
    verdicts = Counter(each.verdict for each in report.checked)
    cut = next(call for call in outcome.calls if call.stage == "report").stats.done_reason == "length"
    return score_text(
        read_report(report.text).without(void),
        [fact.id for fact in outcome.facts[: report.facts]],
        supported=verdicts["supported"],
        contradicted=verdicts["contradicted"],
        unsupported=verdicts["unsupported"],
        not_checkable=verdicts["not checkable"],
        cut=cut,
    )
