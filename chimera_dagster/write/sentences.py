"""Splits text into sentences: names, decimals and abbreviations with full stops stay whole."""

import re
import unicodedata
from collections.abc import Sequence

_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)|\[\^\w+\]")
_MARKS = re.compile(
    r"\\([^\w\s]|_)|`+|\*{2,}|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)|~~|(?<!\w)_{1,2}(?=\S)|(?<=\S)_{1,2}(?!\w)"
)
_END = re.compile(r"(?:(?<![.!?…])[.!?…]+[\"'”’)\]]*(?=\s)|[。！？])\s*")
_NEVER = frozenset(("e.g", "i.e", "eg", "ie", "vs", "approx", "cf", "ca", "fig", "eq", "dr", "mr", "viz"))
_AT_CAPITAL = frozenset(("etc", "sec", "secs", "min", "max", "avg", "no", "incl", "resp", "std", "est", "al"))
_LONGEST = 1_000  # characters of a sentence; what has no full stop for so long is not one
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|does|do|did|can|cannot|could|may|might|will|would|should|must"
    r"|(?:show|take|decode|grow|rise|fall|stay|need|make|add|differ|answer|start|hide|mix|lead|give|reach|run|improve"
    r"|increase|reduce|perform|remain|depend|rest|vary|say|mean|see|drop|slow|affect|change|come|cost|lack|miss)(?:s|es|ed)?"
    r"|varie[sd]|took|grew|rose|fell|ran|made|gave|mixes)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"(?:always |first )?(?:warm (?:it|them|up|the)"
    r"|keep|set|use|repeat|increase|reduce|lower|raise|measure|run|rerun|choose|prefer"
    r"|test|report|monitor|avoid|consider|load|preload|tune|adjust|limit|check|compare|record|add|ensure|optimi[sz]e|implement|do|don't"
    r"|treat|quote|try|switch|pick|select|leave|state|read|benchmark|verify|plan|cap|enable|disable|apply|give)\b",
    re.IGNORECASE,
)
_SHORTEST, _SURE = 3, 6  # words of a sentence, and of one without a known verb


def visible(text: str) -> str:
    """`text` on one line, without control characters, direction marks, halves of surrogate pairs, and pictures."""
    # Categories C and So: emoji are in the latter, the degree sign is too
    kept = (char if char == "°" or unicodedata.category(char) not in _UNSEEN else " " for char in text)
    return " ".join("".join(kept).split())


_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "So", "Zl", "Zp"))


def without_marks(text: str) -> str:
    """`text` without the inline marks of Markdown; an underscore inside a name is not one."""
    return _MARKS.sub(lambda match: match[1] or "", _LINK.sub(lambda match: match[1] or "", text)).strip()


def split_sentences(text: str) -> list[str]:
    """The sentences of one line of text without marks, in their order; an overlong one is cut."""
    found: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if _ends(text, start, match):
            found.append(text[start : match.end()].strip())
            start = match.end()
    found.append(text[start:].strip())
    return [each if len(each) <= _LONGEST else f"{each[:_LONGEST]} …" for each in found if _says(each)]


def is_sentence(text: str, *, is_label: bool = False) -> bool:
    """Whether `text`, which may lack its full stop, is a sentence or an order, and not a topic or a value.

    A label is more often a topic, as `First token time increase`.
    """
    words = text.split()
    if len(words) < _SHORTEST or text[0].isdigit() or _is_title(words):
        return False
    has_verb = _VERB.search(text) and (not is_label or len(words) >= _SURE or text[-1] in ".!?")
    return bool(_ORDER.match(text) or has_verb) or (len(words) >= _SURE and text[-1] in ".!?")


def _is_title(words: Sequence[str]) -> bool:
    """Whether Every Longer Word Has a Capital."""
    return all(word[0].isupper() for word in words if len(word) > len("with") and word[0].isalpha()) and not any(
        word[0].islower() for word in words[1:2]
    )


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    before = text[max(start, match.start() - 12) : match.start()].rpartition(" ")[2].lower().lstrip("(\"'“")
    following = text[match.end() : match.end() + 1]
    if text[match.start()] != "." or not following:
        return True
    if before in _NEVER:
        return False
    return before not in _AT_CAPITAL or following.isupper()


def _says(text: str) -> bool:
    return any(char.isalnum() for char in text)
