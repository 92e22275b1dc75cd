"""What a record is about: its model, parameters, labels and so on, from its own fields and those around it."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from chimera_dagster.ingest import vocabulary
from chimera_dagster.ingest.cells import ToNumber, number_in, object_in, plain_number, says_failed, text_of
from chimera_dagster.ingest.plan import Number, Plan

Setting = tuple[str, int | float]


class Context(NamedTuple):
    """What a record is about; nested records inherit it. `parameters` and `labels` are sorted by name."""

    model: str | None = None
    model_source: str | None = None
    backend: str | None = None
    gpu: str | None = None
    prompt: str | None = None
    timestamp: str | None = None
    parameters: tuple[Setting, ...] = ()
    labels: tuple[Setting, ...] = ()
    failed: bool = False


class About(NamedTuple):
    """A record's context, the field in which it says that it failed, and the fields that may hold measured numbers.

    `settings` counts its numbers that the context shows, `unused` those that it does not.
    """

    context: Context
    failed_by: str | None
    numbers: Sequence[Number]
    settings: int
    unused: int


def about(plan: Plan, cells: Sequence[object], inherited: Context, source: str, number: ToNumber) -> About:
    """What a record with these cells says of itself; `source` is what a model named in it is said by."""
    if not any(plan[1:]):
        return About(inherited, None, plan.numbers, 0, 0)
    said = _Said({}, {}, {})
    hot, settings = _settings(plan, cells, number, said)
    shown, unused = _texts(plan, cells, number, said.texts)
    settings += shown
    failed_by: str | None = None
    for role, name, place in plan.verdicts:
        settings += number(cells[place]) is not None
        failed_by = failed_by or (name if says_failed(role, cells[place]) else None)
    for place in plan.attached:
        beside, failure = _attached(cells[place])
        said = _Said(beside.parameters | said.parameters, beside.labels | said.labels, beside.texts | said.texts)
        failed_by = failed_by or failure
    context = inherited
    if said.parameters:
        context = context._replace(parameters=_merged(inherited.parameters, said.parameters))
    if said.labels:
        context = context._replace(labels=_merged(inherited.labels, said.labels))
    if "model" in said.texts and (model := vocabulary.bare_model(said.texts.pop("model"))):
        context = context._replace(model=model, model_source=source)
    if said.texts or failed_by:
        context = context._replace(**said.texts, failed=context.failed or failed_by is not None)
    return About(context, failed_by, (*plan.numbers, *hot) if hot else plan.numbers, settings, unused)


class _Said(NamedTuple):
    """What a record, or an object in it, says of the record."""

    parameters: dict[str, int | float]
    labels: dict[str, int | float]
    texts: dict[str, str]


def _texts(plan: Plan, cells: Sequence[object], number: ToNumber, texts: dict[str, str]) -> tuple[int, int]:
    """Put a record's own contexts into `texts`; how many of them are numbers, and how many numbers are not used."""
    shown = unused = 0
    for which, place in plan.contexts:
        cell = cells[place]
        is_number = (not isinstance(cell, str) or cell[:1].isdigit()) and number(cell) is not None
        # a number of layers names no GPU
        if which not in texts and not (is_number and which == "gpu") and (text := text_of(cell)):
            texts[which] = text
            shown += is_number
        else:
            unused += is_number
    return shown, unused


def _settings(plan: Plan, cells: Sequence[object], number: ToNumber, said: _Said) -> tuple[list[Number], int]:
    """Put a record's own parameters and labels into `said`; the fields that are none (a temperature in degrees) and
    how many are."""
    hot: list[Number] = []
    settings = 0
    for which, field in plan.parameters:
        cell = cells[field.place]
        value = number(cell)
        if value is None and isinstance(cell, str):
            value = number_in(cell)
        if value is None:
            continue
        setting = vocabulary.parameter(which, value)
        if setting is None:
            hot.append(field)
        else:
            said.parameters[which] = setting
            settings += 1
    for which, place in plan.labels:
        value = number(cells[place])
        if value is not None:
            said.labels[which] = _whole(value)
            settings += 1
    return hot, settings


def _attached(value: object) -> tuple[_Said, str | None]:
    """What an object such as `options`, or a cell with its JSON, says of the record that it stands in; its error."""
    said, failed_by = _Said({}, {}, {}), None
    for name, inner in object_in(value).items():
        role, which = vocabulary.role_of(name)
        number = plain_number(inner)
        if role == "parameter" and number is not None:
            setting = vocabulary.parameter(which, number)
            if setting is not None:
                said.parameters[which] = setting
        elif role == "identifier" and number is not None:
            said.labels[which] = _whole(number)
        elif role == "context" and (text := text_of(inner)):
            said.texts.setdefault(which, text)
        elif role in ("error", "success") and says_failed(role, inner):
            failed_by = failed_by or name
    return said, failed_by


def _whole(value: float) -> int | float:
    return int(value) if value.is_integer() else value


def _merged(inherited: tuple[Setting, ...], own: dict[str, int | float]) -> tuple[Setting, ...]:
    return tuple(sorted((dict(inherited) | own).items()))


@lru_cache(maxsize=10_000)
def json_of(settings: tuple[Setting, ...]) -> str:
    """JSON that is equal exactly where two sorted sets of settings are."""
    return json.dumps(dict(settings), separators=(",", ":")) if settings else "{}"
