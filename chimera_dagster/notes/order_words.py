"""What sentences about an order share: where it was measured, how sure it is, and what a tie could have missed."""

from collections.abc import Callable, Sequence

from chimera_dagster.evidence.certainty import BLIND, Certainty
from chimera_dagster.evidence.setups import TRENDS, Setup, varying
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import every
from chimera_dagster.notes.orders import Order
from chimera_dagster.notes.phrase import Number, Phrase, count, joined, listed, number, phrase, share
from chimera_dagster.notes.reading import times
from chimera_dagster.notes.settings import in_words, span

NOT_EVEN_TENFOLD = "; there are too few runs, or they scatter too much, to show even a tenfold difference"
_FAR = 1.5  # a ratio that nobody takes for equal, whatever a test can tell
_FEW = 1.0  # a test that would only have shown a larger difference has too few runs
_SURE = {
    Certainty.HOLDS: "That difference holds.",
    Certainty.IN_SESSION: "That holds within these sessions; in others it may not.",
    Certainty.PLAIN: "Whether that is more than chance was not tested.",
}
_ALL_SURE = {
    Certainty.HOLDS: "These differences hold.",
    Certainty.IN_SESSION: "These differences hold within these sessions; in others they may not.",
    Certainty.PLAIN: "Whether these differences are more than chance was not tested.",
}


def where(data: NoteContext, order: Order, setup: Setup | None = None, *, usual: int = 0) -> Phrase:
    """What has to be said of the conditions: `once loaded, with 8 requests at once, `.

    Those of all setups of the contest, or of the one that the sentence is about: the most usual one of `usual`.
    """
    setups = order.contest.setups if setup is None else [setup]
    parts = [
        _over(order)
        if len(setups) > 1
        else in_words(setups[0], data.said_of(order.whose), needed=_telling(data, order))
    ]
    if usual:
        noun = "shared setting" if order.contest.complete else "setting"
        most = phrase("the most usual of {n}", n=count(usual, noun))
        parts = [parts[0], most] if parts[0] else [phrase("in {most}", most=most)]
    if order.scope.runs == "warm" and order.measure.unit == "ms" and data.loads_seen(order.whose):
        parts.insert(0, phrase("once loaded"))
    return phrase("{parts}, ", parts=joined(parts, ", ")) if any(parts) else ()


def _telling(data: NoteContext, order: Order) -> frozenset[str]:
    """The names that tell the setups of this contest from those of others of the same items and measure."""
    if order.of:
        return frozenset()
    every = (judged.contest for _, judged in data.rankings.get(order.measure, []))
    alike = [contest for contest in every if {each.item for each in contest.standings} & set(order.names)]
    return varying(setup for contest in alike for setup in contest.setups)


def where_both(data: NoteContext, order: Order, setups: Sequence[Setup]) -> Phrase:
    """As `where`, of two items and the settings that both have."""
    if len(setups) == 1:
        return where(data, order, setups[0])
    return phrase("over {n} that both have, ", n=count(len(setups), "setting"))


def _over(order: Order) -> Phrase:
    """`over 1 to 32 requests at once`, `over 6 shared settings`; a rate of the server is said to be a mean of them."""
    setups = order.contest.setups
    [name, *others] = sorted(varying(setups))
    levels = [value for setup in setups if isinstance(value := setup.get(name), int | float)]
    if not order.contest.complete:
        over = phrase("over {n} that not all of them share", n=count(len(setups), "setting"))
    elif name in TRENDS and not others and len(levels) == len(setups):
        over = phrase("over {span}", span=span(name, min(levels), max(levels)))
    else:
        over = phrase("over {n}", n=count(len(setups), "shared setting"))
    return phrase("on average {over}", over=over) if order.measure.whole else over


def with_values(order: Order, names: Sequence[str], named: Callable[[str], Phrase], shown: int) -> Phrase:
    """`a (57 tok/s), b (48 tok/s) and 2 more`."""
    unit = order.measure.unit
    parts = [phrase("{a} ({x})", a=named(name), x=number(order.values[name], unit)) for name in names[:shown]]
    return listed([*parts, *rest(len(names) - len(parts))])


def ties_of(order: Order, named: Callable[[list[str]], Phrase]) -> Phrase:
    """`; b (48 tok/s) can't be told from it` and `; c (49 tok/s) is about equal`, behind what is said of the first."""
    tied = [name for name in order.leaders[1:] if name not in order.near]
    far = [name for name in tied if _is_far(order, name)]
    tied = [name for name in tied if name not in far]
    near = [name for name in order.leaders[1:] if name in order.near]
    equal = "is" if len(near) == 1 else "are"
    return joined(
        [
            phrase("; {names} can't be told from it", names=named(tied)) if tied else (),
            phrase(f"; {{names}} {equal} about equal", names=named(near)) if near else (),
            phrase("; the runs of {names} scatter too much to tell", names=named(far)) if far else (),
        ],
        "",
    )


def _is_far(order: Order, name: str) -> bool:
    low, high = sorted((order.values[order.names[0]], order.values[name]))
    return high > _FAR * low


def rest(left: int, noun: str = "more") -> list[Phrase]:
    """What is counted instead of named; nothing if nothing is left."""
    return [count(left, noun, noun if noun == "more" else "")] if left > 0 else []


def sure(certainty: Certainty) -> Phrase:
    return phrase(_SURE[certainty]) if certainty in _SURE else ()


def sure_of_settings(certainty: Certainty, settings: int) -> Phrase:
    """As `sure`, of an order over several settings, whose sentence may give the values of one of them."""
    if certainty is Certainty.PLAIN:
        return sure(certainty)
    over = phrase("over {n}", n=every(settings, "setting"))
    if certainty is Certainty.HOLDS:
        return phrase("That order holds {over}.", over=over)
    return phrase("That order holds {over} within these sessions; in others it may not.", over=over)


def all_sure(certainty: Certainty) -> Phrase:
    """As `sure`, of several differences."""
    return phrase(_ALL_SURE[certainty]) if certainty in _ALL_SURE else ()


def would_have_shown(order: Order) -> Phrase:
    """The smallest difference that the test of a tie would have found, as the end of its sentence."""
    least = order.judged.detectable()
    if least is None or not least > 0:
        return ()
    if least > BLIND:
        return phrase(NOT_EVEN_TENFOLD)
    only = "only " if least > _FEW else ""
    return phrase(f"; {only}a difference of {{x}} would have shown", x=ratio_words(least))


def caution(data: NoteContext, order: Order) -> Phrase:
    """What the values of a difference may be besides that of its items, as the end of its sentence."""
    return phrase("; these are means that may include cold starts") if data.may_be_cold(order.contest) else ()


def ratio_words(more: float) -> Phrase:
    """A ratio minus 1 as it is read: `12 %`, `2.4 times`."""
    return phrase("{r} times", r=Number(times(1 + more), 1 + more, "")) if more > _FEW else (share(more),)
