"""What a record is about: its model, parameters, conditions and so on, from its own fields and those around it."""

import re
from collections.abc import Sequence
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import NamedTuple, TypeVar, cast

from chimera_dagster.ingest.cells import (
    ToNumber,
    ended_at_limit,
    number_in,
    object_in,
    plain_number,
    says_failed,
    text_of,
)
from chimera_dagster.ingest.commands import NUM_PROMPTS, command_in, is_all_at_once
from chimera_dagster.ingest.engine_names import engine_said, is_engine_alone, is_engine_with_version
from chimera_dagster.ingest.field_roles import FieldRoles, Number
from chimera_dagster.ingest.gpu_names import is_card
from chimera_dagster.ingest.model_names import bare_model, is_quantization, model_in_text
from chimera_dagster.ingest.names import normal
from chimera_dagster.ingest.parameter_values import parameter
from chimera_dagster.ingest.phases import of_phase
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.request_rates import OFFERED, is_either
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.surroundings.machine_texts import settle_machine
from chimera_dagster.ingest.unlisted_settings import NONE, is_named_as_setting, says_setting
from chimera_dagster.ingest.vocabulary import vocabulary
from chimera_dagster.schemas import ENDED_AT_LIMIT

Setting = tuple[str, int | float]
Settings = dict[str, int | float]
Condition = tuple[str, int | float | str]
Conditions = dict[str, int | float | str]
_FIRST_DAY = 19_000_101  # a time is a day as 20260131, or seconds, at least, since 1970
_MOST_RUNS = 1 << 53  # whole numbers up to here are exact
_INFINITE = frozenset({"inf", "infinity", "+inf", "unlimited"})
_FLAG = re.compile(r"-{1,2}[A-Za-z][\w-]{0,40}[ =](?P<value>[^\s-]\S{0,40})")
_OF_MODEL = frozenset({"model", "model_info", "llm", "model_details"})  # objects whose `name` is the model's
_DEEPEST_SETTINGS = 3  # levels of an object such as `config` in which settings are looked for
_Value = TypeVar("_Value", int | float, int | float | str)


class Context(NamedTuple):
    """What a record is about; nested records inherit it. Parameters, conditions and labels are sorted by name.

    `n` is how many runs are behind the aggregates of the record, if the file says so.
    """

    model: str | None = None
    model_source: str | None = None
    backend: str | None = None
    gpu: str | None = None
    prompt: str | None = None
    timestamp: str | None = None
    parameters: tuple[Setting, ...] = ()
    conditions: tuple[Condition, ...] = ()
    labels: tuple[Setting, ...] = ()
    failed: bool = False
    n: int | None = None


class _Beside(NamedTuple):
    """What an object such as `options` says of the record that it stands in."""

    parameters: Settings
    conditions: Conditions
    labels: Settings
    texts: dict[str, str]
    failed_by: str | None


About = tuple[Context, str | None, Sequence[Number], int, int]


def about(roles: FieldRoles, cells: Sequence[object], inherited: Context, source: str, number: ToNumber) -> About:
    """What a record with these cells says about itself; `source` is recorded as the source of its model's name.

    Returns its context; the field in which it says that it failed; the fields that may hold measured numbers; how many
    of its numbers the context shows, and how many it does not.
    """
    if roles.only_numbers:
        return inherited, None, roles.numbers, 0, 0
    parameters: Settings = {}
    conditions: Conditions = {}
    labels: Settings = {}
    texts: dict[str, str] = {}
    fields, settings = roles.numbers, 0
    if roles.parameters or roles.labels:
        fields, settings = _settings(roles, cells, number, parameters, labels)
    if roles.conditions or roles.texts:
        settings += _conditions(roles, cells, number, conditions)
    fields = of_phase(roles, cells, number, conditions, fields)
    shown, unused = _texts(roles, cells, number, texts) if roles.contexts else (0, 0)
    failed_by: str | None = None
    if roles.attached or "backend" in texts:
        settle_machine(roles, cells, texts, conditions)
    counts = [count for count, in_texts in roles.counts if _is_count(cells[count.place], in_texts=in_texts)]
    if counts:
        fields = (*fields, *counts)
    for role, name, place in roles.verdicts:
        cell = cells[place]
        if cell is not None and cell != "":
            is_counted = role == "count" or any(count.place == place for count in counts)
            shown += not is_counted and role != "answer" and number(cell) is not None
            failed_by = failed_by or (name if says_failed(role, cell) else None)
    ends = [at_limit for place in roles.endings if (at_limit := ended_at_limit(cells[place])) is not None]
    labels |= {ENDED_AT_LIMIT: max(ends)} if ends else {}
    if roles.attached or roles.commands:
        said = _said_beside(roles, cells, _Beside(parameters, conditions, labels, texts, failed_by))
        parameters, conditions, labels, texts, failed_by = said
    if not (parameters or conditions or labels or texts or failed_by or roles.named):
        return inherited, None, fields, settings + shown, unused
    model, model_source, backend, gpu, prompt, timestamp, outer, outer_conditions, outer_labels, failed, n = inherited
    named = _model_named(texts, conditions) if "model" in texts else None
    if roles.named and named is None and model_source in (None, "path"):
        named = _model_in_label(roles, cells)
    if named:
        model, model_source = named, source
    if "provider" in texts:
        _provided(texts, conditions)
    context = Context(
        model,
        model_source,
        texts.get("backend", backend),
        texts.get("gpu", gpu),
        texts.get("prompt", prompt),
        texts.get("timestamp", timestamp),
        within(outer, parameters),
        within(outer_conditions, conditions),
        within(outer_labels, labels),
        failed or failed_by is not None,
        _count_in(labels, n) if labels else n,
    )
    return context, failed_by, fields, settings + shown, unused


def _said_beside(roles: FieldRoles, cells: Sequence[object], own: _Beside) -> _Beside:
    """What a record says itself with what objects such as `options`, and the command of a benchmark, say beside it."""
    for place in roles.attached:
        cell = cells[place]
        beside = _of_json(cell, roles.settings) if isinstance(cell, str) else _beside(object_in(cell), roles.settings)
        own = _Beside(
            beside.parameters | own.parameters,
            beside.conditions | own.conditions,
            beside.labels | own.labels,
            beside.texts | own.texts,
            own.failed_by or beside.failed_by,
        )
    for place in roles.commands:
        _commanded(cells[place], own.texts, own.conditions)
    return own


def _commanded(cell: object, texts: dict[str, str], conditions: Conditions) -> None:
    """Put what the command of a benchmark says into `texts` and `conditions`, unless the record says it itself."""
    words = [text for each in cast("list[object]", cell) if (text := text_of(each))] if isinstance(cell, list) else []
    command = " ".join(words) if words else cell
    if not isinstance(command, str) or "--" not in command:
        return
    said = command_in(command)
    for name, value in (*said.conditions, (NUM_PROMPTS, said.num_prompts)):
        if (found := condition_of(value)) is not None and (name != NUM_PROMPTS or is_all_at_once(conditions)):
            conditions.setdefault(name, found)
    if said.model:
        texts.setdefault("model", said.model)


def _is_count(cell: object, *, in_texts: bool) -> bool:
    """Whether a field of failures says how many there were."""
    value = number_in(cell) if in_texts and isinstance(cell, str) else plain_number(cell)
    return value is not None and value >= 0 and value.is_integer()


def _model_in_label(roles: FieldRoles, cells: Sequence[object]) -> str | None:
    """The model in a record's label, such as `lynx-7b vllm fp8`."""
    found = (model_in_text(cell) for place in roles.named if isinstance(cell := cells[place], str))
    return next((model for model in found if model), None)


def _model_named(texts: dict[str, str], conditions: Conditions) -> str | None:
    """The model that a record names; a quantization or an engine in its place is of one model, whichever it is."""
    named = bare_model(texts["model"])
    if is_quantization(named):
        conditions.setdefault("quantization", named)
    elif is_engine_alone(named):
        texts.setdefault("backend", named)
    else:
        return named or None
    return None


def _provided(texts: dict[str, str], conditions: Conditions) -> None:
    """A provider is the engine if it has the name of one: others serve models, or make their files."""
    provider = texts.pop("provider")
    if is_engine_with_version(provider):
        texts.setdefault("backend", provider)
    else:
        conditions.setdefault("provider", provider)


def described(roles: FieldRoles, cells: Sequence[object], inherited: Context, source: str) -> Context:
    """What holds below a record that only says what others are about: all but what is the record's own."""
    return about(roles, cells, inherited, source, plain_number)[0]._replace(
        prompt=None, labels=(), failed=False, n=None
    )


def _count_in(labels: Settings, n: int | None) -> int | None:
    """How many runs a record sums up, if one of its labels says so."""
    for name in vocabulary().counts:
        if isinstance(count := labels.get(name), int) and 0 <= count <= _MOST_RUNS:
            return count
    return n


def within(outer: tuple[tuple[str, _Value], ...], inner: dict[str, _Value]) -> tuple[tuple[str, _Value], ...]:
    """A record's own settings over those around it."""
    if not inner:
        return outer
    return tuple(sorted(({**dict(outer), **inner} if outer else inner).items()))


def _texts(roles: FieldRoles, cells: Sequence[object], number: ToNumber, texts: dict[str, str]) -> tuple[int, int]:
    """Put a record's own contexts into `texts`; how many of them are numbers, and how many numbers are not used."""
    shown = unused = 0
    for which, place in roles.contexts:
        cell = cells[place]
        is_number = (not isinstance(cell, str) or cell[:1].isdigit()) and number(cell) is not None
        # a number of layers is not the name of a GPU, and one of seconds not a time
        unlike = is_number and (
            (which == "gpu" and not is_card(str(cell)))
            or (which == "timestamp" and abs(number(cell) or 0) < _FIRST_DAY)
        )
        if which == "backend" and isinstance(cell, str) and (cell := engine_said(cell)) is None:
            continue
        if which not in texts and not unlike and (text := text_of(cell)):
            texts[which] = text
            shown += is_number
        else:
            unused += is_number
    return shown, unused


def _settings(
    roles: FieldRoles, cells: Sequence[object], number: ToNumber, parameters: Settings, labels: Settings
) -> tuple[Sequence[Number], int]:
    """Fill in a record's own parameters and labels; the fields that measure something, and how many were filled in."""
    fields: Sequence[Number] = roles.numbers
    settings = 0
    for which, field in roles.parameters:
        cell = cells[field.place]
        value = number(cell)
        if value is None and isinstance(cell, str):
            value = number_in(cell)
        if value is None:
            continue
        setting = parameter(which, value)
        if setting is None:  # a temperature in degrees
            fields = (*fields, field)
        else:
            parameters[which] = setting
            settings += 1
    for which, place in roles.labels:
        value = number(cells[place])
        if value is not None:
            labels[which] = _whole(value)
            settings += 1
    return fields, settings


def _conditions(roles: FieldRoles, cells: Sequence[object], number: ToNumber, conditions: Conditions) -> int:
    """Fill in what a record was measured under; how many of these are numbers."""
    numbers = 0
    for which, place in roles.conditions:
        is_none = cells[place] == []
        value = 0 if which == "gpu_count" and is_none else condition_of(cells[place], number)
        if value is None and roles.settings and roles.names[place] in roles.settings:
            value = _none_said(cells[place])
        if value is not None and which not in conditions:
            conditions[which] = value
            numbers += not isinstance(value, str) and not is_none and place not in roles.measured_too
    for which, place in roles.texts:
        if which not in conditions and (text := _setting_said(cells[place])):
            conditions[which] = text
    return numbers


def _none_said(cell: object) -> str | None:
    """The value of a setting that says `none`, which elsewhere is a missing cell."""
    return NONE if isinstance(cell, str) and cell.strip().lower() == NONE else None


def _setting_said(cell: object) -> str | None:
    """What a field that only its name shows to be a setting says."""
    text = condition_of(cell) if isinstance(cell, str | bool) else None
    return text if isinstance(text, str) and says_setting(text) else None


def condition_of(cell: object, number: ToNumber = plain_number) -> int | float | str | None:
    """A condition's value: a number if it is one, whatever its type in the file; `inf` for a rate without a limit."""
    if isinstance(cell, list):  # of GPUs, say, which counts none
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    value = number(cell)
    if value is None and isinstance(cell, str):
        value = number_in(cell)
    if value is not None:
        return _whole(value)
    text = text_of(cell)
    if text and (flag := _FLAG.fullmatch(text)):  # `-fa 1`, as it is given to a command
        return condition_of(flag["value"], number)
    return "inf" if text and text.lower() in _INFINITE else text


@remembered(maxsize=1_024)
def _of_json(cell: str, settings: frozenset[str] | None) -> _Beside:
    return _beside(object_in(cell), settings)


def _beside(content: dict[str, object], settings: frozenset[str] | None, depth: int = 1) -> _Beside:
    """Settings in an object, and what texts in the objects within it name: there, a number may be a limit."""
    beside = _Beside({}, {}, {}, {}, None)
    for name, inner in content.items():
        role, which = role_of(name)
        number = plain_number(inner)
        if own := _unlisted(name, inner, settings):
            beside.conditions[own[0]] = own[1]
        elif role == "parameter" and number is not None:
            setting = parameter(which, number)
            if setting is not None:
                beside.parameters[which] = setting
        elif role == "condition" and (value := condition_of(inner)) is not None:
            beside.conditions[which] = value
        elif role == "identifier" and number is not None:
            beside.labels[which] = _whole(number)
        elif role == "context" and (text := text_of(inner)):
            beside.texts.setdefault(which, text)
        elif role in ("error", "success", "status") and says_failed(role, inner):
            beside = beside._replace(failed_by=beside.failed_by or name)
    if named := _name_of_model(content):
        beside.texts.setdefault("model", named)
    nested = [cast("dict[str, object]", inner) for inner in content.values() if isinstance(inner, dict)]
    inner_models = set[str]()
    for below in (_beside(inner, settings, depth + 1) for inner in nested if depth < _DEEPEST_SETTINGS):
        if model := below.texts.pop("model", None):
            inner_models.add(model)
        beside = beside._replace(texts=below.texts | beside.texts)
    if len(inner_models) == 1:  # of two it would be any
        beside.texts.setdefault("model", inner_models.pop())
    return beside


def _name_of_model(content: dict[str, object]) -> str | None:
    """The name in an object that is called a model: `"model_info": {"name": "lynx:7b"}`."""
    for key, inner in content.items():
        if isinstance(inner, dict) and normal(key)[0] in _OF_MODEL:
            about = cast("dict[str, object]", inner)
            return next((text for name in ("name", "id") if (text := text_of(about.get(name)))), None)
    return None


def _unlisted(name: str, value: object, settings: frozenset[str] | None) -> Condition | None:
    """The condition that a field of an object of settings is although the vocabulary does not list it."""
    if (name in settings) if settings is not None else is_named_as_setting(name):
        number = plain_number(value)
        said = _setting_said(value) if number is None else _whole(number)
        return None if said is None else (normal(name)[0], said)
    number = plain_number(value) if is_either(name) else None
    return None if number is None else (OFFERED, _whole(number))


def _whole(value: float) -> int | float:
    return int(value) if value.is_integer() else value


@lru_cache(maxsize=10_000)
def json_of(settings: tuple[Condition, ...]) -> str:
    """JSON that is equal if and only if two sorted sets of settings are equal."""
    # as json.dumps writes it, in half the time
    parts = [
        f"{encode_basestring_ascii(name)}:{encode_basestring_ascii(value) if isinstance(value, str) else repr(value)}"
        for name, value in settings
    ]
    return f"{{{','.join(parts)}}}"
