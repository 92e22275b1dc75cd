"""Asks the model of a trial: prompts, requests, timed calls, and the wall clock of each stage."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from chimera_dagster.engines.base import Request
from chimera_dagster.engines.registry import Engines
from chimera_dagster.measure.call import Call, timed_call, warm_up
from chimera_dagster.records.documents import Summary
from chimera_dagster.records.store import Store
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.trial_evidence import read_evidence
from chimera_dagster.write.answer import Stage
from chimera_dagster.write.prompt import Prompt, render_prompt

OnProgress = Callable[[str, int], None]  # stage, chunks so far

ASSUMED_NUM_CTX = 4096  # if num_ctx is left to the engine: the smallest of the engines' defaults


class Exchange(NamedTuple):
    """One call of a trial: the prompt, the request made of it, and the call that answered it."""

    stage: Stage
    prompt: Prompt
    request: Request
    call: Call


class TrialClient:
    """Makes the calls of one trial on one engine. `seconds` is the wall clock of each stage so far."""

    def __init__(self, store: Store, plan: TrialPlan, engines: Engines, on_progress: OnProgress | None = None) -> None:
        """Raises EngineError, NotIngestedError."""
        self.plan = plan
        self.summary = store.read_json("summary", Summary)
        self.evidence = read_evidence(store, self.summary)
        self.resolved = engines.resolve(plan.spec.engine, plan.model)
        self.seconds: dict[Stage, float] = {"analysis": 0.0, "report": 0.0}
        self._on_progress = on_progress or (lambda stage, chunks: None)

    def warm_up(self) -> float | None:
        """Load the model outside the measured calls; returns the milliseconds that took, None if it was loaded.

        The request has a schema because llama.cpp's first constrained call of a model costs seconds, no later one does.
        """
        self._on_progress("loading", 0)
        request = self._request("Is it ready?", "", 0, max_tokens=1, schema={"type": "boolean"})
        return warm_up(self.resolved.engine, request)

    def unload(self) -> None:
        self.resolved.engine.unload(self.plan.model)

    def ask(self, stage: Stage, repeat: int, began: float, analysis: Sequence[str] = ()) -> Exchange:
        """Make one call. `began` is when the trial began; `analysis` are the statements that the prompt lists."""
        with self.clock(stage):
            prompt = self._prompt(stage, analysis)
            request = self._request(prompt.text, prompt.system, repeat, self.plan.spec.max_tokens, prompt.schema)
            on_chunk = partial(self._on_progress, stage)
            call = timed_call(self.resolved.engine, request, stage, repeat, began, on_chunk)
        return Exchange(stage, prompt, request, call)

    @contextmanager
    def clock(self, stage: Stage) -> Generator[None]:
        """Count the time of a block as the stage's."""
        started = time.perf_counter()
        yield
        self.seconds[stage] += time.perf_counter() - started

    def _prompt(self, stage: Stage, analysis: Sequence[str]) -> Prompt:
        spec, info, evidence = self.plan.spec, self.resolved.info, self.evidence
        return render_prompt(
            stage,
            evidence.facts,
            findings=[(finding.id, finding.text) for finding in evidence.findings],
            models=evidence.models,
            total_files=self.summary.total_files,
            chat=info.chat,
            num_ctx=min(self.plan.params.num_ctx or ASSUMED_NUM_CTX, info.trained_context or 1 << 62),
            max_tokens=spec.max_tokens,
            persona=spec.agent.persona if stage == "report" else "",
            analysis=analysis,
        )

    def _request(
        self, text: str, system: str, repeat: int, max_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> Request:
        spec = self.plan.spec
        return Request(
            model=self.plan.model,
            prompt=text,
            system=system,
            params=self.plan.params,
            max_tokens=max_tokens,
            seed=spec.seed + repeat,
            timeouts=spec.call_timeouts(),
            schema=schema,
            api=spec.api,
        )
