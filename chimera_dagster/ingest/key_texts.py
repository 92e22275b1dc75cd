"""Keys that say in words what the results below them are: `cpu-moe ngl=99 ubatch=256`, `lynx-7b.gguf [draft 3]`."""

import re
from typing import NamedTuple

from chimera_dagster.ingest.cells import number_in
from chimera_dagster.ingest.context import Condition, Conditions, Context, Setting, Settings, within
from chimera_dagster.ingest.model_names import is_quantization, model_in_text
from chimera_dagster.ingest.name_settings import setting_of_word
from chimera_dagster.ingest.parameter_values import parameter
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.unlisted_settings import is_short

_LONGEST = 200  # characters of a key
_PAIR = re.compile(r"(?<![\w=])(?P<name>[A-Za-z][\w-]{0,30}+)=(?P<value>[\w.+-]{1,30}+)(?![\w=])", re.ASCII)
_REMARK = re.compile(r"\[(?P<square>[^\[\]]{1,60})\]|\((?P<round>[^()]{1,60})\)")
_ENDING = re.compile(r"\.gguf\b", re.IGNORECASE)


class KeyText(NamedTuple):
    """What a key says: a model, settings, and other words, which are the condition `variant`."""

    model: str | None
    conditions: tuple[Condition, ...]
    parameters: tuple[Setting, ...]


@remembered(maxsize=10_000)
def said_in_key(key: str) -> KeyText | None:
    """What a key says; None if it has neither `name=value` of a known setting nor a model with words beside it."""
    if len(key) > _LONGEST:
        return None
    conditions: Conditions = {}
    parameters: Settings = {}
    pairs = [*_PAIR.finditer(key)]
    others = [pair[0] for pair in pairs if not _is_set(pair["name"], pair["value"], conditions, parameters)]
    rest = _PAIR.sub(" ", key)
    remarks = [found["square"] or found["round"] for found in _REMARK.finditer(rest)]
    rest = _REMARK.sub(" ", rest)
    model = model_in_text(rest)
    if not (conditions or parameters or (model and (remarks or rest.strip() != model))):
        return None
    words = _ENDING.sub(" ", rest.replace(model, " ", 1) if model else rest).split()
    for word in words:
        if model and is_quantization(word):
            conditions.setdefault("quantization", word)
    beside = [word.strip(",;:|/") for word in words if not (model and is_quantization(word))]
    variant = " ".join(filter(None, [*beside, *others, *map(str.strip, remarks)]))
    if variant:
        if not is_short(variant):
            return None
        conditions.setdefault("variant", variant)
    if not (conditions or parameters):
        return None
    return KeyText(model, tuple(sorted(conditions.items())), tuple(sorted(parameters.items())))


def with_key_text(context: Context, said: KeyText) -> Context:
    """The context of what is below a key."""
    if said.model:
        context = context._replace(model=said.model, model_source="json")
    return context._replace(
        conditions=within(context.conditions, dict(said.conditions)),
        parameters=within(context.parameters, dict(said.parameters)),
    )


def _is_set(name: str, value: str, conditions: Conditions, parameters: Settings) -> bool:
    """Put a known setting where it belongs; False if the name is not one."""
    which, number = setting_of_word(name), number_in(value)
    if which is None:
        return False
    if role_of(which)[0] == "parameter":
        setting = None if number is None else parameter(which, number)
        if setting is None:
            return False
        parameters[which] = setting
    else:
        conditions[which] = value if number is None else int(number) if number.is_integer() else number
    return True
