"""Measures concurrent agents: each sends the two requests of a trial, first alone and then at once with the others.

An agent is a process, so that no interpreter lock affects its times and an embedded engine has GPU memory of its own.
It first runs one round that is not measured. That loads the model and fixes both requests, of which the second contains
the answer to the first. Between measured calls it computes nothing.
"""

import multiprocessing
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

from chimera_dagster.engines.registry import Engines
from chimera_dagster.errors import AgentDiedError, ChimeraError, SpecError
from chimera_dagster.gpu.lanes import Lane
from chimera_dagster.gpu.pin import pin
from chimera_dagster.measure.call import Call, timed_call
from chimera_dagster.measure.environment import capture
from chimera_dagster.measure.speedup import AgentCall, gain
from chimera_dagster.records.documents import Agent, Concurrency, Scenario, Summary
from chimera_dagster.records.pages import END_OF_MARKDOWN
from chimera_dagster.records.store import Store, write_text
from chimera_dagster.render.contention_page import build_contention
from chimera_dagster.render.markdown_writer import to_markdown
from chimera_dagster.spec.engine_names import EngineChoice
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.steps.asking import TrialClient
from chimera_dagster.steps.trial import get_ready, run_round

OnStep = Callable[[str], None]

_START_METHOD = "fork" if sys.platform == "linux" else "spawn"  # as for the steps of a run; orchestration/executor.py
_NOTICE_S = 0.02  # between telling the agents when to begin and that time
_ONE_SERVER = "several servers: only one is available (CHIMERA_GPUS, CHIMERA_OLLAMA_ENDPOINTS; openai has only one)"


def choose(plans: Sequence[TrialPlan], count: int) -> list[TrialPlan]:
    """The first trial of each model, then the second of each, and so on. Raises SpecError if there are too few."""
    seen: dict[str, int] = {}
    places: list[int] = []
    for plan in plans:
        places.append(seen.setdefault(plan.model, 0))
        seen[plan.model] += 1
    if len(plans) < count:
        raise SpecError(f"The sweep has {len(plans)} trials for {count} agents.", hint="Add trials or lower --agents.")
    return [plans[at] for at in sorted(range(len(plans)), key=places.__getitem__)[:count]]


def run(store: Store, plans: Sequence[TrialPlan], lanes: Sequence[Lane], rounds: int, on_step: OnStep) -> Concurrency:
    """Measure the trials' agents on one server, and on several if `lanes` have them; write and return the result.

    The caller must hold the lanes. Raises NotIngestedError, EngineError, AgentDiedError.
    """
    summary = store.read_json("summary", Summary)
    get_ready(store)  # once for all agents
    servers = _servers(lanes, plans[0].spec.engine)[: len(plans)]
    groups = [servers[:1], servers] if len(servers) > 1 else [servers]
    result = Concurrency(
        created_at=datetime.now(UTC),
        data_digest=summary.digest,
        rounds=rounds,
        max_tokens=plans[0].spec.max_tokens,
        scenarios=[_scenario(store, plans, group, rounds, on_step) for group in groups],
        not_measured=None if len(servers) > 1 else _ONE_SERVER,
        environment=capture(),
    )
    write_text(store.concurrency, result.model_dump_json(indent=2) + "\n")
    write_text(store.concurrency.with_suffix(".md"), to_markdown(build_contention(result)) + END_OF_MARKDOWN)
    return result


def _servers(lanes: Sequence[Lane], engine: EngineChoice) -> list[Lane]:
    """The first lane of each server, or of each GPU if the engine runs in the process."""
    found: dict[str | None, Lane] = {}
    for lane in lanes[:1] if engine == "openai" else lanes:
        found.setdefault(lane.gpu if engine == "embedded" else lane.endpoint, lane)
    return list(found.values())


def _scenario(
    store: Store, plans: Sequence[TrialPlan], servers: Sequence[Lane], rounds: int, on_step: OnStep
) -> Scenario:
    """All alone, all together, all together, all alone, ...: a drift of the host affects both alike."""
    calls: list[AgentCall] = []
    with ExitStack() as stack:
        agents = [
            stack.enter_context(_AgentProcess(store, plan, servers[number % len(servers)]))
            for number, plan in enumerate(plans)
        ]

        def measure(numbers: Sequence[int], round_: int, *, together: bool) -> None:
            begin = time.perf_counter() + _NOTICE_S
            for number in numbers:
                agents[number].send((begin, round_))
            for number in numbers:
                calls.extend(AgentCall.of(call, number, together=together) for call in agents[number].receive())

        everyone = range(len(agents))
        name = f"{len(plans)} agents, servers: {len(servers)}"
        on_step(f"{name}, loading")
        records: list[Agent] = [agent.receive() for agent in agents]
        for round_ in range(rounds):
            on_step(f"{name}, round {round_ + 1} of {rounds}")
            for together in (False, True) if round_ % 2 == 0 else (True, False):
                for numbers in [everyone] if together else [[number] for number in everyone]:
                    measure(numbers, round_, together=together)
    return Scenario(servers=len(servers), agents=records, gain=gain(calls), calls=calls)


class _AgentProcess:
    """The process of an agent, which ends with its `with` block."""

    def __init__(self, store: Store, plan: TrialPlan, lane: Lane) -> None:
        context: Any = multiprocessing.get_context(_START_METHOD)
        self._name = plan.trial.key
        self._pipe, child_end = context.Pipe()
        self._process: BaseProcess = context.Process(target=_work, args=(child_end, store, plan, lane), daemon=True)
        self._process.start()
        child_end.close()  # or the end of the process would not be noticed

    def send(self, order: tuple[float, int] | None) -> None:
        """Tell the agent when to begin which round, or with None to end."""
        with suppress(BrokenPipeError):  # it has failed, and `receive` raises its error
            self._pipe.send(order)

    def receive(self) -> Any:
        """The next message of the agent. Raises the error that it failed with, or AgentDiedError."""
        try:
            message = self._pipe.recv()
        except EOFError:
            self._process.join()
            raise AgentDiedError(f"The agent {self._name} ended with exit code {self._process.exitcode}.") from None
        if isinstance(message, ChimeraError):
            raise message
        return message

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.send(None)
        if error is not None:  # it may be in the middle of a call
            self._process.terminate()
        self._process.join()
        self._pipe.close()


def _work(pipe: Connection, store: Store, plan: TrialPlan, lane: Lane) -> None:
    """Run one round, then repeat its two requests at each time received from the pipe, until that is None."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    pin(lane)

    def notify(line: str) -> None:
        sys.stderr.write(f"{plan.trial.key}: {line}\n")

    engines = Engines(on_notice=notify)
    try:
        client = TrialClient(store, plan, engines)
        client.warm_up()
        first = run_round(client, 0, time.perf_counter())
        engine = client.resolved.engine
        pipe.send(
            Agent(
                trial=plan.trial.key,
                model=plan.model,
                configuration=str(plan.params),
                lane=lane.name,
                engine=engine.name,
                reason=client.resolved.reason,
            )
        )
        while pipe in wait([pipe, parent.sentinel]) and (order := pipe.recv()) is not None:
            begin, number = order
            time.sleep(max(0.0, begin - time.perf_counter()))
            calls: list[Call] = [
                timed_call(engine, exchange.request, exchange.stage, number, begin)
                for exchange in (first.analysis, first.report)
            ]
            pipe.send(calls)
    except KeyboardInterrupt:
        pass  # the parent reports the interrupt
    except ChimeraError as error:
        pipe.send(error)
    finally:
        engines.close()
