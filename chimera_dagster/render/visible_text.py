"""Text in which nothing acts unseen: control characters, and letters that could reorder a line."""

import re
import unicodedata

_JOINERS = "\u200c\u200d"  # scripts and emoji need them, and they reorder nothing


def visible(text: str) -> str:
    """The text with its control characters, also those of direction, spelled out (`\\u202e`).

    Lines end with a line feed; any other white space is a blank or a tab.
    """
    if text.isprintable():
        return text
    return "".join(map(_visible, re.sub("\r\n|[\r\x85\u2028\u2029]", "\n", text)))


def reads_from_right(text: str) -> bool:
    """Whether a letter in `text` is of a script that is written from right to left, and so could reorder its line."""
    return not text.isascii() and any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text)


def _visible(char: str) -> str:
    if char.isprintable() or char in "\n\t" or char in _JOINERS:
        return char
    return " " if char.isspace() else char.encode("unicode_escape").decode()
