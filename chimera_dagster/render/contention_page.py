"""What concurrent agents gained: as a page, and as the lines and rows that the command line shows."""

from collections.abc import Iterator

from chimera_dagster.measure.measured import Interval
from chimera_dagster.records.documents import Concurrency, Scenario
from chimera_dagster.render.blocks import Block, Bullets, Heading, Page, Paragraph, Table

HEADER = (
    *("agent", "lane", "alone s", "together s", "slowdown"),
    *("tok/s alone", "tok/s together", "TTFT ms alone", "TTFT ms together"),
)
NUMERIC = frozenset(range(2, len(HEADER)))


def build_contention(result: Concurrency) -> Page:
    """The page of one measurement, a section for each scenario."""
    return Page("Concurrent agents", "en", tuple(_blocks(result)))


def _blocks(result: Concurrency) -> Iterator[Block]:
    method = f"{result.rounds} rounds, first with each agent alone, then with all at once"
    yield Paragraph(f"{method}; at most {result.max_tokens} tokens per answer.")
    for scenario in result.scenarios:
        yield Heading(2, scenario.name)
        yield Bullets(tuple(lines(scenario)))
        yield Table(HEADER, rows(scenario), scenario.name, NUMERIC)
    if result.not_measured:
        yield Paragraph(f"Not measured: {result.not_measured}.")


def lines(scenario: Scenario) -> list[str]:
    """The figures of the scenario as a whole and what makes them invalid, one sentence each."""
    gain = scenario.gain
    found = [
        f"Speed-up {_mean(gain.speed_up)}, efficiency {_mean(gain.efficiency)}.",
        f"One after another {_mean(gain.sum_alone_s, ' s')}, all at once {_mean(gain.makespan_together_s, ' s')}; "
        f"the slowest agent alone {_mean(gain.max_alone_s, ' s')}.",
    ]
    if gain.token_speed_up is not None:
        found.append(f"Speed-up by output tokens {_mean(gain.token_speed_up)}.")
    return found + [f"Not valid, {flag.name}: {flag.evidence}." for flag in gain.validity]


def rows(scenario: Scenario) -> tuple[tuple[str, ...], ...]:
    """A row for each agent, with the columns of HEADER."""
    return tuple(
        (
            agent.trial,
            agent.lane,
            f"{gain.alone_s.mean:.2f}",
            f"{gain.together_s.mean:.2f}",
            _mean(gain.slowdown),
            _rounded(gain.wall_tok_s_alone),
            _rounded(gain.wall_tok_s_together),
            _rounded(gain.ttft_ms_alone),
            _rounded(gain.ttft_ms_together),
        )
        for agent, gain in zip(scenario.agents, scenario.gain.agents, strict=True)
    )


def _rounded(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _mean(interval: Interval, unit: str = "") -> str:
    """`1.93 (1.90 to 1.96, n=3)`: the mean over rounds, with its 95 % interval if there is one."""
    has_bounds = interval.low is not None and interval.high is not None
    bounds = f"{interval.low:.2f} to {interval.high:.2f}, " if has_bounds else ""
    return f"{interval.mean:.2f}{unit} ({bounds}n={interval.n})"
