"""What a contest says: who leads, who can't be told from the leader, and how sure that is."""

from collections.abc import Mapping
from typing import NamedTuple

from chimera_dagster.evidence.certainty import Certainty, weakest
from chimera_dagster.evidence.findings.cells import files_of, sources_of_cells
from chimera_dagster.evidence.findings.contest import Contest, Judged
from chimera_dagster.evidence.measures import SCORES, Measure
from chimera_dagster.evidence.setups import varying
from chimera_dagster.notes.note import Runs, Scope, Source

_MATTERS = 0.5  # a ratio minus 1 that nobody would call equal
_NEAR = 1.02  # a ratio that nobody chooses by, even if a test tells it from 1
_SAME = 1.05  # repeats of one run commonly differ by some per cent


class Order(NamedTuple):
    """Items of one contest, the best first, with their values: models, or levels of a condition of the model `of`.

    `leaders` are the first, those tied with it and those `near` it: within 2 %, though a test tells them apart.
    `certainty` is the weakest of those that tell the first from the others.
    """

    finding: str
    judged: Judged
    names: list[str]
    values: dict[str, float]
    leaders: list[str]
    certainty: Certainty
    of: str = ""
    near: tuple[str, ...] = ()

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
    def told(self) -> bool:
        """Whether the first and the last can be told apart."""
        return self.names[-1] not in self.leaders

    @property
    def tested(self) -> bool:
        """Whether a test stands behind it: single values that are near each other do not count."""
        return self.contest.pairs is not None

    @property
    def weak(self) -> bool:
        """Whether a difference that matters could have gone unseen, so that a tie is not the same as equal."""
        least = self.judged.detectable()
        return not self.tested or (least is not None and least > _MATTERS)

    @property
    def whose(self) -> tuple[str, ...]:
        """The models that it is about."""
        return (self.of,) if self.of else tuple(self.names)

    @property
    def scope(self) -> Scope:
        contest = self.contest
        setups = contest.setups
        differing = varying(setups)
        common = {name: value for name, value in setups[0].items() if name not in differing}
        runs: Runs = "all" if contest.stated else "warm"
        files = len(files_of(cell for _, cell in contest.cells))
        return Scope(self.whose, common, runs, contest.n, files)

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(sources_of_cells(cell for _, cell in self.contest.cells))


def order_of(finding: str, judged: Judged, of: str = "") -> Order:
    contest = judged.contest
    names = [standing.item for standing in contest.standings]
    values = {standing.item: standing.value for standing in contest.standings}
    near = tuple(name for name in names[1:] if _is_near(judged, values, names[0], name))
    told = {name: _told(judged, values, names[0], name) for name in names[1:]}
    told |= dict.fromkeys(near, Certainty.TIE)
    leaders = [names[0], *(name for name, certainty in told.items() if certainty is Certainty.TIE)]
    apart = [certainty for certainty in told.values() if certainty is not Certainty.TIE]
    untold = Certainty.PLAIN if contest.pairs is None else Certainty.TIE
    return Order(finding, judged, names, values, leaders, weakest(apart) or untold, of, near)


def _is_near(judged: Judged, values: Mapping[str, float], one: str, other: str) -> bool:
    """Scores are left out: of them a small difference may be many answers."""
    low, high = sorted((values[one], values[other]))
    told = judged.certainty_of(one, other) in (Certainty.HOLDS, Certainty.IN_SESSION)
    return told and judged.contest.measure not in SCORES and high <= _NEAR * low


def _told(judged: Judged, values: Mapping[str, float], one: str, other: str) -> Certainty:
    """What is known of a difference; values that nobody tested are a tie if they are within 5 %."""
    certainty = judged.certainty_of(one, other)
    low, high = sorted((values[one], values[other]))
    is_same = certainty is Certainty.PLAIN and high <= low * _SAME
    return Certainty.TIE if is_same else certainty
