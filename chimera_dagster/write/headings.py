"""Which section a heading of an answer opens, however it is worded, and labels that stand in a paragraph instead."""

import re
from typing import Literal, NamedTuple

Stage = Literal["analysis", "report"]
Section = Literal["performance", "findings", "summary", "recommendations", "risks", "other"]

_NUMBER = re.compile(r"^\s*(?:section\s+)?(?:\d{1,2}|[ivx]{1,4}|[a-c])[.):]\s*", re.I)
_LABEL = re.compile(r"^\s*([A-Za-z][A-Za-z/&, -]{2,50}?)\s*:\s+(?=\S)")
# In this order: "Performance optimisation recommendations" and "Risks to performance" are what their noun says
_WORDS: tuple[tuple[Section, re.Pattern[str]], ...] = (
    ("risks", re.compile(r"\b(?:risks?|mitigations?|caveats?|limitations?)\b", re.I)),
    ("recommendations", re.compile(r"\b(?:recommendations?|optimi[sz]ations?|next steps|suggestions?|advice)\b", re.I)),
    ("findings", re.compile(r"\b(?:findings?|insights?|observations?|takeaways?)\b", re.I)),
    ("summary", re.compile(r"\b(?:summary|overview|conclusions?|abstract)\b", re.I)),
    ("performance", re.compile(r"\b(?:performance|analysis|comparison|results?)\b", re.I)),
)
_OF_REPORT = ("summary", "recommendations", "risks")
_LONGEST = 8  # words of a heading that names a section


class Place(NamedTuple):
    """A section of the answer and the level of the heading that opened it."""

    section: Section
    level: int


def place_of(stage: Stage, text: str, now: Place, level: int, *, is_heading: bool) -> Place | None:
    """The section that a heading opens; None if it opens none: it is a subheading, or not a heading.

    A line that is not marked as a heading is one if it has nothing but the name of a section.
    """
    title = without_number(text).rstrip(":").strip()
    section = _named(stage, title)
    if not is_heading:
        is_name = len(title.split()) <= 4 and ":" not in title and title[-1:].isalpha() and _is_title(title)
        return Place(section, now.level) if section and is_name else None
    if section is not None and section != "other":
        return Place(section, level)
    if level > now.level:
        return None
    if level == 1:  # the title of the whole document
        return None
    return Place("other", level)


def label_of(stage: Stage, text: str) -> tuple[Place, str] | None:
    """The section and the rest of a paragraph that begins with its name, as "Executive Summary: The models ..."."""
    text = without_number(text)
    label = _LABEL.match(text)
    if label is None or len(label[1].split()) > 3 or not _is_title(label[1]):
        return None
    section = _named(stage, label[1])
    if section not in ("summary", "findings", "recommendations"):
        return None
    return Place(section, 2), text[label.end() :]


def without_number(text: str) -> str:
    """A heading without the number before it, such as "1." or "II)"."""
    return _NUMBER.sub("", text).strip()


def _named(stage: Stage, title: str) -> Section | None:
    """The section that a title names; "other" if that section is not part of what was asked for."""
    if not title or len(title.split()) > _LONGEST:
        return None
    for section, words in _WORDS:
        if words.search(title):
            return "other" if stage == "report" and section not in _OF_REPORT else section
    return None


def _is_title(title: str) -> bool:
    """Whether every longer word is capitalised, or only the first one is and the title is short."""
    words = [word for word in title.split() if len(word) > 3]
    return title[:1].isupper() and (all(word[0].isupper() for word in words) or len(title.split()) <= 3)
