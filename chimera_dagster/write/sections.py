"""Which section of a report a heading means."""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

Section = Literal["performance", "findings", "summary", "recommendations", "risks", "other"]
Role = Literal["text", "risk", "mitigation"]

_LONGEST = 9  # words of a heading; a longer line is a sentence
_NUMBER = re.compile(
    r"^(?:(?:section|part|step|risk|recommendation|finding)\s+#?)?(?:\d{1,2}(?:\.\d{1,2})*|[ivx]{1,4}|[a-h])\s*[.):–-](?!\d)\s*"
    r"|^\d{1,2}(?:\.\d){0,3}\s+(?=(?-i:[A-Z]))",
    re.IGNORECASE,
)
_WORDS: Mapping[Section, str] = {
    "risks": r"risk|mitigation|caveat|limitation|pitfall",
    "recommendations": r"recommend|optimi[sz]|suggest|next steps?\b|action items?\b|what to do|advice",
    "findings": r"finding|takeaway|insight|observation|highlight",
    "summary": r"summary|executive|overview|conclusion",
}
_PERFORMANCE = re.compile(r"\b(?:performance|analysis|comparison)\b", re.IGNORECASE)
# What a line has to say, and nothing else, to be a heading without any mark
_PLAIN = re.compile(
    r"(?:executive |overall )?summary|(?:performance )?analysis|performance|(?:key |main )?findings"
    r"|(?:optimi[sz]ation |key )?recommendations?|risks?(?: ?(?:and|&|/) ?mitigations?)?(?: table)?",
    re.IGNORECASE,
)


class Meaning(NamedTuple):
    """The section that a heading means; `is_plain` if it says nothing else, `is_weak` if its words may be a topic."""

    section: Section
    is_plain: bool
    is_weak: bool


def without_number(title: str) -> str:
    """A heading without its number, colon and inline marks."""
    return _NUMBER.sub("", title.strip(" *_`#:\t"), count=1).strip(" *_`:\t")


def meaning_of(title: str) -> Meaning | None:
    """What a heading means: of the words that name sections, the first counts. None if none does."""
    words = title.strip()
    if len(words.split()) > _LONGEST:
        return None
    is_plain = _PLAIN.fullmatch(without_number(title)) is not None
    found: dict[Section, int] = {
        section: match.start()
        for section, names in _WORDS.items()
        if (match := re.search(rf"\b(?:{names})", words, re.IGNORECASE))
    }
    if found:
        return Meaning(min(found, key=found.__getitem__), is_plain, is_weak=False)
    return Meaning("performance", is_plain, is_weak=True) if _PERFORMANCE.search(words) else None
