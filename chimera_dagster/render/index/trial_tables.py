"""Tables of trials, as the page over all trials has them: how a trial is named, and when a table can be filtered."""

from chimera_dagster.compare.observed import Observed
from chimera_dagster.render.index.cells import configuration
from chimera_dagster.render.page import Inlines, Link, Table, inlines

NAMED = ("model", "parameters", "report")
_FEW = 10  # rows that nobody wants to sort or filter


def named(trial: Observed) -> tuple[Inlines, ...]:
    """A trial in the columns of NAMED."""
    key = trial.params.key
    return (
        inlines(trial.model),
        inlines(configuration(trial)),
        inlines(Link(key, trial.href) if trial.href is not None else key),
    )


def listed(
    header: tuple[str, ...], rows: tuple[tuple[Inlines, ...], ...], caption: str, numeric: frozenset[int] = frozenset()
) -> Table:
    """A table that may be long."""
    return Table(header, rows, caption, numeric, interactive=len(rows) > _FEW)


def counted(count: int, what: str) -> str:
    """`1 trial`, `1,000 trials`."""
    return f"{count} {what}" if count == 1 else f"{count:,} {what}s"
