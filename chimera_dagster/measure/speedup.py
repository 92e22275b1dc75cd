"""What is gained by running agents at the same time, from their calls; definitions in docs/metrics.md."""

from collections.abc import Iterator, Sequence
from statistics import fmean, median

from pydantic import BaseModel, ConfigDict

from chimera_dagster.measure.call import Call
from chimera_dagster.measure.measured import Interval, interval
from chimera_dagster.measure.validity import LOADED_MS, Verdict

_UNLIKE = 0.05  # if two answers to one request differ more in length, their times are not comparable


class AgentCall(BaseModel):
    """One call of an agent, alone or together with the others; times since the agents started, on the host's clock."""

    model_config = ConfigDict(frozen=True)

    agent: int
    round: int
    together: bool
    stage: str
    sent_ms: float
    end_ms: float
    ttft_ms: float
    output_tokens: int | None
    load_ms: float | None
    prompt_cached_tokens: int | None
    gpu_share: float | None
    retries: int

    @classmethod
    def of(cls, call: Call, agent: int, *, together: bool) -> "AgentCall":
        return cls(
            agent=agent,
            round=call.repeat,
            together=together,
            stage=call.stage,
            sent_ms=call.sent_ms,
            end_ms=call.end_ms,
            ttft_ms=call.ledger[0].at_ms,
            output_tokens=call.stats.output_tokens,
            load_ms=call.stats.load_ms,
            prompt_cached_tokens=call.stats.prompt_cached_tokens,
            gpu_share=call.stats.gpu_share,
            retries=call.retries,
        )


class AgentFigures(BaseModel):
    """One agent over the rounds; figures that need token counts are None if the engine reports none.

    `wall_tok_s` = output tokens / seconds from its first request to its last chunk; `ttft_ms` = mean over its calls;
    both are medians of the rounds. `slowdown` = seconds together / seconds alone, of the same round.
    """

    model_config = ConfigDict(frozen=True)

    alone_s: Interval
    together_s: Interval
    slowdown: Interval
    wall_tok_s_alone: float | None
    wall_tok_s_together: float | None
    ttft_ms_alone: float
    ttft_ms_together: float


class Gain(BaseModel):
    """What the agents of one scenario gained; each figure is computed for a round, its interval over the rounds.

    `makespan_together_s`: seconds from the first request of any agent to the last chunk of any, all together.
    `sum_alone_s`, `max_alone_s`: of the agents' seconds alone.
    `speed_up` = sum_alone_s / makespan_together_s; `efficiency` = speed_up / agents.
    `token_speed_up`: output tokens per second together / one after another, which allows for different lengths.
    """

    model_config = ConfigDict(frozen=True)

    makespan_together_s: Interval
    sum_alone_s: Interval
    max_alone_s: Interval
    speed_up: Interval
    efficiency: Interval
    token_speed_up: Interval | None
    agents: list[AgentFigures]
    validity: list[Verdict]


def gain(calls: Sequence[AgentCall]) -> Gain:
    """The figures of a scenario whose agents, numbered from 0, each worked alone and together in every round."""
    agents = sorted({call.agent for call in calls})
    rounds = sorted({call.round for call in calls})

    def select(agent: int, *, together: bool) -> list[list[AgentCall]]:
        own = [call for call in calls if call.agent == agent and call.together == together]
        return [[call for call in own if call.round == number] for number in rounds]

    alone = {agent: select(agent, together=False) for agent in agents}
    shared = {agent: select(agent, together=True) for agent in agents}
    every = [[call for agent in agents for call in shared[agent][place]] for place in range(len(rounds))]
    spans = [_seconds(calls) for calls in every]
    sums = [sum(_seconds(alone[agent][place]) for agent in agents) for place in range(len(rounds))]
    speed_ups = [total / span for total, span in zip(sums, spans, strict=True)]
    pairs = [
        (_tokens(together), _tokens([call for agent in agents for call in alone[agent][place]]))
        for place, together in enumerate(every)
    ]
    by_token = [speed_up * now / then for speed_up, (now, then) in zip(speed_ups, pairs, strict=True) if now and then]
    return Gain(
        makespan_together_s=interval(spans),
        sum_alone_s=interval(sums),
        max_alone_s=interval([max(_seconds(alone[agent][place]) for agent in agents) for place in range(len(rounds))]),
        speed_up=interval(speed_ups),
        efficiency=interval([speed_up / len(agents) for speed_up in speed_ups]),
        token_speed_up=interval(by_token) if len(by_token) == len(rounds) else None,
        agents=[_figures(alone[agent], shared[agent]) for agent in agents],
        validity=[
            Verdict(name=name, evidence=evidence, spoils=True) for name, evidence in _spoilers(calls, alone, shared)
        ],
    )


def _figures(alone: Sequence[Sequence[AgentCall]], together: Sequence[Sequence[AgentCall]]) -> AgentFigures:
    then, now = [_seconds(calls) for calls in alone], [_seconds(calls) for calls in together]
    return AgentFigures(
        alone_s=interval(then),
        together_s=interval(now),
        slowdown=interval([after / before for before, after in zip(then, now, strict=True)]),
        wall_tok_s_alone=_rate(alone),
        wall_tok_s_together=_rate(together),
        ttft_ms_alone=_ttft(alone),
        ttft_ms_together=_ttft(together),
    )


def _spoilers(
    calls: Sequence[AgentCall],
    alone: dict[int, list[list[AgentCall]]],
    together: dict[int, list[list[AgentCall]]],
) -> Iterator[tuple[str, str]]:
    for call in calls:
        name = f"agent {call.agent + 1}, {call.stage} {call.round + 1} {'together' if call.together else 'alone'}"
        if call.load_ms is not None and call.load_ms > LOADED_MS:
            yield (
                "reloaded",
                f"{name}: {call.load_ms:.0f} ms of loading; the models do not stay loaded together",
            )
        if call.prompt_cached_tokens:
            yield "cached", f"{name}: {call.prompt_cached_tokens} prompt tokens from a cache"
        if call.retries:
            yield "retried", f"{name}: {call.retries} retries, with pauses"
        if call.gpu_share is not None and 0 < call.gpu_share < 1:
            yield "offloaded_to_cpu", f"{name}: {call.gpu_share:.0%} of the model is in GPU memory"
    for agent, rounds in alone.items():
        for number, (then, now) in enumerate(zip(rounds, together[agent], strict=True), start=1):
            before, after = _tokens(then), _tokens(now)
            if before and after is not None and abs(after - before) > _UNLIKE * before:
                yield "unlike", f"agent {agent + 1}, round {number}: {after} tokens together, {before} alone"


def _seconds(calls: Sequence[AgentCall]) -> float:
    return (max(call.end_ms for call in calls) - min(call.sent_ms for call in calls)) / 1e3


def _tokens(calls: Sequence[AgentCall]) -> int | None:
    """The sum over the calls; None if any call lacks its count."""
    counts = [call.output_tokens for call in calls]
    return sum(known) if len(known := [count for count in counts if count is not None]) == len(counts) else None


def _rate(rounds: Sequence[Sequence[AgentCall]]) -> float | None:
    rates = [tokens / _seconds(calls) for calls in rounds if (tokens := _tokens(calls)) is not None]
    return median(rates) if len(rates) == len(rounds) else None


def _ttft(rounds: Sequence[Sequence[AgentCall]]) -> float:
    return median(fmean(call.ttft_ms for call in calls) for calls in rounds)
