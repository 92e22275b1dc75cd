"""YAML files that a user writes: read and validated, with errors that name the line and the field."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from chimera_dagster.errors import SpecError
from chimera_dagster.files.opening import read_text
from chimera_dagster.spec.yaml_text import MOST_BYTES, load
from chimera_dagster.text.foreign import shown

_Model = TypeVar("_Model", bound=BaseModel)
_MOST_PROBLEMS = 20  # that are listed
_LONGEST_VALUE = 100  # characters of a value that an error repeats
_QUOTED = re.compile(r"\s*(?:'.*'|\".*\")")


def read_yaml(
    path: Path,
    model: type[_Model],
    expected: str,
    see: str,
    gone: Mapping[str, str] | None = None,
    *,
    quotes_values: bool = True,
) -> _Model:
    """The content of a file as `model`. Raises SpecError that names the file, the line and the field.

    `expected` says what stands at the top of the file, `see` where a user finds out more. `gone` has the fields of
    earlier versions, each with what to do about it. Without `quotes_values` an error repeats nothing of the file but
    names of fields: it may be any file, if somebody else says which one it is.
    """
    name = shown(path)
    try:
        text = read_text(path, MOST_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SpecError(f"{name} can't be read: {why}.", hint="It must be a text file in UTF-8.") from error
    try:
        root, content = load(text)
    except yaml.YAMLError as error:
        line, problem = _of_syntax(error, text)
        if not quotes_values:
            problem = _QUOTED.sub("", problem)
        raise SpecError(f"{name}, line {line}{shown(problem)}.", hint="Fix the YAML syntax.") from error
    if not isinstance(content, dict) or root is None:
        raise SpecError(f"{name}, line 1: expected {expected}.", hint=see)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        found = error.errors()
        problems = [_problem(root, each, gone or {}, quotes_values) for each in found[:_MOST_PROBLEMS]]
        more = [f"and {len(found) - len(problems)} more problems"] if len(found) > len(problems) else []
        raise SpecError("\n".join([*(f"{name}, {each}" for each in problems), *more]), hint=see) from error


def _of_syntax(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """The line, and `: what is wrong`."""
    if isinstance(error, yaml.MarkedYAMLError):
        return error.problem_mark.line + 1 if error.problem_mark else 1, f": {error.problem}"
    if isinstance(error, yaml.reader.ReaderError):
        return text.count("\n", 0, error.position) + 1, ": a character that YAML does not allow"
    return 1, f": {error}"


def _problem(root: yaml.Node, problem: Any, gone: Mapping[str, str], quotes_values: bool) -> str:
    loc: tuple[str | int, ...] = problem["loc"]
    given = problem["input"]
    is_extra = problem["type"] == "extra_forbidden"
    quoted = quotes_values and not is_extra and isinstance(given, str | int | float)
    value = f" (given: {repr(given)[:_LONGEST_VALUE]})" if quoted else ""
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
    message = gone.get(field, "there is no such field") if is_extra else problem["msg"]
    return f"line {_line(root, loc)}, {shown(field) or 'the file'}: {message.removeprefix('Value error, ')}{value}"


def _line(node: yaml.Node, loc: tuple[str | int, ...]) -> int:
    """Line of the node at `loc`, or of the deepest node on the way to it that exists."""
    line = node.start_mark.line
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
        else:
            break
    return line + 1
