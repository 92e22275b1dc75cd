"""Reads the two lists out of an analysis that the model wrote as Markdown."""

import re
from typing import NamedTuple

_HEADING = re.compile(
    r"^\W*(?:\d+[.)]\s*)?(key findings?|findings?|(?:optimi[sz]ation )?recommendations?)\W*:?\W*$", re.I
)
_ITEM = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+(.*\S)")
_LIMIT = 5  # items that a reader gets of each list


class Lists(NamedTuple):
    findings: list[str]
    recommendations: list[str]


def split_lists(text: str) -> Lists:
    """List items under the two headings, each once and at most five; items before any heading are findings."""
    lists = Lists([], [])
    target = lists.findings
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading:
            target = lists.recommendations if "recommend" in heading[1].lower() else lists.findings
            continue
        item = _ITEM.match(line)
        if item and item[1] not in target and len(target) < _LIMIT:
            target.append(item[1])
    return lists
