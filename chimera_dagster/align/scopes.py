"""What a clause claims by where it says that it holds, and by how it takes up the sentence before."""

import re
from collections.abc import Sequence

from chimera_dagster.align.item import Item

_ALL = r"(?:all|every|each|any)"
_OF = r"(?:of )?(?:the |these |those |our )?(?:possible |tested |measured |shared |given |other |different |single )?"
_EVERYWHERE = re.compile(
    rf"\b(?:in|for|across|under|at|with|on|throughout|regardless of|independent of) {_ALL} {_OF}"
    r"((?:settings?|configurations?|conditions?|combinations?|circumstances?|prompts?|prompt lengths?|lengths?|loads?|levels?"
    r"|load levels?|situations?|scenarios?|workloads?|tests?|tasks?|use cases?|environments?|temperatures?|parameters?"
    r"|concurrency levels?|concurrenc(?:y|ies)|numbers? of requests|benchmarks?|experiments?|metrics?|measures?|respects?)\b)"
)
_EVERY_MODEL = re.compile(rf"^(?:and |but |so )?(?:in|for|across|with) {_ALL} {_OF}models?\b")
_TAKES_UP = re.compile(
    r"(?:(?:overall|so|thus|and|but|also|therefore|hence|however|moreover|furthermore|additionally|in addition|in summary"
    r"|as a result|clearly),? )?"
    r"(?:(?:this|that|these|those|they|which)(?= (?!the\b|in\b)\w+(?:s|ed|not)?\b)(?! (?:report|page|summary|folder|files?|results?|runs?|figures?"
    r"|numbers?|models?|sessions?|settings?|scores?|data|benchmarks?|tests?|machine|measurements?)\b)"
    r"|it(?! (?:is|was|should|can|could|must|may)\b(?! (?:\d|more|less|faster|slower)))"
    r"|(?:this|that|these|those|its|their|such an?|the) (?:differences?|gaps?|variations?|trends?|effects?|findings?|observations?)(?! (?:between|of|in|from|to)\b))\b",
    re.IGNORECASE,
)
_CONCLUDES = re.compile(
    r"\b(?:indicat|suggest|highlight|demonstrat|impl(?:y|ies)|underlin|underscor|emphasi|illustrat|reflect|reveal|signif(?:y|ies)"
    r"|point(?:s|ing)? (?:to|out)|hint|provid|aim|ensur)\w*",
    re.IGNORECASE,
)


def everywhere(items: Sequence[Item], number: int) -> frozenset[str]:
    """Over what the clause generalizes: `settings` of "in all settings", `models` of "for all models"."""
    text = " ".join(item.text.lower() for item in items if item.clause == number)
    found = {_singular(match.group(1)) for match in _EVERYWHERE.finditer(text)}
    return frozenset(found | ({"model"} if _EVERY_MODEL.match(text) else set()))


def takes_up(text: str) -> bool:
    """Whether the sentence begins with what only the one before explains, such as "this difference"."""
    return _TAKES_UP.match(text) is not None


def concludes(text: str) -> bool:
    """Whether it draws something from the sentence before: "This indicates ..."."""
    return takes_up(text) and _CONCLUDES.search(text) is not None


def _singular(noun: str) -> str:
    return noun.removesuffix("s")
