"""Splits a paragraph into sentences, where figures, units, abbreviations and tags of models have full stops too."""

import re
from collections.abc import Iterator

_STOP = re.compile(r"(?<![.!?…])[.!?…]+[\"”’')\]]{0,3}\s|[。！？]\s?")
_ABBREVIATION = re.compile(r"(?:^|[\s(\[\"“])(?:e\.g|i\.e|vs|cf|approx|ca|incl|resp|avg|fig)\.$", re.I)
_NUMBER = re.compile(r"(?:^|\s)(?:no|nos|sec|step|figs?)\.$", re.I)
_OPENERS = "\"“‘'([*`"
_NAME = re.compile(r"[a-z][\w.-]*[:_=\d]")  # a tag of a model or a parameter, which begins a sentence in lower case


def split_sentences(text: str) -> Iterator[str]:
    """The sentences of a text, each on one line; their words and their order are those of the text."""
    line = " ".join(text.split())
    start = 0
    for stop in _STOP.finditer(line):
        before = line[max(start, stop.start() - 12) : stop.start() + 1]
        if stop.end() >= len(line) or _goes_on(before, line[stop.end() : stop.end() + 60]):
            continue
        yield line[start : stop.end()].strip()
        start = stop.end()
    if line[start:].strip():
        yield line[start:].strip()


def _goes_on(before: str, after: str) -> bool:
    """Whether a full stop does not end the sentence."""
    following = after.lstrip(_OPENERS)
    if not following:
        return True
    if following[0].islower() and not _NAME.match(following):
        return True
    if following[0].isdigit() and _NUMBER.search(before):
        return True
    return _ABBREVIATION.search(before) is not None
