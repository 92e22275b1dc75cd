"""What agents at once gained, as a page and as the rows that the command line shows."""

from collections.abc import Iterator

from chimera_dagster.measure.measured import Interval
from chimera_dagster.records.documents import Concurrency, Scenario
from chimera_dagster.render.page import Block, Bullets, Heading, Page, Paragraph, Table, inlines

HEADER = (
    *("agent", "lane", "alone s", "together s", "slowdown"),
    *("tok/s alone", "tok/s together", "TTFT ms alone", "TTFT ms together"),
)
NUMERIC = frozenset(range(2, len(HEADER)))


def build_concurrency(result: Concurrency) -> Page:
    return Page("Agents at once", "en", tuple(_blocks(result)))


def _blocks(result: Concurrency) -> Iterator[Block]:
    said = f"{result.rounds} rounds, each agent alone and all at once; at most {result.max_tokens} tokens an answer."
    yield Paragraph(inlines(said))
    for scenario in result.scenarios:
        yield Heading(2, scenario.name)
        yield Bullets(tuple(inlines(line) for line in lines(scenario)))
        rows_ = tuple(tuple(inlines(cell) for cell in row) for row in rows(scenario))
        yield Table(HEADER, rows_, scenario.name, NUMERIC)
    if result.not_measured:
        yield Paragraph(inlines(f"Not measured: {result.not_measured}."))


def lines(scenario: Scenario) -> list[str]:
    """The scenario's own figures and what spoils them, a sentence each."""
    gain = scenario.gain
    found = [
        f"Speed-up {_mean(gain.speed_up)}, efficiency {_mean(gain.efficiency)}.",
        f"One after the other {_mean(gain.sum_alone_s, ' s')}, at once {_mean(gain.makespan_together_s, ' s')}; "
        f"the longest alone {_mean(gain.max_alone_s, ' s')}.",
    ]
    if gain.token_speed_up is not None:
        found.append(f"Speed-up by output tokens {_mean(gain.token_speed_up)}.")
    return found + [f"Not valid, {each.name}: {each.evidence}." for each in gain.validity]


def rows(scenario: Scenario) -> list[list[str]]:
    """A row an agent, under HEADER."""
    return [
        [
            who.trial,
            who.lane,
            f"{of.alone_s.mean:.2f}",
            f"{of.together_s.mean:.2f}",
            _mean(of.slowdown),
            *(
                "-" if value is None else f"{value:.1f}"
                for value in (of.wall_tok_s_alone, of.wall_tok_s_together, of.ttft_ms_alone, of.ttft_ms_together)
            ),
        ]
        for who, of in zip(scenario.agents, scenario.gain.agents, strict=True)
    ]


def _mean(of: Interval, unit: str = "") -> str:
    """`1.93 (1.90 to 1.96, n=3)`: the mean over rounds and its 95 % interval, where there is one."""
    between = "" if of.low is None or of.high is None else f"{of.low:.2f} to {of.high:.2f}, "
    return f"{of.mean:.2f}{unit} ({between}n={of.n})"
