"""Figures that form one list."""

from collections.abc import Sequence

from chimera_dagster.align.item import Item
from chimera_dagster.align.reading import Bound


def figure_runs(items: Sequence[Item], found: Sequence[Bound]) -> list[list[Bound]]:
    """Figures of one unit that only commas and words such as `and` or `versus` part."""
    runs: list[list[Bound]] = []
    measured = [bound for bound in found if bound.kind not in ("count", "axis")]
    for bound in measured:
        last = runs[-1][-1] if runs else None
        between = [item.text.lower() for item in items[last.place + 1 : bound.place]] if last is not None else []
        joined = all(
            text
            in (
                ",",
                "and",
                "&",
                "versus",
                "vs",
                "against",
                "compared",
                "compared with",
                "compared to",
                "or",
                "the",
                ".",
            )
            for text in between
        )
        if last is not None and joined and last.figure.unit == bound.figure.unit:
            runs[-1].append(bound)
        else:
            runs.append([bound])
    return runs
