"""The score of a text falls with each thing it lacks."""

from chimera_dagster.write.analysis import split_lists
from chimera_dagster.write.grounding import ground
from chimera_dagster.write.quality import CHECKS, TextQuality, assess
from tests.unit.write.facts import fact

FACTS = [fact("F1", "files read", "68")]
NOUNS = [
    "alpha",
    "bravo",
    "charlie",
    "delta",
    "echo",
    "foxtrot",
    "golf",
    "hotel",
    "india",
    "juliet",
    "kilo",
    "lima",
    "mike",
    "november",
    "oscar",
    "papa",
]
# 320 words without a repeated four-word run
FILLER = " ".join(f"{first} {second}" for first in NOUNS for second in NOUNS[:10])
GOOD = f"""1. **Executive summary**

The folder holds {{F1}} files. {FILLER}

2. **Recommendations**

3. **Risks**

| risk | mitigation |
|---|---|
| cold start | warm up |
| throttling | watch the clock |
"""


def quality(text: str, recommendations: int = 3) -> TextQuality:
    return assess(text, ground(text, FACTS, "m"), recommendations)


def test_a_text_that_does_what_was_asked_passes_every_check() -> None:
    assert quality(GOOD).failed == []
    assert (quality(GOOD).score, quality(GOOD).verdict) == (1.0, "good")


def test_each_lack_is_named_and_costs_its_share() -> None:
    lacks = {
        "words": GOOD.replace(FILLER, "Short."),
        "numbered": GOOD.replace("1. ", "").replace("2. ", "").replace("3. ", ""),
        "bold": GOOD.replace("**", ""),
        "risk table": GOOD.replace("| throttling | watch the clock |\n", ""),
        "cites no fact": GOOD.replace("{F1}", "many"),
        "states 1 figures": GOOD.replace("{F1}", "{F1} and {F7}"),
        "1 of its figures have no source": GOOD.replace("{F1}", "99"),
        "2 of its figures have no source, 1 have one": GOOD.replace("{F1}", "{F1} or 99 or {F7}"),
        "English": GOOD + "เกมเมอร์หลายคนไม่รู้จักการเล่นเกมแนว" * 10,
        "repeats": GOOD.replace(FILLER, "the same four words again " * 65),
    }
    for word, text in lacks.items():
        assert any(word in complaint for complaint in quality(text).failed), word
        assert quality(text).score < 1.0
    assert quality(GOOD, recommendations=2).score == round(1 - 1 / CHECKS, 2)


def test_an_empty_or_hopeless_text_is_not_usable() -> None:
    assert quality("\n\n").verdict == "not usable"
    assert quality("no no no no no no no no no no", recommendations=0).verdict == "not usable"


def test_inventing_more_than_citing_makes_a_text_unusable_whatever_else_it_does() -> None:
    assert quality(GOOD.replace("{F1}", "{F1} or 99")).verdict == "usable with care"
    assert quality(GOOD.replace("{F1}", "{F1} or 99 or 98")).verdict == "not usable"


def test_lists_are_read_under_their_headings() -> None:
    text = "**Key Findings:**\n- one\n- one\n* two\n\n## 5. Recommendations\n1. do this\n2) do that\nplain line\n"
    assert split_lists(text).findings == ["one", "two"]
    assert split_lists(text).recommendations == ["do this", "do that"]


def test_items_before_any_heading_are_findings_and_five_are_enough() -> None:
    text = "\n".join(f"- item {letter}" for letter in "abcdefg")
    assert split_lists(text).findings == [f"item {letter}" for letter in "abcde"]
    assert split_lists(text).recommendations == []
