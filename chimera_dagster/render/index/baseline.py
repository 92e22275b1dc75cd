"""What is better or worse than the baseline, as a part of the page over all trials."""

from collections import Counter
from collections.abc import Iterator

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.regression import Regression
from chimera_dagster.render.index.cells import change_row, regression_words
from chimera_dagster.render.index.trial_tables import NAMED, listed, named
from chimera_dagster.render.page import (
    Block,
    Bullets,
    Details,
    Heading,
    Inlines,
    Link,
    Note,
    Paragraph,
    anchor_of,
    inlines,
)

_HEADING = Heading(2, "Against the baseline", "baseline")
_CHANGES = 200  # the worst first


def since_the_baseline(found: Regression) -> Inlines:
    """In a few words, with a link to all of them."""
    if not any(change.p is not None for change in found.changes):
        return inlines("nothing could be tested (", _link("why"), ").")
    return inlines(f"{found.count('worse'):,} worse, {found.count('better'):,} better (", _link("which"), ").")


def against_the_baseline(found: Regression | str, comparison: Comparison) -> Iterator[Block]:
    """The section: what changed besides, each change that was detected, and what could not be compared.

    A text says why the baseline is of no use.
    """
    yield _HEADING
    if isinstance(found, str):
        yield Note("warning", (Paragraph(inlines(found)),))
        return
    yield Paragraph(inlines(regression_words(found)))
    if found.environment:
        yield Paragraph(inlines("Not the same as then, whatever the figures say:"))
        rows = tuple(
            tuple(map(inlines, (each.name, each.before, each.after, str(each.trials)))) for each in found.environment
        )
        yield listed(("what", "before", "now", "trials"), rows, "What else changed", frozenset({3}))
    trials = {trial.key: trial for trial in comparison.trials}
    told = [change for change in found.changes if change.verdict in ("better", "worse")]
    told.sort(key=lambda each: (each.verdict == "better", -abs(each.change)))
    if told:
        rows = tuple((*named(trials[each.trial]), *map(inlines, change_row(each)[1:])) for each in told[:_CHANGES])
        header = (*NAMED, "metric", "before", "now", "change", "test", "verdict")
        yield listed(header, rows, "What changed, the worst first", frozenset({4, 5, 6}))
    if told[_CHANGES:]:
        said = f"{len(told) - _CHANGES} more are told by 'chimera compare --baseline {found.baseline}'."
        yield Paragraph(inlines(said))
    if found.apart:
        why = Counter(found.apart.values()).most_common()
        yield Details(
            "What can't be compared", (Bullets(tuple(inlines(f"{reason}: {count}") for reason, count in why)),)
        )


def _link(words: str) -> Link:
    return Link(words, f"#{_HEADING.anchor}", anchor_of(_HEADING.text))
