"""What a clause claims by where it says that it holds, and by how it takes up the sentence before."""

import re
from collections.abc import Sequence

from chimera_dagster.align.item import Item

_ALL = r"(?:all|every|each|any)"
_OF = r"(?:of )?(?:the |these |those |our )?(?:possible |tested |measured |shared |given |other |different |single )?"
_WIDE = (
    "settings?|configurations?|conditions?|combinations?|circumstances?|prompts?|prompt lengths?|lengths?|loads?"
    "|levels?|load levels?|situations?|scenarios?|workloads?|tests?|tasks?|use cases?|environments?|temperatures?"
    "|parameters?|concurrency levels?|concurrency|numbers? of requests|benchmarks?|experiments?"
    "|metrics?|measures?|respects?"
)
_EVERYWHERE = re.compile(
    rf"\b(?:in|for|across|under|at|with|on|throughout|regardless of|independent of) {_ALL} {_OF}({_WIDE})\b"
)
_EVERY_MODEL = re.compile(
    rf"^(?:and |but |so )?(?:in|for|across|with) {_ALL} {_OF}models?\b| for {_ALL} {_OF}models?[ .]*$"
)
_LEADING = (
    "overall|so|thus|and|but|also|therefore|hence|however|moreover|furthermore|additionally|in addition|in summary"
    "|as a result|clearly"
)
_OF_FOLDER = (  # "these results" are known without a sentence before
    "report|page|summary|folder|files?|results?|runs?|figures?|numbers?|models?|sessions?|settings?|scores?|data"
    "|benchmarks?|tests?|machine|measurements?"
)
_PRONOUN = rf"(?:this|that|these|those|they|which)(?= (?!the\b|in\b)\w+(?:s|ed|not)?\b)(?! (?:{_OF_FOLDER})\b)"
_IT = r"it(?! (?:is|was|should|can|could|must|may)\b(?! (?:\d|more|less|faster|slower)))"
_THE_GAP = (
    r"(?:this|that|these|those|its|their|such an?|the) (?:differences?|gaps?|variations?|trends?|effects?|findings?"
    r"|observations?)(?! (?:between|of|in|from|to)\b)"
)
_TAKES_UP = re.compile(rf"(?:(?:{_LEADING}),? )?(?:{_PRONOUN}|{_IT}|{_THE_GAP})\b", re.IGNORECASE)
_CONCLUDES = re.compile(
    r"\b(?:indicat|suggest|highlight|demonstrat|impl(?:y|ies)|underlin|underscor|emphasi|illustrat|reflect|reveal"
    r"|signif(?:y|ies)|point(?:s|ing)? (?:to|out)|hint|provid|aim|ensur)\w*",
    re.IGNORECASE,
)


def everywhere(items: Sequence[Item], number: int) -> frozenset[str]:
    """Over what the clause generalizes: `settings` of "in all settings", `model` of "for all models, a ..."."""
    text = " ".join(item.text.lower() for item in items if item.clause == number)
    found = {_singular(match.group(1)) for match in _EVERYWHERE.finditer(text)}
    names_one = any(item.kind == "name" and item.key == "model" and item.clause == number for item in items)
    return frozenset(found | ({"model"} if names_one and _EVERY_MODEL.search(text) else set()))


def takes_up(text: str) -> bool:
    """Whether the sentence begins with what only the one before explains, such as "this difference"."""
    return _TAKES_UP.match(text) is not None


def concludes(text: str) -> bool:
    """Whether it draws something from the sentence before: "This indicates ..."."""
    return takes_up(text) and _CONCLUDES.search(text) is not None


def _singular(noun: str) -> str:
    return noun.removesuffix("s")
