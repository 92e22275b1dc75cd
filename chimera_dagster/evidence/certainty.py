"""How sure it is that two things differ: what a finding, and each pair within it, may claim."""

from collections.abc import Iterable
from enum import StrEnum

BLIND = 9.0  # a ratio minus 1: a test that would miss even a tenfold difference says nothing that is worth a number

NOT_EVEN_TENFOLD = "Not even a tenfold difference would have shown: there are too few runs, or they scatter too much."


class Certainty(StrEnum):
    """What stands behind a difference, the strongest first.

    A session is what was measured in one go, usually a file: a machine drifts between sessions (temperature, clocks,
    other load), so the calls of one session say how much it varies within itself and not what the next one would give.
    """

    HOLDS = "holds"
    """A test over sessions tells the two apart: "A is faster than B"."""
    IN_SESSION = "in_session"
    """A test over the calls of too few sessions tells them apart: "in these sessions, A is faster than B"."""
    TIE = "tie"
    """Tested, and not told apart: neither may be called faster."""
    PLAIN = "plain"
    """Never tested, as there are too few values: only what was measured may be stated."""


def weakest(found: Iterable[Certainty]) -> Certainty | None:
    """The weakest of the differences that were found or stated: holds, in session, plain; None of nothing."""
    every = set(found)
    order = (Certainty.PLAIN, Certainty.IN_SESSION, Certainty.HOLDS, Certainty.TIE)
    return next((certainty for certainty in order if certainty in every), None)


def strongest(found: Iterable[Certainty]) -> Certainty | None:
    """The first in the order of `Certainty`; None of nothing."""
    every = set(found)
    return next((certainty for certainty in Certainty if certainty in every), None)
