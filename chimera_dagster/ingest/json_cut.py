"""JSON that breaks off, as a run leaves it that was killed while it wrote, or as the beginning of a long file is.

Only what surely is as it was meant stays: records that were written whole. The last one may lack the field that says
its unit, its aggregate or that it failed, and the last number may lack digits.
"""

import re
from dataclasses import dataclass

from chimera_dagster.ingest.model_names import is_model

# A cut string reaches to the end. Possessive, as backtracking over 8 MB would take a gigabyte of memory.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\(?:.|\Z)[^"\\]*+)*+(?:"|\Z)|[{}\[\],]', re.DOTALL)
_LITERALS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_LONGEST_END = 24  # characters of a number, a literal or an escape that is cut
_NUMBER = re.compile(r"[-+.eE\d]*+", re.ASCII)


@dataclass(slots=True)
class _Open:
    """A bracket that is still open: what closes it, and whether it is a record: in a list, or with a model as its key.

    `end` is the place after the last complete value in it, `key` the last text.
    """

    closer: str
    is_record: bool
    end: int = 0
    key: str = ""
    has_records: bool = False


def breaks_off(text: str, place: int, error: str) -> bool:
    """Whether a document that json rejects at `place` lacks its end, and has no mistake within it."""
    if error.startswith("Unterminated string"):
        return True
    end = text[place : place + _LONGEST_END + 1].rstrip()
    if text[place + _LONGEST_END :].strip():
        return False
    if error.startswith("Invalid \\"):  # escape
        return '"' not in end
    return _NUMBER.fullmatch(end) is not None or any(literal.startswith(end) for literal in _LITERALS)


def whole_records(text: str) -> str | None:
    """A document with the records before the place where `text` breaks off, or None.

    Not pydantic_core's `allow_partial`: it keeps half of a cut number, drops whatever follows the first document, and
    reads nothing if the text has a lone surrogate, which json accepts.
    """
    stack: list[_Open] = []
    for token in _TOKEN.finditer(text):
        char = token[0]
        if char in "{[":
            above = stack[-1] if stack else None
            is_record = above is not None and char == "{" and (above.closer == "]" or is_model(above.key))
            stack.append(_Open("}" if char == "{" else "]", is_record))
        elif not stack:
            continue
        elif char in "}]":
            done = stack.pop()
            if not stack:
                return None  # a whole document, and text behind it
            stack[-1].end = token.end()
            stack[-1].has_records |= done.is_record or done.has_records
        elif char == ",":
            stack[-1].end = token.start()
        else:
            stack[-1].key = char.strip('"')
    while stack and (stack[-1].is_record or not stack[-1].has_records):
        stack.pop()
    if not stack:
        return None
    return text[: stack[-1].end] + "".join(opened.closer for opened in reversed(stack))
