"""What a contest between models says: who leads, who can't be told from the leader, and how sure that is."""

from collections.abc import Mapping
from typing import NamedTuple

from chimera_dagster.evidence.certainty import Certainty, weakest
from chimera_dagster.evidence.findings.cells import files_of, sources_of_cells
from chimera_dagster.evidence.findings.contest import Contest, Judged
from chimera_dagster.evidence.measures import Measure
from chimera_dagster.evidence.setups import varying
from chimera_dagster.notes.note import Runs, Scope, Source
from chimera_dagster.notes.reading import reading


class Order(NamedTuple):
    """Models of one contest, the best first, with their values.

    `leaders` are the first and those tied with it; `certainty` is the weakest of those that tell it from the others.
    """

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
        """Whether none can be told from the first."""
        return len(self.leaders) == len(self.names)

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


def order_of(finding: str, judged: Judged) -> Order:
    contest = judged.contest
    names = [standing.item for standing in contest.standings]
    values = {standing.item: standing.value for standing in contest.standings}
    told = {name: _told(judged, values, names[0], name) for name in names[1:]}
    leaders = [names[0], *(name for name, certainty in told.items() if certainty is Certainty.TIE)]
    apart = [certainty for certainty in told.values() if certainty is not Certainty.TIE]
    return Order(finding, judged, names, values, leaders, weakest(apart) or Certainty.TIE)


def _told(judged: Judged, values: Mapping[str, float], one: str, other: str) -> Certainty:
    """What is known of a difference; values that nobody tested are a tie if they read the same."""
    certainty = judged.certainty_of(one, other)
    unit = judged.contest.measure.unit
    is_same = certainty is Certainty.PLAIN and reading(values[one], unit) == reading(values[other], unit)
    return Certainty.TIE if is_same else certainty
