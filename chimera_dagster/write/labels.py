"""Labels in front of text: `**Throughput**: Keep the model loaded.`, `Risk: ... Mitigation: ...`."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from chimera_dagster.write.sections import Role
from chimera_dagster.write.sentences import is_sentence, visible, without_marks

_FRAGMENT = 12  # words: more are text, whatever they lack
_BOLD = re.compile(
    r"(?:\d{1,2}[.)]\s*)?(?:\*\*|__)([^*]{1,120}?)(?:\s*:\s*(?:\*\*|__)|(?:\*\*|__)\s*(?::|\s[-–—]\s))\s*(.*)"
)
_ALL_BOLD = re.compile(r"(?:\*\*|__)([^*]{1,120})(?:\*\*|__)()")
_PLAIN = re.compile(r"([A-Z][^\s:.|]*(?: [^\s:.|]+){0,3})\s*:(?:\s+(.*)|$)")
_MITIGATION = re.compile(
    r"(?:(?<=[.!?;|–—])|^)\s*[*_]{0,2}(?:mitigations?|countermeasure)(?: strategy| plan| \d{1,2})?"
    r"[*_]{0,2}\s*:[*_]{0,2}\s*",
    re.IGNORECASE,
)
_RISK = re.compile(r"[*_]{0,2}risk(?: #?\d{1,2})?[*_]{0,2}\s*:[*_]{0,2}\s*", re.IGNORECASE)
_REMEDY = re.compile(
    r"(?<=[.!?])\s+(?=(?:To|In order to) (?:mitigate|address|avoid|reduce|counter|prevent|overcome)\b)", re.IGNORECASE
)
_RATED = re.compile(r"(?:impact|likelihood|severity|probability|priority|effort|level|owner)\b", re.IGNORECASE)
# What a sentence is about, if it does not say so itself: a model, a level of a setting, a state
_METRIC = re.compile(r"\bfirst token|\bttft\b|throughput|latency|\bdecod", re.IGNORECASE)
_COMPARED = re.compile(r"\d (?:times|%)|\b(?:faster|slower|sooner|higher|lower|quicker|longer|better|worse|same)\b")
_NAME = re.compile(r"[A-Za-z]\S*\d|[a-z] \d")
_SCOPE = re.compile(r"\S*\d[^\s,;]*|\b(?:cold|warm)\b")


class Labelled(NamedTuple):
    """A label without marks, empty if there is none, and the text behind it, with its marks."""

    label: str
    text: str


def split_label(text: str, *, may_be_plain: bool = True) -> Labelled:
    """The label of a text: bold, or if it `may_be_plain` up to four words before a colon."""
    match = _BOLD.fullmatch(text) or _ALL_BOLD.fullmatch(text) or (_PLAIN.fullmatch(text) if may_be_plain else None)
    return Labelled(plain(match[1]).strip(" :"), match[2] or "") if match else Labelled("", text)


def says_risk(text: str) -> bool:
    return _RISK.match(text) is not None


def says_mitigation(text: str) -> bool:
    return _MITIGATION.match(text) is not None


def split_risk(text: str, *, by_words: bool) -> Iterator[tuple[Role, str]]:
    """A risk and its mitigations, without these labels; `by_words` if a mitigation may begin with `To avoid this`."""
    risk, *mitigations = _MITIGATION.split(text)
    if not mitigations and by_words:
        risk, *mitigations = _REMEDY.split(text, maxsplit=1)
    yield "risk", _RISK.sub("", risk, count=1)
    for each in mitigations:
        yield "mitigation", each


def sentences_with_label(label: str, text: str, parent: str) -> Iterator[str]:
    """The text and what its label adds; `parent` is the label of the item above.

    A label that only names the topic is left out. One that is a sentence comes first; one without which the text is
    about nothing, or is not a sentence, stays in front.
    """
    if label and text[:1].islower() and text.partition(" ")[0].isalpha():
        text = f"{label}: {text}"
    elif label and is_sentence(label, is_label=True):
        yield label if label[-1] in ".!?" else f"{label}."
    elif label and is_sentence(text) and _is_missing(label, text):
        text = f"{label}: {text}"
    elif _RATED.match(label) and not is_sentence(text):
        return
    elif not is_sentence(text) and len(text.split()) <= _FRAGMENT:
        text = ": ".join(filter(None, (parent, label, text)))
    yield text


def plain(text: str) -> str:
    """`text` on one line, without marks."""
    return visible(without_marks(text))


def names_scope(label: str) -> bool:
    """Whether a label names a model or a level, as `gemma3:270m` or `Temperature 0.2`."""
    return _NAME.search(label) is not None


def _is_missing(label: str, text: str) -> bool:
    """Whether only the label says which model, level, state or compared metric the text is about."""
    scopes = _SCOPE.findall(label.casefold())
    if _COMPARED.search(text) and not _METRIC.search(text) and _METRIC.search(label):
        return True
    return bool(scopes) and not any(scope in text.casefold() for scope in scopes)
