"""Text from outside, such as names of files and models, cells, prompts and messages of servers, is only ever data.

Here it is made harmless for terminals, CSV and JSON, and its control characters for every page. What is markup in
Markdown and HTML is escaped by their writers in `render`.
"""

import json
import re
import unicodedata
from typing import Any

_LONGEST_WORD = 500  # characters; a long path has fewer
_KEPT = 200  # characters of a longer word, at each of its ends
_JOINERS = "\u200c\u200d"  # scripts and emoji need them, and they reorder nothing
# What spreadsheets take for a formula, also in full width: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"\s*+[=+\-@＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(?:(?:\d[\d.,]*+|[.,]\d++)(?:[eE][+-]?\d++)?+%?|inf|nan)|-++", re.ASCII)


def visible(text: str) -> str:
    """The text with its control characters, also those of direction, spelled out (`\\u202e`).

    Lines end with a line feed; any other white space is a blank or a tab.
    """
    if text.isprintable():
        return text
    return "".join(map(_visible, re.sub("\r\n|[\r\x85\u2028\u2029]", "\n", text)))


def one_line(text: str) -> str:
    """As `visible`, with line feeds and tabs spelled out too, so that the text can't pose as a line of its own."""
    return text if text.isprintable() else visible(text).replace("\n", "\\n").replace("\t", "\\t")


def shortened(text: str) -> str:
    """The text with dots in the middle of each word that is too long to be read, such as a name of 5,000 letters."""
    if len(text) <= _LONGEST_WORD:
        return text
    return re.sub(rf"\S{{{_LONGEST_WORD + 1},}}", lambda word: f"{word[0][:_KEPT]}...{word[0][-_KEPT:]}", text)


def shown(name: object) -> str:
    """A path or another name of somebody's as part of a message: on one line, and not too long."""
    return shortened(one_line(str(name)))


def reads_from_right(text: str) -> bool:
    """Whether a letter in `text` is of a script that is written from right to left, and so could reorder its line."""
    return not text.isascii() and any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text)


def csv_cell(value: object) -> object:
    """A value as a cell of a CSV file: a text is on one line, and one that could be a formula begins with `'`.

    Numbers stay as they are, also those that are texts, such as `-3.5`.
    """
    if not isinstance(value, str):
        return value
    text = one_line(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def visible_json(document: str) -> str:
    """The same JSON document with the control characters in its strings written as JSON escapes."""
    if document.isascii() and "\x7f" not in document:  # JSON itself escapes those below the blank
        return document
    return "".join(char if char.isprintable() or char in "\n\t" else json.dumps(char)[1:-1] for char in document)


def json_value(text: str | bytes) -> Any:
    """The JSON value in a text from outside. Raises ValueError, also if it is nested too deeply."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _visible(char: str) -> str:
    if char.isprintable() or char in "\n\t" or char in _JOINERS:
        return char
    return " " if char.isspace() else char.encode("unicode_escape").decode()
