"""Keys of JSON objects that say what the results below them are about.

`{"Q4_K_M": {...}, "Q8_0": {...}}`, `{"batch_1": {...}}`, `{"concurrency": {"1": {...}, "8": {...}}}`. A quantization, a
GPU, an engine, a level of a condition or a parameter and the number of a run are known by their names. Other keys are
the condition `variant` if the objects under them have a metric in common: these would be one sample.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from chimera_dagster.ingest.cells import number_in
from chimera_dagster.ingest.context import Context, within
from chimera_dagster.ingest.engine_names import is_engine_alone
from chimera_dagster.ingest.json_shapes import Object, singular
from chimera_dagster.ingest.key_texts import said_in_key, with_key_text
from chimera_dagster.ingest.metric_names import kinds_of
from chimera_dagster.ingest.model_names import is_model, is_ordinary
from chimera_dagster.ingest.names import is_aggregate, normal
from chimera_dagster.ingest.parameter_values import parameter
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.surroundings.path_names import card_in_name
from chimera_dagster.ingest.tables.subjects import is_change, is_variant, subject_of
from chimera_dagster.ingest.unlisted_settings import is_short
from chimera_dagster.ingest.vocabulary import vocabulary

_VARIANT, _TEXT = "variant", "text"
_MOST_VARIANTS = 40
_DEEPEST = 3  # levels below a key at which metrics are looked for
_WORD = re.compile(r"[^\W_]+")
_DRAWN = re.compile(r"(?=.*\d)[0-9a-f-]{6,}", re.IGNORECASE)  # an id


class Said(NamedTuple):
    """What a key says: the kind of it and its value.

    The kind is `gpu`, `run`, `text` for what `said_in_key` reads, or the name of a condition or a parameter.
    """

    kind: str
    value: str


CHANGE = Said("change", "")  # the key compares others, so nothing below it is a measured value


def said_by_keys(content: Object, key: str, metric: str) -> Mapping[str, Said]:
    """What keys of an object say of the objects or lists below them; `key` is the one above it.

    If the keys above name a `metric`, its numbers may stand directly under such keys.
    """
    below = {name: item for name, item in content.items() if isinstance(item, dict | list) and item}
    numbers = [name for name, item in content.items() if type(item) in (int, float)] if kinds_of(metric) else []
    if not below and not numbers:
        return {}
    found = {name: said for name in (*below, *numbers) if (said := _said(name, key))}
    found |= {name: Said(_TEXT, name) for name in below if name not in found and _is_text(name, below[name])}
    sides = [name for name in below if name not in found and is_variant(name)]
    kind = _kind(key)
    others = [name for name in below if name not in found and _may_tell(name, is_value=kind != _VARIANT)]
    of_change = any(said is CHANGE for said in found.values())
    speak = any(_describes_itself(name, below[name]) for name in others)
    if others and not speak and _share_metric([below[name] for name in others]) and not _are_numbered(others):
        if 1 < len(others) <= _MOST_VARIANTS:
            found |= {name: Said(kind, name) for name in others}
    elif len(sides) > 1 or (sides and (of_change or _measures(content, 1))):
        found |= {name: Said(_VARIANT, name) for name in sides}
    return found


def with_said(context: Context, said: Said) -> Context:
    """The context of what is below a key."""
    kind, value = said
    if said is CHANGE:
        return context
    if kind == _TEXT and (text := said_in_key(value)):
        return with_key_text(context, text)
    if kind in ("gpu", "backend"):
        return context._replace(**{kind: value})
    if kind in ("run", "gpu_index"):
        return context._replace(labels=within(context.labels, {kind: int(value)}))
    role, which = role_of(kind)
    number = number_in(value)
    if role == "parameter" and number is not None and (setting := parameter(which, number)) is not None:
        return context._replace(parameters=within(context.parameters, {which: setting}))
    name = which if role == "condition" else kind
    level = value if number is None else int(number) if number.is_integer() else number
    return context._replace(conditions=within(context.conditions, {name: level}))


@remembered(maxsize=10_000)
def _said(name: str, above: str) -> Said | None:
    """What a key says by itself, or as a number under the name of a condition; None if it may say anything."""
    plain = normal(name)[0]
    if is_change(name):
        return CHANGE
    if number_in(name) is not None:
        one = singular(above)
        return Said(one, name) if role_of(one)[0] in ("condition", "parameter") else None
    holders = (*vocabulary().holders, *vocabulary().summaries)
    if is_aggregate(name) or kinds_of(name) or is_model(name) or plain in holders:
        return None
    card = card_in_name(name)
    kind, value = ("backend", name) if is_engine_alone(name) else ("gpu", card) if card else subject_of(name)
    is_setting = role_of(kind)[0] in ("condition", "parameter") and kind not in (_VARIANT, "device_type")
    return Said(kind, value) if is_setting or card or kind in ("backend", "run") else None


def _is_text(name: str, item: object) -> bool:
    """Whether a key says in words what was measured below it."""
    return said_in_key(name) is not None and not is_model(name) and _measures(item, _DEEPEST)


@remembered(maxsize=10_000)
def _may_tell(name: str, *, is_value: bool) -> bool:
    """Whether a key may be what somebody calls a way to run a model: not a number, an id, or a part of a run.

    `is_value` says that keys beside it are values of one condition, by the key above.
    """
    role = role_of(name)[0]
    if role not in ("number", "identifier") and not is_variant(name):
        return False
    words = _WORD.findall(name.casefold())
    usual = all(word.isdigit() or (is_ordinary(word) and not is_value) for word in words) and not is_variant(name)
    known = is_aggregate(name) or kinds_of(name) or is_model(name)
    return bool(words) and not (usual or known or _DRAWN.fullmatch(name)) and is_short(name)


def _describes_itself(key: str, item: object) -> bool:
    """Whether an object says itself what it is about: by its key, a model or an object such as `config`."""
    if not isinstance(item, dict):
        return False
    if any(isinstance(value, str) and value.casefold() == key.casefold() for value in cast("Object", item).values()):
        return True
    roles = {role_of(name) for name, value in cast("Object", item).items() if value}
    return ("context", "model") in roles or any(role == "attached" for role, _ in roles)


def _are_numbered(names: Sequence[str]) -> bool:
    """Whether keys differ in a number alone, as those of single requests do."""
    return len({re.sub(r"\d+", "#", name) for name in names}) < len(names)


def _kind(key: str) -> str:
    """The condition that keys below this one are values of."""
    one = singular(key) if key else ""
    return one if one and role_of(one)[0] == "condition" else _VARIANT


def _share_metric(items: Sequence[object]) -> bool:
    metrics = [frozenset(_metrics(item, _DEEPEST)) for item in items]
    return len(metrics) > 1 and bool(frozenset.intersection(*metrics))


def _measures(item: object, depth: int) -> bool:
    return bool(_metrics(item, depth))


def _metrics(item: object, depth: int) -> set[str]:
    """The names of metrics at and below a value."""
    if isinstance(item, list):
        first = next((each for each in cast("list[object]", item) if isinstance(each, dict)), None)
        return _metrics(first, depth)
    found = set[str]()
    if isinstance(item, dict):
        for name, value in cast("Object", item).items():
            if isinstance(value, dict | list) and depth > 1:
                found |= {normal(name)[0]} if kinds_of(name) else _metrics(cast("object", value), depth - 1)
            elif isinstance(value, int | float) and kinds_of(name):
                found.add(normal(name)[0])
    return found
