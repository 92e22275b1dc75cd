"""How good the model's text is, by checks that code can make; the same text always gets the same score."""

import re
import unicodedata

from pydantic import BaseModel, ConfigDict

from chimera_dagster.write.grounding import Grounded

WORDS = range(300, 401)  # what the persona prompt asks for
CHECKS = 10


class TextQuality(BaseModel):
    """`score` is the share of checks passed; `failed` says in words which did not."""

    model_config = ConfigDict(frozen=True)

    score: float
    verdict: str
    words: int
    cited_facts: int
    withheld_figures: int
    failed: list[str]


def assess(text: str, grounded: Grounded, recommendations: int) -> TextQuality:
    """Judge the report text as the model wrote it, what grounding found in it, and the recommendations it gave.

    A text that says nothing of the evidence, invents more than it cites, repeats itself or leaves English is not
    usable whatever else it does.
    """
    words = re.findall(r"\w+", text)
    invented = len(grounded.withheld) + len(grounded.unknown)
    fatal = {
        "it cites no fact": bool(grounded.cited),
        "it drifts out of English script": _foreign_share(text) <= 0.05,
        "it repeats itself": _repetition(words) <= 0.3,
        f"{invented} of its figures have no source, {len(grounded.cited)} have one": invented <= len(grounded.cited),
    }
    others = {
        f"it has {len(words)} words where {WORDS.start} to {WORDS.stop - 1} were asked for": len(words) in WORDS,
        "it has no numbered sections": len(re.findall(r"^\W*\d+[.)]\s", text, re.MULTILINE)) >= 3,
        "it has no bold callout": "**" in text,
        "it gives fewer than three recommendations": recommendations >= 3,
        "it has no risk table of two rows": _table_rows(text) >= 2,
        f"it states {invented} figures without a source": not invented,
    }
    failed = [complaint for complaint, passed in (fatal | others).items() if not passed]
    score = 1 - len(failed) / CHECKS
    unusable = not all(fatal.values()) or score < 0.7
    return TextQuality(
        score=round(score, 2),
        verdict="not usable" if unusable else "usable with care" if failed else "good",
        words=len(words),
        cited_facts=len(grounded.cited),
        withheld_figures=invented,
        failed=failed,
    )


def _table_rows(text: str) -> int:
    """Rows of Markdown tables, each table's header left out."""
    rows = [line.strip() for line in text.splitlines() if line.strip().startswith("|") and line.count("|") >= 3]
    rules = sum(1 for row in rows if re.fullmatch(r"[\s|:-]+", row))
    return len(rows) - 2 * rules


def _foreign_share(text: str) -> float:
    letters = [char for char in text if char.isalpha()]
    foreign = sum(not unicodedata.name(char, "").startswith("LATIN") for char in letters)
    return foreign / len(letters) if letters else 1.0


def _repetition(words: list[str]) -> float:
    """Share of four-word sequences that stood in the text before."""
    grams = [tuple(word.lower() for word in words[n : n + 4]) for n in range(len(words) - 3)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0
