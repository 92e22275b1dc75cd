"""What the shape of a JSON object says of the numbers in it: which key names the metric, the unit, the model.

`{"ttft": {"unit": "ms", "mean": 81, "p99": 172}}`, `{"p50": {"ttft_ms": 80}}`, `{"ttft_ms": {"lynx:7b": 81}}` and
`{"metric": "ttft", "value": 81, "unit": "ms"}` all hold TTFT in milliseconds.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from chimera_dagster.ingest.cells import CONTAINERS, plain_number, text_of
from chimera_dagster.ingest.context import Context
from chimera_dagster.ingest.field_roles import FieldRoles, Number, field_roles
from chimera_dagster.ingest.meanings import meaning
from chimera_dagster.ingest.metric_names import is_metric
from chimera_dagster.ingest.model_names import bare_model, is_model
from chimera_dagster.ingest.names import aggregate_of, normal, stem_of
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.request_rates import is_either
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.vocabulary import vocabulary

Object = dict[str, Any]

_UNITS = ("unit", "units", "metric_unit", "time_unit", "uom")
_METRICS = ("metric", "metric_name", "measure", "kpi")  # keys of a metric's name
_NAMES = (*_METRICS, "name", "label", "id")
_STATISTICS = ("aggregate", "aggregation", "statistic", "stat", "percentile", "quantile")
_SHARE = re.compile(r"p?(\d{1,3}(?:\.\d+)?)(?:%|th|st|nd|rd)?")
_SUMMED_UP = re.compile(r"(?P<name>.+)_(?P<kind>percentile|quantile|stat|statistic|summarie|distribution|summary)s?")
_LONGEST_NAME = 80


class Above(NamedTuple):
    """What the keys above a value say of the numbers in it: what they measure, their unit, how they were made.

    `attached` objects describe the record around them; those that hold `settings`, or describe a `machine`, measure
    nothing. `unlisted` are the settings of the objects in a list that the vocabulary does not list, None if they were
    not looked for; they are those of these objects alone.
    """

    name: str = ""
    unit: str | None = None
    aggregate: str | None = None
    attached: bool = False
    settings: bool = False
    machine: bool = False
    unlisted: frozenset[str] | None = None


_AMONG = Above(aggregate="percentile")


@remembered(maxsize=10_000)
def under(above: Above, key: str) -> Above:
    """What holds for the values below a key."""
    words, plain = vocabulary(), normal(key)[0]
    above = above._replace(unlisted=None)
    if plain in ("percentile", "percentiles", "quantile", "quantiles"):
        return above._replace(aggregate=plain.removesuffix("s"))
    if aggregate := aggregate_of(_percentile(key, above)):
        return above._replace(aggregate=aggregate)
    if plain in words.summaries:
        return above._replace(aggregate=above.aggregate or "summary")
    if plain in words.holders or is_model(key):
        return above
    if (found := _SUMMED_UP.fullmatch(plain)) and not is_metric(key):
        kind = "percentile" if found["kind"] in ("percentile", "quantile") else "summary"
        return Above(found["name"], None, above.aggregate or kind)
    own = role_of(key)[0] == "attached"
    return Above(
        key,
        aggregate=above.aggregate,
        attached=own or above.attached,
        settings=(own and plain not in ("metadata", "meta"))
        or above.settings,  # which often has what was measured once
        machine=plain in words.machines or above.machine,
    )


class Shape(NamedTuple):
    """What the keys of an object are for.

    `bare` are keys such as `mean` and `value`, which name no metric, and `metrics` those that do; `models` are names of
    models, and `model` says whether a key has one as its value.
    """

    unit: str | None
    named: str | None
    statistic: str | None
    bare: frozenset[str]
    metrics: frozenset[str]
    models: tuple[str, ...]
    model: bool
    measures: bool

    @property
    def tells(self) -> bool:
        """Whether values of the object may say what its numbers are."""
        return self.named is not None or self.unit is not None or self.statistic is not None


@remembered(maxsize=4_096)
def shape_of(keys: tuple[str, ...]) -> Shape:
    """The shape of the objects with these keys."""
    plain = {normal(key)[0]: key for key in reversed(keys)}

    def first(names: Sequence[str]) -> str | None:
        return next((plain[name] for name in names if name in plain), None)

    unit, named, statistic = first(_UNITS), first(_NAMES), first(_STATISTICS)
    bare = frozenset(key for key in keys if _is_bare(key))
    roles = {key: role_of(key) for key in keys}
    numbers = {key for key, (role, _) in roles.items() if role == "number"}
    models = tuple(key for key in keys if key in numbers and is_model(key))
    model = ("context", "model") in roles.values()
    measures = any(is_metric(key) for key in numbers)
    words = vocabulary()
    holders = {key for key in keys if normal(key)[0] in (*words.holders, *words.summaries)}
    metrics = frozenset(numbers - bare - holders - {*models, unit, named, statistic})
    return Shape(unit, named, statistic, bare, metrics, models, model, measures)


def _is_bare(key: str) -> bool:
    return normal(key)[0] in ("value", "values") or aggregate_of(key) is not None


def told(content: Object, shape: Shape, key: str, context: Context, above: Above) -> tuple[Context, Above]:
    """What holds in an object whose values name a metric, a unit, a statistic or a model; `key` is the one above it."""
    name = text_of(content[shape.named]) if shape.named else None
    unit = content[shape.unit] if shape.unit else None
    if isinstance(unit, str):
        above = above._replace(unit=unit[:_LONGEST_NAME])
    if name and not shape.model and (is_model(name) or normal(key)[0] == "models"):
        context = context._replace(model=bare_model(name) or None, model_source="json")
    elif name and not shape.metrics and _names_metric(name, shape, above):
        above = above._replace(name=name[:_LONGEST_NAME])
    statistic = content[shape.statistic] if shape.statistic else None
    if statistic is not None and (aggregate := _statistic(statistic, shape.statistic or "")):
        above = above._replace(aggregate=aggregate)
    return context, above


def _names_metric(name: str, shape: Shape, above: Above) -> bool:
    """Whether an object's name is that of a metric rather than that of a run of the metric above."""
    if meaning(name, above.unit).unit is not None:
        return True
    known_above = above.name and meaning(above.name, above.unit).unit is not None
    return not known_above and (shape.unit is not None or normal(shape.named or "")[0] in _METRICS)


def _statistic(value: object, key: str) -> str | None:
    """`p95` for 95, 0.95 as a quantile or 'p95'; the aggregate that a text names."""
    number = plain_number(value)
    if number is None:
        return aggregate_of(_percentile(value, _AMONG)) if isinstance(value, str) else None
    if "quantile" in key.lower() and number < 1:
        number *= 100
    return f"p{number:g}" if 0 < number < 100 else None


@remembered(maxsize=4_096)
def object_roles(keys: tuple[str, ...], above: Above, implied: str | None) -> FieldRoles:
    """The roles of an object's fields; `implied` is the aggregate that its numbers have by their place."""
    shape = shape_of(keys)
    names = tuple(_meant(key, above, shape) for key in keys)
    units = tuple(above.unit if _takes_unit(name, above) else None for name in names) if above.unit else None
    unlisted = above.unlisted
    if above.settings and (offered := frozenset(filter(is_either, names))):
        unlisted = (unlisted or frozenset()) | offered
    roles = field_roles(names, units, above.name, implied, unlisted)
    said = {*(shape.models if above.name else ()), *([shape.statistic] if shape.statistic else [])}
    return _as_in_file(roles, keys, above, frozenset(said))


@remembered(maxsize=4_096)
def number_roles(key: str, above: Above, implied: str | None) -> FieldRoles:
    """The roles of a number in a list below `key`, or below a model's name."""
    name, parent = (singular(key), "") if above.name in ("", key) else ("value", above.name)
    roles = field_roles((name,), (above.unit,), parent, implied)
    return _as_in_file(roles, (key,), above, frozenset())


@remembered(maxsize=4_096)
def column_roles(
    names: tuple[str, ...], above: Above, implied: str | None, settings: frozenset[str] | None
) -> FieldRoles:
    """The roles of the columns of a table by columns, whose names may be plural; `settings` are those of FieldRoles."""
    of_one = tuple(map(singular, names))
    unlisted = None if settings is None else frozenset(map(singular, settings))
    return _as_in_file(field_roles(of_one, None, above.name, implied, unlisted), names, above, frozenset())


def _as_in_file(roles: FieldRoles, keys: tuple[str, ...], above: Above, said: frozenset[str]) -> FieldRoles:
    """The roles under the keys that the file has, without the numbers of keys that say something else."""
    numbers = tuple(_number(number, keys, above) for number in roles.numbers if keys[number.place] not in said)
    parameters = tuple((which, _number(number, keys, above)) for which, number in roles.parameters)
    verdicts = tuple((role, keys[place], place) for role, _, place in roles.verdicts)
    aggregates = frozenset(number.measured.aggregate for number in numbers)
    return roles._replace(names=keys, numbers=numbers, parameters=parameters, verdicts=verdicts, aggregates=aggregates)


def _number(number: Number, keys: tuple[str, ...], above: Above) -> Number:
    key = keys[number.place]
    measured = number.measured._replace(original_name=key)
    if measured.unit is not None and (above.settings or (above.machine and _is_capacity(key))):
        return Number(number.place, measured._replace(metric=key, unit=None), 1.0)
    return Number(number.place, measured, number.factor)


def _is_capacity(key: str) -> bool:
    return stem_of(key) in vocabulary().capacities


def _percentile(key: str, above: Above) -> str:
    """A key among percentiles as the vocabulary knows it: `50` is p50, `p999` p99.9, and 0.5 of quantiles p50."""
    found = _SHARE.fullmatch(key) if above.aggregate in ("percentile", "quantile") or key.endswith("%") else None
    if not found:
        return key
    digits = found[1]
    share = float(f"{digits[:2]}.{digits[2]}" if len(digits) == 3 and digits.isdigit() else digits)
    return f"p{share * 100 if above.aggregate == 'quantile' and share < 1 else share:g}"


def _meant(key: str, above: Above, shape: Shape) -> str:
    """A key as the vocabulary knows it."""
    if above.name and len(shape.bare) > 0 and not shape.metrics - {key} and normal(key)[0] == "total":
        return "sum"
    return _percentile(key, above)


def _takes_unit(name: str, above: Above) -> bool:
    return _is_bare(name) or meaning(name, None, above.name).unit is None


@remembered(maxsize=4_096)
def singular(name: str) -> str:
    """The name of one value of a list: `ttfts_ms` is ttft_ms, if the vocabulary knows that and not the plural."""
    if role_of(name)[0] != "number" or is_metric(name):
        return name
    words = normal(name)[0].split("_")
    for at, word in enumerate(words):
        if len(word) > 2 and word.endswith("s"):
            one = f"{word[:-3]}y" if word.endswith("ies") else word[:-1]
            candidate = "_".join([*words[:at], one, *words[at + 1 :]])
            if role_of(candidate)[0] != "number" or is_metric(candidate):
                return candidate
    return name


class Columnar(NamedTuple):
    """A table that an object holds by columns: its names, each row with its place below the object, and the rest."""

    names: tuple[str, ...]
    rows: Sequence[tuple[str, Sequence[Any]]]
    others: Object


def columnar(content: Object) -> Columnar | None:
    """The table that an object holds by columns, or None.

    Lists of scalars, of one length: one of their names must be in the vocabulary, or any two lists that happen to
    match would be a table. Objects with the same numbered keys, and names beside rows: as pandas writes them.
    """
    return _split(content) or _parallel(content) or _numbered(content)


def _split(content: Object) -> Columnar | None:
    for names_key, rows_key in (("columns", "data"), ("columns", "rows"), ("headers", "rows"), ("header", "rows")):
        if names_key not in content:
            continue
        names, data = content[names_key], content.get(rows_key)
        if isinstance(names, list) and isinstance(data, list) and names:
            width = len(cast("list[Any]", names))
            rows = [
                (f"{rows_key}/{place}", row) for place, row in enumerate(cast("list[Any]", data)) if _is_row(row, width)
            ]
            if len(rows) == len(cast("list[Any]", data)):
                others = {key: value for key, value in content.items() if key not in (names_key, rows_key, "index")}
                return Columnar(tuple(map(str, cast("list[Any]", names))), rows, others)
    return None


def _parallel(content: Object) -> Columnar | None:
    lists = {key: value for key, value in content.items() if isinstance(value, list)}
    heights = {len(column) for key, column in lists.items() if _is_known(key)}
    if len(lists) < 2 or len(heights) != 1 or (height := heights.pop()) < 2:
        return None
    columns = {key: column for key, column in lists.items() if _is_row(column, height)}
    if len(columns) < 2 or not any(map(_is_known, columns)):
        return None
    rows = [(f"*/{place}", row) for place, row in enumerate(zip(*columns.values(), strict=True))]
    return Columnar(tuple(columns), rows, {key: item for key, item in content.items() if key not in columns})


@remembered(maxsize=4_096)
def _is_known(name: str) -> bool:
    one = singular(name)
    return is_metric(one) or role_of(one)[0] in ("parameter", "condition", "context")


def _numbered(content: Object) -> Columnar | None:
    first = next(iter(content.values()), None)
    if len(content) > 1 and isinstance(first, dict) and first and all(key.isdigit() for key in cast("Object", first)):
        keys = [*cast("Object", first)]
        if all(isinstance(column, dict) and [*column] == keys for column in content.values()):
            rows = [(f"*/{key}", [column[key] for column in content.values()]) for key in keys]
            return Columnar(tuple(content), rows, {}) if all(_is_row(row, len(content)) for _, row in rows) else None
    return None


def _is_row(row: Any, width: int) -> bool:
    """Whether this is a list of `width` scalars."""
    if not isinstance(row, list | tuple) or len(cast("Sequence[Any]", row)) != width:
        return False
    return not any(isinstance(cell, CONTAINERS) for cell in cast("Sequence[Any]", row))
