"""The statements of a Markdown report: its paragraphs, list items, table rows and the lines of its data summary."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_HEADING = re.compile(r"^\s*#{1,6}\s+(.*)|^\s*\*\*\s*(?:\d+\.\s*)?([^*]+)\*\*\s*:?\s*$")
_RULE = re.compile(r"^\s*(?:[-*_]\s*){3,}$|^[\s|:-]+$")
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,2}[.)])\s+|^\s*\*\*[^*]+:\*\*")  # also the lines `**Model:** gemma3`
_MORE = re.compile(r"^\s*\.\.\. and \d+ more\s*$")  # of a list whose length is stated above it


class Statement(NamedTuple):
    line: int
    text: str


def statements(markdown: str) -> list[Statement]:
    """Every statement with the number of its first line, from 1. Left out are headings, rules and printed prompts."""
    return [Statement(line, text) for line, text in _statements(markdown.splitlines()) if re.search(r"\w", text)]


def _statements(lines: list[str]) -> Iterator[tuple[int, str]]:
    paragraph: list[str] = []
    start, fenced, prompt = 0, False, False
    header: list[str] = []
    for number, line in enumerate([*lines, ""], start=1):
        is_fence = line.lstrip().startswith("```")
        heading = None if fenced else _HEADING.match(line)
        is_row = line.strip().startswith("|") and not fenced
        if paragraph and (
            fenced or is_fence or heading or is_row or not line.strip() or _ITEM.match(line) or _RULE.match(line)
        ):
            yield start, " ".join(paragraph)
            paragraph = []
        if is_fence:
            fenced = not fenced
        elif heading:
            prompt = "prompt" in line.lower()
        elif prompt or _RULE.match(line) or _MORE.match(line):
            continue
        elif is_row:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if header:
                yield number, "; ".join(f"{name}: {cell}" for name, cell in zip(header, cells, strict=False))
            else:
                header = cells
            continue
        elif line.strip():
            start = start if paragraph else number
            paragraph.append(line.strip())
        header = []
