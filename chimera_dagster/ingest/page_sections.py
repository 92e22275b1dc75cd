"""Output of tools on one page that only the headings above it tell apart: `Test 2: same node`, `Test 3: two nodes`.

Output under two headings that says the same model, hardware and settings would be one sample. That is right for repeats
(`Run 1`, `Run 2`) and wrong if the headings say what was different.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chimera_dagster.ingest.collector import Collector
from chimera_dagster.ingest.surroundings.file_names import words_that_tell

CONDITION = "section"
_LONGEST = 120  # characters of a heading that are kept
_TAG = re.compile(r"<[^<>]{0,200}>|!?\[(?=[^\]]*\]\()|(?<=\])\([^)]*\)|[*`\]]")
_REMARK = re.compile(r"\s*\([^()]*\)\s*$")
_EDGES = " \t:-\u2013\u2014.,#"


class _Block(NamedTuple):
    """Records of the collector from `start` to `stop`, before its flush number `flushes`, and the headings above."""

    start: int
    stop: int
    flushes: int
    titles: tuple[str, ...]  # the outermost first


class PageSections:
    """The output of tools on one page, by the headings above it."""

    def __init__(self, sheet: Collector) -> None:
        self._sheet = sheet
        self._blocks: list[_Block] = []

    def note(self, start: int, titles: Sequence[str]) -> None:
        """Note the records from `start` on as read below these headings, the nearest one first."""
        if self._sheet.heads > start:
            said = tuple(filter(None, map(_plain, reversed(titles))))
            self._blocks.append(_Block(start, self._sheet.heads, self._sheet.flushes, said))

    def tell_apart(self) -> None:
        """Give the records noted the condition `section`, if some would otherwise be one sample with those of another.

        Records that were passed on before the end of the page stay as they are.
        """
        blocks = [block for block in self._blocks if block.flushes == self._sheet.flushes]
        labels = _labels([block.titles for block in blocks])
        if len({*labels.values()}) < 2:
            return
        found: dict[object, set[str]] = defaultdict(set)
        for block in blocks:
            for sample in self._sheet.samples(block.start, block.stop):
                found[sample].add(labels[block.titles])
        if all(len(sections) < 2 for sections in found.values()):
            return
        for block in blocks:
            if label := labels[block.titles]:
                self._sheet.add_condition(block.start, block.stop, CONDITION, label)


def _labels(every: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], str]:
    """What the headings of each block say that those of others do not; of repeats the same."""
    different = [*dict.fromkeys(every)]
    shared = set(different[0]).intersection(*different[1:]) if different else set[str]()
    own = {titles: [title for title in titles if title not in shared] for titles in different}
    whole = {titles: " / ".join(said) for titles, said in own.items()}
    texts = {titles: " / ".join(_REMARK.sub("", each) for each in said) for titles, said in own.items()}
    if len({*map(words_that_tell, texts.values())}) < len({*map(words_that_tell, whole.values())}):
        texts = whole
    told = {titles: words_that_tell(text) for titles, text in texts.items()}
    first: dict[tuple[str, ...], str] = {}
    for titles, words in told.items():
        first.setdefault(words, texts[titles])
    return {titles: first[words][:_LONGEST].strip(_EDGES) if words else "" for titles, words in told.items()}


def _plain(title: str) -> str:
    """A heading without marks and pictures."""
    text = " ".join(_TAG.sub("", title).split())
    start = next((at for at, mark in enumerate(text) if mark.isalnum()), 0)
    return text[start:].strip(_EDGES)
