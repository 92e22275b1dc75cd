"""What the name of a number means: its metric, its canonical unit and its aggregate.

Matching is exact after normalising, never fuzzy: a name that is not listed keeps its number under its own name.
"""

from collections.abc import Iterator
from typing import NamedTuple

from chimera_dagster.ingest.names import normal
from chimera_dagster.ingest.packaged_vocabulary import Metric
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.spelling import TEST, aggregate_in, sections, with_percentiles, without_aggregate
from chimera_dagster.ingest.units import LONGEST_UNIT, is_unit, without_unit
from chimera_dagster.ingest.vocabulary import vocabulary
from chimera_dagster.ingest.word_meanings import metric_by_words

_OF_TESTS = {"pp": "prefill_tok_s", "tg": "decode_tok_s"}
_SUMS = {
    **{f"total_{name}_tokens": "prompt_tokens" for name in ("input", "prompt")},
    **{f"total_{name}_tokens": "output_tokens" for name in ("output", "generated", "completion")},
}
_VALUE = frozenset({"value", "values", "val"})


class Meaning(NamedTuple):
    """What a number's name says. `unit` is canonical, and None if the name is not in the vocabulary."""

    metric: str
    unit: str | None
    factor: float
    original_unit: str | None
    aggregate: str | None


@remembered(maxsize=10_000)
def meaning(name: str, unit: str | None = None, parent: str = "") -> Meaning:
    """What the number `name` measures.

    `unit` is what the file says beside the name (a units row, a suffix of the value); `parent` is the key above a
    name such as `mean_ms` or `value` that says only how a number was made.
    """
    plain, stated = normal(name)
    stated = unit.strip().lower() if unit else stated
    if whole := _sum(plain) or _with_aggregate(plain, stated):
        return whole
    suffix, aggregate, is_listed = None, None, False
    for place, (base, suffix_here, aggregate_here) in enumerate(readings(plain)):
        given = stated or suffix_here
        if place == 0:
            aggregate, is_listed = aggregate_here, base in metrics_of()
        if place == 1 and not is_listed:  # `time_to_first_token` is not in tokens
            suffix, aggregate = suffix_here, aggregate_here
        if parent and (not base or base in _VALUE):
            above = meaning(parent, given)
            if above.unit is not None or base or unit or not given:
                return above._replace(aggregate=aggregate_here or above.aggregate)
        found = _lookup(base, given) if base else _unnamed(given)
        if found:
            return found._replace(aggregate=aggregate_here)
    if found := _by_words(plain, stated):
        return found._replace(aggregate=aggregate)
    above, _, last = sections(plain)
    if above and (found := meaning(last, stated, above)).unit:
        return found
    return Meaning(name.strip(" *`"), None, 1.0, unit or stated or suffix, aggregate)


def _by_words(plain: str, stated: str | None) -> Meaning | None:
    """What a name means of which each word is known, if it leaves no choice."""
    units = vocabulary().units
    for base, suffix, _ in readings(plain):
        unit = (stated or suffix or "").lower()
        kind = next((kind for kind in ("tok/s", "ms", "MiB", "tokens") if unit in units[kind]), None)
        metric = metric_by_words(base, kind) if base and (kind or not unit) else None
        entry = vocabulary().metrics[metric] if metric else None
        if metric and entry and (spelled := unit or ("tokens" if entry.unit == "tokens" else "")):
            factor = units[entry.unit].get(spelled)
            return Meaning(metric, entry.unit, factor, spelled, None) if factor is not None else None
    return None


def _sum(plain: str) -> Meaning | None:
    """What a name such as `total_input_tokens` says: the sum over all requests of a benchmark."""
    metric = _SUMS.get(plain)
    return Meaning(metric, "tokens", 1.0, "tokens", "sum") if metric else None


def _with_aggregate(plain: str, stated: str | None) -> Meaning | None:
    """The metric of a name that is listed with its aggregate: `peak_ram`, as a machine has RAM that it did not use."""
    base, unit = without_unit(plain)
    aggregate = without_aggregate(base)[1]
    found = _lookup(base, stated or unit) if aggregate and base in metrics_of() else None
    return found._replace(aggregate=aggregate) if found else None


@remembered(maxsize=10_000)
def assumed_unit(name: str) -> str | None:
    """The unit that a name implies if nothing beside it states one; None if it implies none, or states one itself.

    A unit that the user's own vocabulary gives a name is stated.
    """
    plain, stated = normal(name)
    base = without_aggregate(plain)[0]
    assumed = (entry.assumed[base] for entry in vocabulary().metrics.values() if base in entry.assumed)
    return None if stated or base in vocabulary().numbers else next(assumed, None)


def readings(plain: str) -> Iterator[tuple[str, str | None, str | None]]:
    """The ways to read a name as a base, a unit and an aggregate, the most likely first.

    The unit and the aggregate stand at its ends; then anywhere, and words that say nothing are left out.
    """
    base, aggregate = without_aggregate(plain)
    yield base, None, aggregate
    words = base.split("_")
    units = [count for count in range(min(LONGEST_UNIT, len(words)), 0, -1) if is_unit("_".join(words[-count:]))]
    for count in units or [0]:
        stem, inner = without_aggregate("_".join(words[: len(words) - count]))
        yield stem, "_".join(words[-count:]) if count else None, aggregate or inner
    known = vocabulary()
    words, kinds = list[str](), list[str]()
    for word in with_percentiles(plain.split("_")):
        if kind := aggregate_in(word):
            kinds.append(kind)
        elif word not in known.fillers:
            words.append(word)
    aggregate = next((kind for kind in kinds if kind != "overall"), kinds[0] if kinds else None)
    yield "_".join(words), None, aggregate
    for count in range(min(LONGEST_UNIT, len(words)), 0, -1):
        for start in range(len(words) - count, -1, -1):
            if is_unit(unit := "_".join(words[start : start + count])):
                yield "_".join([*words[:start], *words[start + count :]]), unit, aggregate


@remembered()
def metrics_of() -> dict[str, list[tuple[str, Metric]]]:
    """The metrics that each name may stand for."""
    found: dict[str, list[tuple[str, Metric]]] = {}
    for metric, entry in vocabulary().metrics.items():
        for name in entry.names:
            found.setdefault(name, []).append((metric, entry))
    return found


def _unnamed(unit: str | None) -> Meaning | None:
    """A number of which only its unit and its aggregate are said: the unit names it."""
    bases = ("latency", "tok_s", "requests_per_s") if unit else ()
    return next((found for base in bases if (found := _lookup(base, unit))), None)


def _lookup(base: str, unit: str | None) -> Meaning | None:
    words = vocabulary()
    if test := TEST.fullmatch(base):
        base = _OF_TESTS[test["kind"]]
    for metric, entry in metrics_of().get(base, ()):
        spelled = unit or entry.assumed.get(base)
        factor = words.units[entry.unit].get(spelled.lower()) if spelled else None
        if spelled and factor is None and entry.unit == "share" and spelled.lower() in words.units["%"]:
            factor = 0.01
        if factor is not None:  # otherwise the word names another metric, or the unit is unknown
            return Meaning(metric, entry.unit, factor, spelled, None)
    return None
