"""What a figure is said to be: which metric, of which model, which aggregate, where and over which runs."""

import itertools
import re
from typing import NamedTuple

from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.grounding.rules.aggregate import aggregate_of
from chimera_dagster.ingest.vocabulary import vocabulary

AS_METRIC = {
    "gpu_util": "gpu_util_pct",
    "gpu_memory": "gpu_mem_used_mib",
    "memory": "memory_used_mib",
    "power": "power_w",
    "energy": "energy_j",
    "temperature": "temperature_c",
    "cpu": "cpu_util_pct",
}
_OF_UNIT = {"J": "energy_j", "W": "power_w"}
_APART = re.compile(r",|\b(?:because|since|as|and|but)\b", re.IGNORECASE)


class Typed(NamedTuple):
    """A figure as a claim: what of which metric, of which model, where.

    `runs` has what the words allow: a clause that does not say it is about all, or goes on about those before it.
    """

    metric: str | None
    model: str | None
    models: tuple[str, ...]
    aggregate: str | None
    params: dict[str, float]
    runs: tuple[str, ...]


def typed_of(clause: Clause, mention: Mention, values: list[Mention]) -> Typed:
    known = clause.folder.models
    metric = _metric_of(clause, mention)
    named = respective(clause, mention, values, "model")
    model_mention = named or clause.bind(mention, ("model",))
    if model_mention is None and clause.carry.models and not clause.models:
        model_mention = clause.carry.models[-1]
    models = model_mention.many if model_mention else ()
    model = models[0] if len(models) == 1 else None
    if model is None and not models and len(known) == 1:
        model = known[0]
    return Typed(
        metric,
        model,
        models,
        aggregate_of(clause, mention, values, metric),
        _params(clause, mention, values),
        _runs(clause, mention, values),
    )


def respective(clause: Clause, mention: Mention, values: list[Mention], kind: str) -> Mention | None:
    """`A and B reach 57 and 99 tok/s`: the name in the same place as the figure."""
    names = clause.all_of(kind)
    carried = not names and kind == "model"
    if carried:
        names = clause.carry.models
    alike = [each for each in values if unit_of(each) == unit_of(mention)]
    if len(names) < 2 or not alike or len(alike) % len(names) or mention not in alike:
        return None
    if carried:
        return names[alike.index(mention) % len(names)]
    first, last = max(each.end for each in names), min(each.start for each in alike)
    apart = first <= last or max(each.end for each in alike) <= min(each.start for each in names)
    return names[alike.index(mention) % len(names)] if apart else None


def unit_of(mention: Mention) -> str | None:
    return mention.number.unit if mention.number is not None else None


def metric_named(mention: Mention) -> str:
    """The metric that a metric, telemetry or quality word means."""
    return AS_METRIC.get(mention.meaning, mention.meaning) if mention.kind == "telemetry" else mention.meaning


def canonical_unit(metric: str) -> str | None:
    entry = vocabulary().metrics.get(metric)
    return entry.unit if entry else {"temperature_c": "°C"}.get(metric)


def _metric_of(clause: Clause, mention: Mention) -> str | None:
    """The metric a figure is said to be of; None where nothing says it. Units must agree, else another is sought."""
    unit = unit_of(mention)
    named = clause.all_of("metric", "telemetry", "unmeasured")
    lined_up = _lined_up(clause, mention, named)
    if lined_up is not None:
        return metric_named(lined_up)
    fitting = [each for each in named if unit is None or canonical_unit(metric_named(each)) == unit]
    after = [each for each in named if each.start >= mention.end]
    if (
        after
        and re.match(r"^\s*(?:of|in|for)?\s*(?:the\s+|an?\s+)?\x01*\s*$", clause.between(mention.end, after[0].start))
        and (after[0] in fitting)
        and not any(mention.end <= each.start < after[0].start for each in clause.figures)
    ):
        return metric_named(after[0])
    own = _own_metric(clause, mention, named)
    if own is not None and own not in fitting:
        return metric_named(own)
    left = fitting or [each for each in named if not _is_of_another(clause, mention, each)]
    chosen = clause.bind(mention, (), among=left)
    if chosen is not None:
        return metric_named(chosen)
    if clause.carry.metric and (unit is None or canonical_unit(clause.carry.metric) == unit):
        return clause.carry.metric
    alike = [metric for metric in clause.folder.metrics if unit is not None and canonical_unit(metric) == unit]
    return alike[0] if len(alike) == 1 else _OF_UNIT.get(unit or "")


def _is_of_another(clause: Clause, mention: Mention, named: Mention) -> bool:
    """Whether another figure of the clause has the unit of a metric, which this one has not."""
    unit = canonical_unit(metric_named(named))
    return any(each is not mention and unit is not None and unit_of(each) == unit for each in clause.figures)


def _lined_up(clause: Clause, mention: Mention, named: list[Mention]) -> Mention | None:
    """`throughput and TTFT are 57 tok/s and 80 ms`: the metric in the same place as the figure."""
    figures = [each for each in clause.figures if unit_of(each)]
    if len(named) < 2 or len(named) != len(figures) or mention not in figures or named[-1].end > figures[0].start:
        return None
    listed = all(
        re.fullmatch(r"[\s,]*(?:and|or)?[\s\x01]*(?:the\s+)?[\s\x01]*", clause.between(one.end, other.start))
        for one, other in itertools.pairwise(named)
    )
    return named[figures.index(mention)] if listed else None


def _own_metric(clause: Clause, mention: Mention, named: list[Mention]) -> Mention | None:
    """The metric before a figure with no other figure between: the words say it is that, whatever its unit."""
    before = [each for each in named if each.end <= mention.start]
    if not before:
        return None
    gap = clause.between(before[-1].end, mention.start)
    if any(before[-1].end <= each.start < mention.start for each in clause.figures):
        return None
    return (
        before[-1] if not re.search(r"\b(?:and|with|but|at)\b.*\b(?:reaches|runs|decodes|generates)\b", gap) else None
    )


def _runs(clause: Clause, mention: Mention, values: list[Mention]) -> tuple[str, ...]:
    found = respective(clause, mention, values, "runs") or clause.bind(mention, ("runs",))
    if found and found.start > mention.end and _APART.search(clause.between(mention.end, found.start)):
        found = None  # `is 526 ms, because cold starts take 2258 ms`
    return (found.meaning,) if found else tuple(dict.fromkeys(("all", clause.carry.runs)))


def _params(clause: Clause, mention: Mention, values: list[Mention]) -> dict[str, float]:
    named = [each for each in clause.all_of("parameter") if each.values]
    found: dict[str, float] = {}
    for name in dict.fromkeys(each.meaning for each in named):
        among = [each for each in named if each.meaning == name]
        if len(among) == 1 and len(among[0].values) == len(values) > 1:
            found[name] = among[0].values[values.index(mention)]
            continue
        if len(among) > 1:
            chosen = clause.bind(mention, (), among=among)
            among = [chosen] if chosen else among
        if len(among[0].values) == 1:
            found[name] = among[0].values[0]
    return found


def span_of(clause: Clause, mention: Mention, more: int = 0) -> str:
    end = min(len(clause.sentence.text), mention.end + more)
    return re.sub(r"\s+", " ", clause.sentence.text[mention.start : end]).strip()
