"""Lines of console output of a known format, as its reader sees them."""

from collections.abc import Iterable, Sequence

from chimera_dagster.ingest.collector import Collector, Figure
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.formats.page import Page, figure_of


class Lines(Page):
    """A fenced block of a Markdown page, or a whole text file.

    `lines` are its lines without their ends, `first` is the number of the first one in the file. Of a block, `headings`
    are the texts of the headings that it stands under, the nearest one first, and `above` the lines between that one
    and the block. Only numbers that become figures count as numbers of the file.
    """

    source = "text"

    def __init__(
        self,
        lines: Sequence[str],
        first: int,
        collector: Collector,
        context: Context,
        headings: Sequence[str] = (),
        above: Sequence[str] = (),
    ) -> None:
        super().__init__(collector, context)
        self.lines, self.first, self.headings, self.above = lines, first, headings, above

    @property
    def heading(self) -> str | None:
        """The nearest heading."""
        return self.headings[0] if self.headings else None

    def figure(
        self, metric: str, value: float | str, name: str, unit: str | None = None, aggregate: str | None = None
    ) -> Figure | None:
        """A number that follows `name` on a line of its record."""
        return figure_of(metric, value, name, unit, aggregate)

    def record(self, start: int, stop: int, figures: Iterable[Figure | None], context: Context) -> None:
        """Add what stands in `lines[start:stop]` as a record."""
        one, last = self.first + start, self.first + stop - 1
        self.add(f"line {one}" if one >= last else f"lines {one}-{last}", figures, context)
