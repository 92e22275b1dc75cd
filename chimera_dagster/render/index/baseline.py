"""The section of the index page about what is better or worse than the baseline."""

from collections import Counter
from collections.abc import Iterator

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.regression import Regression
from chimera_dagster.render.blocks import (
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
from chimera_dagster.render.index.cells import NAMED, change_row, listed, named, regression_words

_HEADING = Heading(3, "Compared with the baseline", "baseline")
_CHANGES = 200  # rows; the worst come first


def baseline_summary(found: Regression) -> Inlines:
    """How many trials got worse and better, with a link to the section."""
    if not any(change.p is not None for change in found.changes):
        return inlines("nothing could be tested (", _link("details"), ").")
    return inlines(f"{found.count('worse'):,} worse, {found.count('better'):,} better (", _link("details"), ").")


def baseline_blocks(found: Regression | str, comparison: Comparison) -> Iterator[Block]:
    """The section: what else changed, each detected change, and what could not be compared.

    `found` may be a text that says why the baseline can't be used.
    """
    yield _HEADING
    if isinstance(found, str):
        yield Note("warning", (Paragraph(found),))
        return
    yield Paragraph(regression_words(found))
    if found.environment:
        yield Paragraph("These also changed since the baseline:")
        rows = tuple((change.name, change.before, change.after, str(change.trials)) for change in found.environment)
        yield listed(("what", "before", "now", "trials"), rows, "Other changes", frozenset({3}))
    trials = {trial.key: trial for trial in comparison.trials}
    detected = [change for change in found.changes if change.verdict in ("better", "worse")]
    detected.sort(key=lambda change: (change.verdict == "better", -abs(change.change)))
    if detected:
        rows = tuple(
            (*named(trials[change.trial]), *map(inlines, change_row(change)[1:])) for change in detected[:_CHANGES]
        )
        header = (*NAMED, "metric", "before", "now", "change", "test", "verdict")
        yield listed(header, rows, "Detected changes, worst first", frozenset({4, 5, 6}))
    if (left_out := len(detected) - _CHANGES) > 0:
        yield Paragraph(f"'chimera compare --baseline {found.baseline}' lists {left_out} more.")
    if found.apart:
        counts = Counter(found.apart.values()).most_common()
        reasons = Bullets(tuple(f"{reason}: {count}" for reason, count in counts))
        yield Details("Trials that can't be compared", (reasons,))


def _link(text: str) -> Link:
    return Link(text, f"#{_HEADING.anchor}", anchor_of(_HEADING.text))
