"""What the test of a contest says, in words, and what it can't rule out."""

from collections.abc import Sequence

from chimera_dagster.evidence.certainty import BLIND, NOT_EVEN_TENFOLD, Certainty
from chimera_dagster.evidence.findings.contest import Contest, Judged
from chimera_dagster.evidence.findings.finding import Figures, listed
from chimera_dagster.evidence.setups import value_words

_SHOWN = 8  # pairs in one text


def verdict(result: Judged, figures: Figures | None = None) -> str:
    """What is known of the pairs; with `figures`, also which difference would have shown."""
    contest = result.contest
    if contest.pairs is None:
        if contest.unlike:
            return "They were not given the same prompts, so their difference was not tested."
        return "Whether they differ by more than chance was not tested."
    by_certainty: dict[Certainty, list[str]] = {}
    for pair, certainty in result.compared():
        by_certainty.setdefault(certainty, []).append(" and ".join(pair))
    tied = by_certainty.get(Certainty.TIE, [])
    inside, holding = by_certainty.get(Certainty.IN_SESSION, []), by_certainty.get(Certainty.HOLDS, [])
    if not tied and not inside:
        return "Every two of them differ."
    if not tied and not holding:
        return f"{_these(contest).capitalize()} every two of them differ."
    if not inside and not holding:
        return f"No two of them can be told apart.{_would_have_shown(result, figures)}"
    parts = [f"No difference can be told between {_pairs(tied)}"] if tied else []
    these = f"{_these(contest)} "
    if holding and inside and len(holding) <= len(inside):
        parts += [f"{_pairs(holding)} differ", f"{these}all other pairs differ too"]
    elif holding and inside:
        parts += [f"{these}{_pairs(inside)} differ", "all other pairs differ"]
    else:
        parts.append(f"{these if inside else ''}all other pairs differ")
    text = "; ".join(parts) + "."
    text = text[0].upper() + text[1:] if parts[0].startswith(these) else text
    return text + _would_have_shown(result, figures)


def _these(contest: Contest) -> str:
    return in_sessions(len(set[int]().union(*contest.sessions.values())))


def in_sessions(count: int) -> str:
    """What a difference that is known of some sessions alone is said to be in."""
    return "in this session" if count == 1 else "in these sessions"


def _pairs(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    more = f"; and {rest} more {'pair' if rest == 1 else 'pairs'}" if rest > 0 else ""
    return "; ".join(names[:_SHOWN]) + more


def _would_have_shown(result: Judged, figures: Figures | None) -> str:
    return "" if figures is None else least_shown(result.detectable(), figures)


def least_shown(smallest: float | None, figures: Figures) -> str:
    """A sentence on the smallest difference that a test would have shown; nothing if it is not known."""
    if smallest is None:
        return ""
    if smallest > BLIND:
        return f" {NOT_EVEN_TENFOLD}"
    return f" A difference of {figures.share('detectable', smallest)} would have shown."


def verdict_of_series(name: str, results: Sequence[Judged]) -> str:
    """The verdict of contests of the same items that differ in `name` alone."""
    orders = {tuple(standing.item for standing in result.contest.standings) for result in results}
    same = "The order is the same at each." if len(orders) == 1 else f"The order changes with {name}."
    verdicts = {verdict(result) for result in results}
    if len(verdicts) == 1:
        return f"{same} {verdicts.pop()}"
    told = [result for result in results if all(certainty is not Certainty.TIE for certainty in result.certainties)]
    if not told:
        return f"{same} At none of them every two differ."
    values = listed([value_words(result.contest.setups[0][name]) for result in told], 8)
    inside = [result.contest for result in told if Certainty.IN_SESSION in result.certainties]
    every = f"{_these(inside[0]).capitalize()} every" if inside else "Every"
    return f"{same} {every} two of them differ at {name}={values} only."


def caveats(results: Sequence[Judged]) -> str:
    """Why a difference need not hold in other sessions, if one is stated for these alone."""
    contests = [result.contest for result in results if Certainty.IN_SESSION in result.certainties]
    if not contests:
        return ""
    if all(_fewest(contest) > 1 for contest in contests):
        return " So few sessions can't show whether it holds in others."
    if all(contest.apart for contest in contests):
        return " Each was measured in a session of its own, so a drift of the machine between them would look the same."
    return " Whether it holds in other sessions was not measured."


def _fewest(contest: Contest) -> int:
    return min(len(sessions) for sessions in contest.sessions.values())
