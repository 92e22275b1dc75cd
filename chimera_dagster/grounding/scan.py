"""A sentence while it is read."""

import re
from collections.abc import Iterator

from chimera_dagster.grounding.folder import Folder
from chimera_dagster.grounding.lexicon import Words
from chimera_dagster.grounding.mention import Mention

HIDDEN = "\x01"


class Scan:
    """A sentence from which what is found is taken out of `left`, so that no word is read twice."""

    def __init__(self, text: str, folder: Folder) -> None:
        self.text, self.left = text, text
        self.folder = folder
        self.found: list[Mention] = []

    def take(self, mention: Mention) -> None:
        self.found.append(mention)
        self.left = self.left[: mention.start] + HIDDEN * (mention.end - mention.start) + self.left[mention.end :]

    def each(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        for match in list(pattern.finditer(self.left)):
            if HIDDEN not in self.left[match.start() : match.end()] and match[0]:
                yield match

    def by_words(self, kind: str, words: Words) -> None:
        for match in self.each(words.pattern):
            self.take(Mention(kind, *match.span(), match[0], words.meaning(match[0])))

    def by_list(self, kind: str, pattern: re.Pattern[str]) -> None:
        for match in self.each(pattern):
            self.take(Mention(kind, *match.span(), match[0], match[0].lower()))
