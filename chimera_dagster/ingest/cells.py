"""What a single cell or JSON value says: a number, a text, a verdict, an object."""

import re
from collections.abc import Callable
from functools import lru_cache
from math import isfinite, isinf
from typing import Any, NamedTuple, cast

from chimera_dagster.text.foreign import json_value

ToNumber = Callable[[Any], float | None]  # from a cell or a JSON value

MISSING = frozenset({"", "-", "--", "–", "—", "n/a", "na", "nan", "none", "null"})
LONGEST_TEXT = 2_000  # characters of a prompt that a table keeps
NUMBERS, CONTAINERS = (int, float), (dict, list)  # `isinstance` takes three times as long with int | float
_FALSE = frozenset({"false", "no", "0", "0.0"})
_SPREAD = re.compile(r"(\d++(?:[.,]\d++)*+)(?:\s*+(?:±|\+/?-)\s*+(\d++(?:[.,]\d++)*+))?+", re.ASCII)
_WENT_WELL = frozenset({"ok", "success", "successful", "succeeded", "passed", "pass", "no error", "no errors"})
_WENT_WRONG = (
    "fail",
    "error",
    "exception",
    "timeout",
    "timed out",
    "time out",
    "abort",
    "cancel",
    "crash",
    "oom",
    "out of",
)
# An answer that begins like this and says what went wrong is a message of the script or the server
_MESSAGE = re.compile(
    r"\W*(?:error|exception|traceback|[a-z]+error|http|[45]\d\d|connection|request|timeout)\b", re.IGNORECASE
)
_WRONG_IN_MESSAGE = re.compile(
    r"fail|refused|timed? ?out|unavailable|not found|exception|denied|unreachable|exceeded|out of memory|could not|"
    r"unable|invalid|overloaded|disconnected|status(?: code)?:? [45]\d\d|http (?:error )?[45]\d\d|server error",
    re.IGNORECASE,
)
_LONGEST_MESSAGE = 300
_AT_LIMIT = frozenset({"length", "max_tokens", "max_length", "max_new_tokens", "limit", "token_limit"})
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", re.ASCII)


def plain_number(value: object) -> float | None:
    """The finite number that a JSON value is; a text or a truth value is not one."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def overflows(value: object) -> bool:
    """Whether this is a number too large to be kept, such as 1e400 or Infinity; NaN stands for a missing one."""
    if isinstance(value, float):
        return isinf(value)
    return isinstance(value, int) and not isinstance(value, bool) and plain_number(value) is None


def number_in(cell: str) -> float | None:
    """The finite number that a cell consists of; `1,234` is grouped."""
    try:
        value = float(cell)
    except ValueError:
        return float(cell.replace(",", "")) if "," in cell and _GROUPED.fullmatch(cell.strip()) else None
    # Python also takes 1_000 and the digits of every script
    return value if isfinite(value) and "_" not in cell and cell.isascii() else None


class Spread(NamedTuple):
    mean: float
    std: float | None


def spread_in(cell: str) -> Spread | None:
    """A mean with its standard deviation, `58.17 ± 4.40`, or a number alone."""
    found = _SPREAD.fullmatch(cell.strip())
    mean = number_in(found[1]) if found else None
    return None if found is None or mean is None else Spread(mean, number_in(found[2]) if found[2] else None)


def decimal_comma_number_in(cell: str) -> float | None:
    """As `number_in`, for files with decimal commas."""
    return number_in(cell.replace(",", ".") if cell.count(",") == 1 and "." not in cell else cell)


@lru_cache(maxsize=10_000)
def text_in(cell: str) -> str | None:
    """The text of a cell, storable as UTF-8; None if the cell is one of MISSING."""
    text = cell.strip()
    if text.lower() in MISSING:
        return None
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT - 1] + "…"
    return text if text.isascii() else text.encode("utf-8", "replace").decode()  # a lone surrogate is legal in JSON


def text_of(value: object) -> str | None:
    """The text of a JSON value; an object's is its name, that of a list with one item the item's."""
    if isinstance(value, list) and len(cast("list[object]", value)) == 1:
        value = cast("list[object]", value)[0]
    if isinstance(value, dict):
        named = cast("dict[str, object]", value)
        value = next((named[key] for key in ("name", "id", "model", "tag") if isinstance(named.get(key), str)), None)
    if isinstance(value, str):
        return text_in(value)
    return None if value is None or isinstance(value, bool | list | dict) else text_in(str(value))


def object_in(value: object) -> dict[str, object]:
    """The object that `value` is, or that its JSON text holds; empty if it is not an object."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json_value(value)
        except ValueError:
            return {}
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def says_failed(role: str, value: object) -> bool:
    """Whether an `error`, `success` or `status` field, or a text in place of a `count`, reports a failure.

    A list does if one of its items does. A number counts under `errors`, also if it is a text. The `answer` of a model
    does if it is an error message instead.
    """
    if role == "answer":
        return isinstance(value, str) and _is_message(value.strip())
    is_count = role == "errors" and isinstance(value, str) and number_in(value) is not None
    role = "error" if role == "errors" else role
    if isinstance(value, list | dict):
        inner = cast("list[object] | dict[str, object]", value)
        found = bool(inner) if isinstance(inner, dict) else any(says_failed(role, item) for item in inner)
        return role == "error" and found
    if is_count or (isinstance(value, int | float) and not isinstance(value, bool)):
        return False  # JSON has truth values, so a number there counts failures
    text = "" if value is None else str(value).strip().lower()
    if text in MISSING:
        return False
    if role == "error":
        return text not in _FALSE and text not in _WENT_WELL
    return (text in _FALSE and role == "success") or text.startswith(_WENT_WRONG)


def _is_message(text: str) -> bool:
    """Whether a text in place of an answer says what went wrong."""
    if len(text) > _LONGEST_MESSAGE or not _MESSAGE.match(text):
        return False
    return _WRONG_IN_MESSAGE.search(text) is not None


def ended_at_limit(cell: object) -> int | None:
    """1 if the reason why an answer ended is its limit of tokens, 0 if it is another one; None without a reason."""
    text = text_in(cell) if isinstance(cell, str) else None
    return None if text is None else int(text.lower().removeprefix("finishreason.") in _AT_LIMIT)
