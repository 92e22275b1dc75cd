"""The user's own tasks for accuracy: JSON Lines, one prompt and what counts as a right answer a line.

    {"id": "capital", "prompt": "What is the capital of France?", "expected": {"regex": "\\bParis\\b"}}

`expected` has one of `exact`, `regex`, `choice` (with `of`) and `numeric` (with `tolerance`).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from chimera_dagster.errors import SpecError
from chimera_dagster.files.opening import read_text
from chimera_dagster.text.foreign import shown

LETTERS = "ABCDEFGHIJ"
_FORM = '{"id": "...", "prompt": "...", "expected": {"exact": "..."}}'
_HINT = f"A line has the form {_FORM}; see docs/accuracy.md."
_LONGEST_PATTERN = 1_000
_MOST_BYTES = 1 << 26
_RELATIVE = re.compile(r"(?P<percent>\d+(?:\.\d+)?)\s*%")

Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Expected(_Part):
    """What counts as right: exactly one of `exact`, `regex`, `choice` and `numeric`.

    `regex` is RE2's syntax and may match anywhere in the answer; RE2 takes linear time, so no pattern can hang a trial.
    `of` has the choices, which the model is shown under letters. `tolerance` is a number, in the unit of `numeric`, or
    a share of it such as "5 %".
    """

    exact: Annotated[str, Field(min_length=1)] | None = None
    regex: Annotated[str, Field(min_length=1, max_length=_LONGEST_PATTERN)] | None = None
    choice: Name | None = None
    of: Annotated[tuple[Name, ...], Field(min_length=2, max_length=len(LETTERS))] | None = None
    numeric: float | None = None
    tolerance: Annotated[float, Field(ge=0)] | str | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        kinds = ("exact", "regex", "choice", "numeric")
        if (count := sum(getattr(self, kind) is not None for kind in kinds)) != 1:
            raise ValueError(f"it must have exactly one of {', '.join(kinds)}, and has {count or 'none'}")
        if (self.choice is None) != (self.of is None):
            raise ValueError("'choice' is the right one of the choices in 'of': give both or neither")
        if self.of is not None and (len(set(self.of)) < len(self.of) or self.choice not in self.of):
            raise ValueError("'of' must list different choices, and the right one must be among them")
        if self.tolerance is not None and self.numeric is None:
            raise ValueError("'tolerance' belongs to 'numeric'")
        if isinstance(self.tolerance, str) and not _RELATIVE.fullmatch(self.tolerance):
            raise ValueError(f"the tolerance {self.tolerance!r} is neither a number nor a share such as '5 %'")
        if self.exact is not None and not self.exact.strip():
            raise ValueError("'exact' is only white space")
        if self.regex is not None:
            _check_pattern(self.regex)
        return self

    @property
    def kind(self) -> str:
        return next(kind for kind in ("exact", "regex", "choice", "numeric") if getattr(self, kind) is not None)

    @property
    def margin(self) -> float:
        """The tolerance in the unit of `numeric`."""
        if isinstance(self.tolerance, str):
            found = _RELATIVE.fullmatch(self.tolerance)
            return float(found["percent"]) / 100 * abs(self.numeric or 0.0) if found else 0.0
        return self.tolerance or 0.0


class Task(_Part):
    """One question of the user's."""

    id: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\n]+$")]
    prompt: Annotated[str, Field(min_length=1, max_length=100_000)]
    expected: Expected
    max_tokens: Annotated[int, Field(ge=1, le=32_768)] = 64


def read_tasks(path: Path) -> list[Task]:
    """The tasks of a file. Raises SpecError that names the file and the line."""
    try:
        text = read_text(path, _MOST_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SpecError(f"The tasks file {shown(path)} can't be read: {reason}.", hint=_HINT) from error
    tasks: list[Task] = []
    lines: dict[str, int] = {}
    for number, line in _lines(text):
        try:
            task = Task.model_validate_json(line)
        except ValidationError as error:
            raise SpecError(f"{shown(path)}, line {number}, {_problem(error)}.", hint=_HINT) from error
        if (first := lines.setdefault(task.id, number)) != number:
            raise SpecError(f"{shown(path)}, line {number}, id: line {first} has the id {task.id!r} too.", hint=_HINT)
        tasks.append(task)
    if not tasks:
        raise SpecError(f"{shown(path)} has no task.", hint=_HINT)
    return tasks


def matches(pattern: str, text: str) -> bool:
    """Whether RE2 finds `pattern` in `text`. Raises ValueError with RE2's message if it does not compile."""
    import pyarrow as pa
    from pyarrow import compute

    options = compute.MatchSubstringOptions(pattern)
    return bool(compute.call_function("match_substring_regex", [pa.scalar(text)], options).as_py())


def _check_pattern(pattern: str) -> None:
    try:
        matches(pattern, "")
    except ValueError as error:
        reason = str(error).removeprefix("Invalid regular expression: ").strip().rstrip(".")
        raise ValueError(f"the pattern {pattern!r} is not one of RE2: {reason}") from error


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line


def _problem(error: ValidationError) -> str:
    """`expected.regex: the pattern ...`, of the first problem."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"])) or "the line"
    return f"{where}: {first['msg'].removeprefix('Value error, ').rstrip('.')}"
