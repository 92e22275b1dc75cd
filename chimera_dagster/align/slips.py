"""Sentences of small models that look like a note, but evaluate, generalize or describe the report itself."""

import re

from chimera_dagster.align.outcome import Aligned
from chimera_dagster.align.reading import CLASSES, ORDERING, Reading

_MEASURED = ("ms", "tok/s")
_CONCLUDES = re.compile(
    r"\b(?:(?:indicat|suggest|show|imply|demonstrat|highlight|reveal)ing(?: that)?|meaning that|making (?:it|them)"
    r"|which (?:means|indicates|suggests|shows|implies|demonstrates|makes (?:it|them))(?: that)?)\b",
    re.IGNORECASE,
)
_DIFFERENT = r"(?:different|various|varying)"
_EACH_ITS_OWN = re.compile(
    rf"\b{_DIFFERENT}\b.* (?:on|for|in|across|under|at|over|with|between|during|from|of) (?:the )?{_DIFFERENT}\b",
    re.IGNORECASE,
)
_DEPENDS = re.compile(
    r"\b(?:depend(?:s|ing|ent)? (?:on|upon)|(?:var(?:y|ies)|differs?|changes?) (?:based on|according to|with|by))\b",
    re.IGNORECASE,
)
_MUST_LOAD = re.compile(
    r"\b(?:models?|both|they|it) (?:(?:has|have|had|needs?|needed) to|must) (?:first )?be loaded\b", re.IGNORECASE
)
_CONDITION = re.compile(
    r"\b(?:if|when|whenever|once|where|unless|while|as|because|since|after|before|until|should)\b", re.IGNORECASE
)
_OF_REPORT = re.compile(
    r"(?:overall, )?(?:this|the|these) (?:summary|report|overview|analysis|document|notes?) (?:also )?"
    r"(?:provid|giv|offer|present|outlin|aim|describ|discuss|summari[sz])",
    re.IGNORECASE,
)
_EXTREME = re.compile(
    r"\((?:the )?(?:smallest|lowest|highest|largest|greatest|biggest|longest|shortest|minimum|maximum|min|max)\)",
    re.IGNORECASE,
)


def slip(text: str, reading: Reading) -> Aligned | None:
    """What becomes of a normal text that is such a sentence; None if it is not."""
    if _describes_report(text, reading):
        return Aligned("filler", reason="it describes the report")
    if _evaluates(text, reading):
        return Aligned("withheld", reason="it draws a conclusion that no note draws")
    if _is_vague(text, reading):
        return Aligned("withheld", reason="it does not say what differs")
    if (loads := _MUST_LOAD.search(text)) and not _CONDITION.search(text[: loads.start()]):
        return Aligned("withheld", reason="the notes say that only of a model that has to be loaded first")
    if _EXTREME.search(text):
        return Aligned("withheld", reason="no note says of which values it is the extreme")
    return None


def _describes_report(text: str, reading: Reading) -> bool:
    negative = any(clause.negative for clause in reading.clauses)
    return _OF_REPORT.match(text) is not None and not reading.figures and not reading.orders and not negative


def _evaluates(text: str, reading: Reading) -> bool:
    """Whether a conclusion at the end has neither a figure nor a comparison that could be checked."""
    found = _CONCLUDES.search(text)
    if found is None:
        return False
    tail = [item for item in reading.items if item.start >= found.end()]
    return not any(
        item.figure is not None
        or item.has("choose")
        or any(kind == "relations" and key in ORDERING | {"tie", "same", "noeffect"} for kind, key in item.senses)
        or item.has("certainty", "session")
        or item.has("certainty", "chance")
        or item.has("certainty", "untested")
        for item in tail
    )


def _is_vague(text: str, reading: Reading) -> bool:
    """Whether "different ... on different ..." or "depending on" is said of no metric that the notes have."""
    if _EACH_ITS_OWN.search(text):
        return True
    metrics = {key for item in reading.items for key in item.keys("metrics")}
    measured = any(bound.kind in _MEASURED for bound in reading.figures)
    return _DEPENDS.search(text) is not None and "speed" in metrics <= set(CLASSES) and not measured
