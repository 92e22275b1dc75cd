"""The numbers of a folder that no known name covers: what a reader of its summary should know is missing."""

import json
import re
from collections import Counter
from typing import NamedTuple

import pandas as pd

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


class UnreadGroup(NamedTuple):
    """Numbers of one name, as the files spell it, and in how many files they are."""

    name: str
    numbers: int
    files: int


def unread_groups(files: pd.DataFrame) -> list[UnreadGroup]:
    """From schemas.BenchmarkFiles, the largest first; a file states at most twenty names."""
    numbers, found_in = Counter[str](), Counter[str]()
    for text in files["unread"]:
        if text != "{}":
            names: dict[str, int] = json.loads(text)
            numbers.update(names)
            found_in.update(names.keys())
    return [UnreadGroup(name, count, found_in[name]) for name, count in sorted(numbers.items(), key=_largest)]


def words_of_name(name: str) -> str:
    """A name as words in lower case with a space between them: `peakMem_MB` is `peak mem mb`."""
    return " ".join(_WORD.findall(name)).casefold()


def _largest(group: tuple[str, int]) -> tuple[int, str]:
    return -group[1], group[0]
