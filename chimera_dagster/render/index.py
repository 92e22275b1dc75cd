"""The page over all trials: the reports that are published, and those that are not with the reason of each."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chimera_dagster.evidence.figures import named_params
from chimera_dagster.render.page import Block, Heading, Inlines, Link, Page, Paragraph, Table, inlines
from chimera_dagster.results import Metrics


class Entry(NamedTuple):
    """A trial's line. `href` leads from the index to its report; `withheld` says why it isn't published, else empty."""

    metrics: Metrics
    href: str
    withheld: str


_HEADER = ("model", "parameters", "report", "throughput tok/s", "TTFT ms", "text", "score", "validity")


def build_index(entries: Sequence[Entry], waiting: int) -> Page:
    """`entries` in the order of the rows; `waiting` are trials that have no report yet."""
    return Page("Reports", "en", tuple(_blocks(entries, waiting)))


def _blocks(entries: Sequence[Entry], waiting: int) -> Iterator[Block]:
    published = [entry for entry in entries if not entry.withheld]
    withheld = [entry for entry in entries if entry.withheld]
    counts = f"{len(published)} of {len(entries)} reports are published"
    yield Paragraph(inlines(f"{counts}; {waiting} trials have none yet." if waiting else f"{counts}."))
    yield Heading(2, "Published", "published")
    if published:
        rows = tuple(_row(entry) for entry in published)
        yield Table(_HEADER, rows, "Published reports", frozenset({3, 4, 6}))
    else:
        yield Paragraph(inlines("No report is published."))
    if withheld:
        yield Heading(2, "Not published", "not-published")
        said = "What the evidence does not bear out stays out of the list above. The trials' measurements stand."
        yield Paragraph(inlines(said))
        rows = tuple((*_row(entry), inlines(entry.withheld)) for entry in withheld)
        yield Table((*_HEADER, "why"), rows, "Reports that are not published", frozenset({3, 4, 6}))


def _row(entry: Entry) -> tuple[Inlines, ...]:
    metrics, head = entry.metrics, entry.metrics.headline
    measured = (head.throughput_tok_s, head.ttft_ms)
    return (
        inlines(metrics.model),
        inlines(named_params(metrics.params.canonical()) or "the engine's own"),
        inlines(Link(metrics.params_key, entry.href)),
        *(inlines("–" if value is None else f"{value:.2f}") for value in measured),
        inlines(metrics.text_quality.verdict),
        inlines(f"{metrics.text_quality.score:.2f}"),
        inlines(metrics.verdict),
    )
