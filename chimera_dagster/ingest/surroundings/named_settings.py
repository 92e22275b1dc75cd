"""Settings that a heading or a caption says as names and values: `Concurrency = 8`, `input: 8192, output: 1024`."""

import re
from typing import NamedTuple

from chimera_dagster.ingest.cells import number_in
from chimera_dagster.ingest.context import Condition, Conditions, Context, Setting, Settings, within
from chimera_dagster.ingest.parameter_values import parameter
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.roles import role_of

_LONGEST = 200  # characters of a text that are looked at
_PAIR = re.compile(
    r"(?P<name>[^\W\d][\w -]{0,30})[ \t]*(?P<mark>[=:：])[ \t]*(?P<value>\d[\d.,]{0,9}k?)(?![\w%]|[-\u2013]\d)",
    re.IGNORECASE,
)
_PIECE = re.compile(r"[,;|/()]|(?<=\w) [-\u2013\u2014] ")
_LEVEL = re.compile(r"(?P<name>[^\W\d][\w -]{0,30}?)[ _-](?P<value>\d{1,7})", re.ASCII)
_LENGTHS = {"input": "prompt_tokens", "output": "output_tokens", "in": "prompt_tokens", "out": "output_tokens"}


class NamedSettings(NamedTuple):
    """Conditions and parameters."""

    conditions: tuple[Condition, ...]
    parameters: tuple[Setting, ...]


@remembered(maxsize=10_000)
def settings_in(text: str) -> NamedSettings:
    """The settings that a heading or a caption says.

    A name and its value are joined by a mark, `num_predict=64`; without one, they must be a whole piece of the text:
    `lynx:7b, concurrency 8`. If one name has two values, neither is taken.
    """
    conditions: Conditions = {}
    parameters: Settings = {}
    twice = set[str]()
    for piece in _PIECE.split(text[:_LONGEST].replace("`", "").replace("*", "")):
        said = [(found["name"], found["value"]) for found in _PAIR.finditer(piece)]
        if not said and (level := _LEVEL.fullmatch(piece.strip())):
            said = [(level["name"], level["value"])]
        for name, value in said:
            role, which = _role(name)
            number = _number(value)
            if number is None or role not in ("condition", "parameter"):
                continue
            if which in conditions or which in parameters:
                twice.add(which)
            setting = parameter(which, number) if role == "parameter" else None
            if role == "condition":
                conditions[which] = int(number) if number.is_integer() else number
            elif setting is not None:
                parameters[which] = setting
    return NamedSettings(
        tuple(sorted((name, value) for name, value in conditions.items() if name not in twice)),
        tuple(sorted((name, value) for name, value in parameters.items() if name not in twice)),
    )


def with_settings_in(context: Context, text: str) -> Context:
    """The context with the settings that a heading or a caption says."""
    conditions, parameters = settings_in(text)
    if not conditions and not parameters:
        return context
    return context._replace(
        conditions=within(context.conditions, dict(conditions)), parameters=within(context.parameters, dict(parameters))
    )


def _role(name: str) -> tuple[str, str]:
    """The role of a name, whose last words count: `with num_predict`."""
    words = name.split()
    for start in range(len(words)):
        role = role_of(" ".join(words[start:]))
        if role[0] in ("condition", "parameter"):
            return role
    last = words[-1].lower()
    return ("condition", _LENGTHS[last]) if last in _LENGTHS else ("", "")


def _number(value: str) -> float | None:
    thousands = value.lower().endswith("k")
    number = number_in(value.rstrip("kK.,"))
    return None if number is None else number * 1_024 if thousands else number
