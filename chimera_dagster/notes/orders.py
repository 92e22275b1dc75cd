"""What a contest between models says: who leads, who can't be told from the leader, and how sure that is."""

from typing import NamedTuple

from chimera_dagster.evidence.findings.cells import files_of, sources_of_cells
from chimera_dagster.evidence.findings.equal_conditions import Contest, Judged
from chimera_dagster.evidence.measures import LEVEL, Measure
from chimera_dagster.evidence.setups import varying
from chimera_dagster.notes.note import Certainty, Runs, Scope, Source
from chimera_dagster.notes.reading import reading


class Order(NamedTuple):
    """Models of one contest, the best first, with their values. `leaders` are the first and those tied with it."""

    finding: str
    judged: Judged
    names: list[str]
    values: dict[str, float]
    leaders: list[str]
    certainty: Certainty

    @property
    def measure(self) -> Measure:
        return self.judged.contest.measure

    @property
    def contest(self) -> Contest:
        return self.judged.contest

    @property
    def tied(self) -> bool:
        """Whether nothing here can be told apart."""
        return len(self.leaders) == len(self.names) and self.certainty == "tie"

    @property
    def scope(self) -> Scope:
        contest = self.contest
        setups = contest.setups
        differing = varying(setups)
        common = {name: value for name, value in setups[0].items() if name not in differing}
        runs: Runs = "all" if contest.stated else "warm"
        files = len(files_of(cell for _, cell in contest.cells))
        return Scope(tuple(self.names), common, runs, contest.n, files)

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(sources_of_cells(cell for _, cell in self.contest.cells))

    def apart(self, one: str, other: str) -> bool:
        """Whether the test tells two models apart; without a test, whether their values read differently."""
        p = self.judged.p_of(one, other)
        if p is not None:
            return p < LEVEL
        unit = self.measure.unit
        return reading(self.values[one], unit) != reading(self.values[other], unit)


def order_of(finding: str, judged: Judged) -> Order:
    contest = judged.contest
    names = [standing.item for standing in contest.standings]
    values = {standing.item: standing.value for standing in contest.standings}
    order = Order(finding, judged, names, values, names[:1], "plain")
    leaders = [name for name in names if name == names[0] or not order.apart(names[0], name)]
    return order._replace(leaders=leaders, certainty=_certainty(order, leaders))


def _certainty(order: Order, leaders: list[str]) -> Certainty:
    contest = order.contest
    if len(leaders) == len(order.names) and not any(
        order.apart(one, other) for place, one in enumerate(order.names) for other in order.names[place + 1 :]
    ):
        return "tie"
    if contest.pairs is None:
        return "plain"
    return "in_session" if contest.apart and contest.how in ("runs", "blocks") else "holds"
