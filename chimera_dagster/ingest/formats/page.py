"""What the reader of a known format adds to the measurements of a file."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from chimera_dagster.ingest.cells import number_in, plain_number, text_in
from chimera_dagster.ingest.collector import Collector, Figure
from chimera_dagster.ingest.context import Condition, Context, condition_of, within
from chimera_dagster.ingest.field_roles import MetricColumn
from chimera_dagster.ingest.model_names import bare_model
from chimera_dagster.ingest.parameter_values import parameter
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.vocabulary import vocabulary

_YEAR_10000 = 253_402_300_800  # as a Unix timestamp


class Page:
    """Records of one document, table or text. They reach the collector with `commit`, so that a rejected one has none.

    `context` is what its surroundings (the path, the objects around it, a heading) say of every record.
    """

    whole = True  # not a part of its file, such as a line
    source = "json"  # of a model's name, as schemas.Measurements.model_source has it

    def __init__(self, collector: Collector, context: Context) -> None:
        self.collector, self.context = collector, context
        self._records: list[tuple[str, Context, list[Figure]]] = []
        self._problems: list[str] = []
        self._left_out: str | None = None

    def describe(
        self,
        base: Context | None = None,
        *,
        model: str | None = None,
        backend: str | None = None,
        gpu: str | None = None,
        prompt: str | None = None,
        timestamp: str | None = None,
        parameters: Mapping[str, float | None] | None = None,
        conditions: Mapping[str, object] | None = None,
        labels: Mapping[str, float | None] | None = None,
        n: float | None = None,
        failed: bool = False,
    ) -> Context:
        """`base` (or what the surroundings say) with what a record says itself; None says nothing.

        `parameters` are those of spec.trial.ParamSet; names of `conditions` are those of the vocabulary. `n` is how
        many runs are behind the record's aggregates.
        """
        base = base or self.context
        if model and (named := bare_model(model)):
            base = base._replace(model=named, model_source=self.source)
        said = base._replace(
            backend=text_in(backend) if backend else base.backend,
            gpu=text_in(gpu) if gpu else base.gpu,
            prompt=text_in(prompt) if prompt else base.prompt,
            timestamp=text_in(timestamp) if timestamp else base.timestamp,
            n=base.n if n is None else int(n),
            failed=base.failed or failed,
        )
        if parameters:
            given = {name: parameter(name, float(value)) for name, value in _stated(parameters).items()}
            said = said._replace(parameters=within(base.parameters, _stated(given)))
        if conditions:
            said = said._replace(conditions=within(base.conditions, dict(_conditions(conditions))))
        if labels:
            counts = {name: condition_of(value) for name, value in labels.items()}
            said = said._replace(labels=within(base.labels, _stated(counts)))
        return said

    def add(self, where: str, figures: Iterable[Figure | None], context: Context) -> None:
        """Add a record; None stands for a figure that the file does not have."""
        self._records.append((where, context, [figure for figure in figures if figure is not None]))

    def problem(self, text: str) -> None:
        """Note what is left out, and where."""
        self._problems.append(text)

    def leave_out(self, reason: str = "") -> None:
        """Drop this page, such as a warm-up: its numbers do not count. With a reason, the whole file is set aside."""
        self._left_out = reason

    def commit(self, name: str, *, is_tool: bool) -> None:
        """Pass everything on; `name` is that of the format, and if `is_tool` a condition of every record."""
        collector = self.collector
        collector.format = name
        if self._left_out is not None:
            if self._left_out and self.whole:
                collector.leave_out("set_aside", self._left_out)
            return
        tool = name if is_tool else None
        rows = sum(collector.add(where, _by_tool(context, tool), figures) for where, context, figures in self._records)
        read, unread = self.counted()
        collector.numbers += read + unread.total()
        collector.covered += read if rows else 0
        if unread:
            collector.unread.update(unread)
        for problem in self._problems:
            collector.problem(problem)

    def counted(self) -> tuple[int, Counter[str]]:
        """How many numbers were read, and the names of those that were not."""
        return sum(len(figures) for _, _, figures in self._records), Counter()


@lru_cache(maxsize=10_000)
def _by_tool(context: Context, tool: str | None) -> Context:
    """With the tool as a condition, unless the record has one already."""
    if tool is None or any(condition == "tool" for condition, _ in context.conditions):
        return context
    return context._replace(conditions=within(context.conditions, {"tool": tool}))


def figure_of(metric: str, value: Any, name: str, unit: str | None, aggregate: str | None) -> Figure | None:
    """A value of the vocabulary's `metric`, as it stands in the file under `name`, or None if it is not a number.

    `unit` is that of the file, None for the canonical one; a unit that the metric can't have gives None.
    """
    number = number_in(value) if isinstance(value, str) else plain_number(value)
    known = _measured(metric, name, unit, aggregate)
    return None if number is None or known is None else Figure(known[0], number, known[1])


@remembered(maxsize=10_000)
def _measured(metric: str, name: str, unit: str | None, aggregate: str | None) -> tuple[MetricColumn, float] | None:
    words = vocabulary()
    canonical = words.metrics[metric].unit
    factor = 1.0 if unit is None else words.units[canonical].get(unit.strip().lower())
    return None if factor is None else (MetricColumn(metric, canonical, name, unit, aggregate), factor)


def time_of(seconds: float | None, timespec: str = "auto") -> str | None:
    """A Unix timestamp as ISO 8601 in UTC; None if it is missing or lies after the year 9999.

    `timespec` is that of `datetime.isoformat`.
    """
    if seconds is None or not 0 < seconds < _YEAR_10000:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec=timespec)


def _conditions(given: Mapping[str, object]) -> Iterable[Condition]:
    for name, value in given.items():
        if name not in vocabulary().conditions:
            raise ValueError(f"{name} is not a condition of the vocabulary")
        found = None if value is None else condition_of(str(value) if isinstance(value, bool) else value)
        if found is not None:
            yield name, found


def _stated(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}
