"""Throughput and time to first token by configuration, from the statistics of the files: charts, and every value."""

from collections.abc import Iterator, Sequence

from chimera_dagster.evidence.figures import format_value, named_params
from chimera_dagster.evidence.setups import setup_of, setup_words
from chimera_dagster.records.documents import Configuration
from chimera_dagster.render.blocks import Block, Content, Details, Heading, Table
from chimera_dagster.render.report.charts import Estimate, throughput_by_configuration, ttft_by_configuration

_METRICS = (("decode_tok_s", "Decode throughput"), ("ttft_ms", "Time to first token"))


def by_configuration(configurations: Sequence[Configuration]) -> Iterator[Block]:
    by_metric = {name: [it for it in configurations if it.metric == name] for name, _ in _METRICS}
    charts = (
        throughput_by_configuration([_estimate(it) for it in by_metric["decode_tok_s"]]),
        ttft_by_configuration([_estimate(it) for it in by_metric["ttft_ms"]]),
    )
    header = ("model", "conditions and parameters", "mean", "95 % from", "95 % to", "median", "n", "failed")
    tables = (
        Table(header, tuple(map(_row, by_metric[name])), f"{title} of the runs in the files", frozenset(range(2, 8)))
        for name, title in _METRICS
        if by_metric[name]
    )
    blocks: tuple[Block, ...] = (*(chart for chart in charts if chart is not None), *tables)
    if blocks:
        yield Details(Heading(3, "By configuration", "by-configuration"), blocks, on_paper=False)


def _row(configuration: Configuration) -> tuple[Content, ...]:
    values = (configuration.mean, configuration.low, configuration.high, configuration.median)
    return (
        configuration.model or "no model named",
        _named(configuration) or "no parameters named",
        *(_rounded(value, configuration.unit) for value in values),
        str(configuration.n) if configuration.n else "not stated",
        str(configuration.failures),
    )


def _estimate(configuration: Configuration) -> Estimate:
    params = _named(configuration)
    label = f"{configuration.model or 'no model named'}{f', {params}' if params else ''}"
    return Estimate(label, configuration.n, configuration.mean, configuration.low, configuration.high)


def _named(configuration: Configuration) -> str:
    """Conditions, engine, GPU and parameters, and the file if it states the values."""
    setup = setup_of(configuration.backend, configuration.gpu, configuration.conditions)
    stated = f"as {configuration.file} states it" if configuration.source == "stated" else ""
    return ", ".join(filter(None, (setup_words(setup), named_params(configuration.params), stated)))


def _rounded(value: float | None, unit: str) -> str:
    return "–" if value is None else format_value(value, unit)
