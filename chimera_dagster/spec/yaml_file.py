"""YAML files that a user writes: read and validated, with errors that name the line and the field."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from chimera_dagster.errors import SpecError

_Model = TypeVar("_Model", bound=BaseModel)


class UnreadableValueError(yaml.YAMLError):
    """A value that has the form of another type than it is, such as 2026-02-30 or `!!int ''`."""


def parse_yaml(text: str | bytes, loader: Any = yaml.SafeLoader) -> Any:
    """The content of a YAML text. Raises yaml.YAMLError, also where PyYAML raises another error for a value, and
    RecursionError.
    """
    try:
        return yaml.load(text, loader)
    except (ValueError, KeyError, IndexError, AttributeError) as error:
        raise UnreadableValueError(str(error)) from error


def read_yaml(
    path: Path, model: type[_Model], expected: str, see: str, gone: Mapping[str, str] | None = None
) -> _Model:
    """The content of a file as `model`. Raises SpecError that names the file, the line and the field.

    `expected` says what stands at the top of the file, `see` where a user finds out more. `gone` has the fields of
    earlier versions, each with what to do about it.
    """
    try:
        if path.is_fifo() or path.is_char_device():
            raise SpecError(f"{path} is not a regular file.", hint=see)
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SpecError(f"{path} can't be read: {error}.", hint="Save it as UTF-8 text.") from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = parse_yaml(text)
        if root is not None:
            _refuse_duplicates(root, path, set())
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SpecError(f"{path}, line {line}: {error.problem}.", hint="Fix the YAML syntax.") from error
    except UnreadableValueError as error:
        raise SpecError(f"{path}, a value that YAML can't read: {error}.", hint="Put it in quotes.") from error
    except yaml.YAMLError as error:
        raise SpecError(f"{path}: {error}.", hint="Fix the YAML syntax.") from error
    except RecursionError as error:
        raise SpecError(f"{path}: it is nested too deeply.", hint=see) from error
    if not isinstance(content, dict) or root is None:
        raise SpecError(f"{path}, line 1: expected {expected}.", hint=see)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [_problem(root, problem, gone or {}) for problem in error.errors()]
        raise SpecError("\n".join(f"{path}, {problem}" for problem in problems), hint=see) from error


def _problem(root: yaml.Node, problem: Any, gone: Mapping[str, str]) -> str:
    loc: tuple[str | int, ...] = problem["loc"]
    given = problem["input"]
    shown = f" (given: {given!r})" if isinstance(given, str | int | float) else ""
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
    is_extra = problem["type"] == "extra_forbidden"
    message = gone.get(field, "there is no such field") if is_extra else problem["msg"]
    return f"line {_line(root, loc)}, {field or 'the file'}: {message.removeprefix('Value error, ')}{shown}"


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


def _refuse_duplicates(node: yaml.Node, path: Path, looked_at: set[int]) -> None:
    """PyYAML silently keeps the last of two equal keys; a reader may believe the first.

    An alias is the node that it stands for, so a small file may have any number of them, one in another.
    """
    if id(node) in looked_at:
        return
    looked_at.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise SpecError(f"{path}, line {key.start_mark.line + 1}, {key.value}: the key appears twice.")
            seen.add(key.value)
            _refuse_duplicates(value, path, looked_at)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_duplicates(item, path, looked_at)
