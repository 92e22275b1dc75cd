"""Objects as Python prints them, `{'util_avg': 88.3, 'done': True}`, which scripts write into files of any ending."""

import ast
import json

_LONGEST = 1 << 20  # characters of a text that is looked at
_STARTS = ("{'", "[{'")


def json_of_python(text: str) -> str | None:
    """The same as JSON, also of lines that are an object each; None for any other text."""
    text = text.strip().lstrip("\ufeff")
    if len(text) > _LONGEST or not text.startswith(_STARTS):
        return None
    lines = text.splitlines()
    found = _value(text)
    if found is None and all(line.startswith(_STARTS) for line in lines):
        found = [_value(line) for line in lines]
        found = None if None in found else found
    try:
        return None if found is None else json.dumps(found)
    except (TypeError, ValueError, RecursionError):  # a set, bytes, a tuple as a key
        return None


def _value(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
