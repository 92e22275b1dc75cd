"""Asks the model of a trial: prompts, requests, timed calls, and the wall clock of each stage."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Literal, NamedTuple

from chimera_dagster.engines.base import Request
from chimera_dagster.engines.registry import Engines
from chimera_dagster.measure.call import Call, timed_call, unmeasured_call, warm_up
from chimera_dagster.quiz.question import Question
from chimera_dagster.records.documents import Summary
from chimera_dagster.records.store import Store
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.spec.tasks import LETTERS
from chimera_dagster.steps.trial_evidence import read_evidence
from chimera_dagster.write.answer import Stage
from chimera_dagster.write.judge import JudgedAnswer, JudgedSentence
from chimera_dagster.write.prompt import Prompt, estimate_tokens, render_prompt

Timed = Stage | Literal["revision", "questions"]  # what the wall clock of a trial is split into
OnProgress = Callable[[str, int], None]  # stage, chunks so far; 0 as the stage begins

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
        self._patience = engines.patience(plan.spec.server_wait_s)
        self.resolved = self._patience.ask(lambda: engines.resolve(plan.spec.engine, plan.model))
        self.seconds: dict[Timed, float] = {"analysis": 0.0, "report": 0.0, "revision": 0.0, "questions": 0.0}
        self._on_progress = on_progress or (lambda stage, chunks: None)

    def warm_up(self) -> float | None:
        """Load the model outside the measured calls; returns the milliseconds that took, None if it was loaded."""
        return self._patience.ask(self._load)

    def unload(self) -> None:
        self._patience.ask(lambda: self.resolved.engine.unload(self.plan.model))

    def ask(self, stage: Stage, repeat: int, began: float, analysis: Sequence[JudgedSentence] = ()) -> Exchange:
        """Make one call. `began` is when the trial began; `analysis` are the sentences that the prompt lists."""
        with self.clock(stage):
            return self._call(stage, stage, self._prompt(stage, analysis=analysis), repeat, began)

    def revise(self, answer: JudgedAnswer, began: float) -> Exchange:
        """Ask once more for the report of the first repeat, with what it had and why sentences of it fell."""
        with self.clock("revision"):
            prompt = self._prompt("report", draft=answer)
            return self._call("revision", "report", prompt, 0, began)

    def answer(self, question: Question, number: int) -> tuple[str, float]:
        """Ask a question, the `number`th; returns what the model wrote, and the milliseconds that took."""
        self._on_progress("questions", number)
        request = self._request(question.data + question.text, "", number, question.max_tokens)
        choices = tuple(LETTERS[: len(question.choices)])
        asked = replace(request, choices=choices, may_be_cached=True)
        return self._patience.ask(lambda: unmeasured_call(self.resolved.engine, asked))

    @contextmanager
    def clock(self, stage: Timed) -> Generator[None]:
        """Count the time of a block as the stage's."""
        started = time.perf_counter()
        yield
        self.seconds[stage] += time.perf_counter() - started

    def _call(self, name: Timed, stage: Stage, prompt: Prompt, repeat: int, began: float) -> Exchange:
        request = self._request(prompt.text, prompt.system, repeat, self.plan.spec.max_tokens)
        on_chunk = partial(self._on_progress, name)
        engine = self.resolved.engine
        self._on_progress(name, 0)
        call = timed_call(
            engine,
            request,
            name,
            repeat,
            began,
            on_chunk,
            may_be_empty=True,
            patience=self._patience,
            reload=None if self.plan.spec.cold else self._load,
        )
        return Exchange(stage, prompt, request, call)

    def _load(self) -> float | None:
        self._on_progress("loading", 0)
        return warm_up(self.resolved.engine, self._request("Is it ready?", "", 0, max_tokens=1))

    def _prompt(
        self, stage: Stage, analysis: Sequence[JudgedSentence] = (), draft: JudgedAnswer | None = None
    ) -> Prompt:
        spec, info = self.plan.spec, self.resolved.info
        return render_prompt(
            stage,
            self.evidence.notes,
            chat=info.chat,
            num_ctx=min(self.plan.params.num_ctx or ASSUMED_NUM_CTX, info.trained_context or 1 << 62),
            max_tokens=spec.max_tokens,
            persona=spec.agent.persona if stage == "report" else "",
            analysis=analysis,
            draft=draft,
            count_tokens=self._count_tokens,
        )

    def _count_tokens(self, text: str) -> int:
        """By the engine's own tokenizer if it has one at hand, else an estimate."""
        counted = self.resolved.engine.count_tokens(self.plan.model, text)
        return estimate_tokens(text) if counted is None else counted

    def _request(self, text: str, system: str, repeat: int, max_tokens: int) -> Request:
        spec = self.plan.spec
        return Request(
            model=self.plan.model,
            prompt=text,
            system=system,
            params=self.plan.params,
            max_tokens=max_tokens,
            seed=spec.seed + repeat,
            timeouts=spec.call_timeouts(),
            api=spec.api,
        )
