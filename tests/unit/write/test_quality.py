"""The quality score: each fault costs, none pays, and the verdict follows."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chimera_dagster.write.answer import AIMS, Answer, Place, Statement, parse_answer
from chimera_dagster.write.quality import MANDATORY, WORDS, Quality, score_text

SHOWN = [f"F{number}" for number in range(1, 13)]
NOUNS = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel")
# what a published report began with
THAI = (
    "เกมเมอร์หลายคนไม่รู้จักการเล่นเกมแนว Simulation ได้แก่ เกมจำลองสถานการณ์ต่างๆ "
    "เช่น เกมจำลองการบริหารโรงแรม เกมจำลองการบริหารเมือง"
)
GERMAN = "Das Modell ist schneller als alle anderen Modelle und braucht dabei weniger Speicher pro Zeichen als zuvor"
LOOP = "and the model is fast " * 40


def sentence(number: int, place: Place, row: int | None = None) -> Statement:
    """Twenty words of English, no run of four of which stands in another sentence."""
    nouns = [f"{chr(ord('a') + number)}{noun}" for noun in (*NOUNS, "india")]
    words = " ".join(f"{noun} {('of', 'the', 'is')[place % 3]}" for place, noun in enumerate(nouns))
    return Statement(id=f"R{number}", place=place, row=row, text=f"The {words} {{F{number % 12 + 1}}}.")


PLACES: list[tuple[Place, int | None]] = [
    *([("executive_summary", None)] * 4),
    *((aim, None) for aim in AIMS for _ in range(2)),
    *((place, row) for row in (1, 2, 3) for place in ("risk", "mitigation")),
]
GOOD = Answer(
    statements=tuple(sentence(number, *where) for number, where in enumerate(PLACES)),
    complete=True,
    by_schema=True,
    repeated=0,
)


def quality(report: Answer = GOOD, *, cut: bool = False, **counts: int) -> Quality:
    verdicts: Any = {name.replace("_", " "): count for name, count in ({"supported": 6} | counts).items()}
    return score_text(report, SHOWN, verdicts, cut=cut)


def without(*places: Place, row: int | None = None) -> dict[str, Any]:
    """The statements of the good report but those at these places, or in this row and those below."""
    left = [it for it in GOOD.statements if it.place not in places and not (row and it.row and it.row >= row)]
    return {"statements": tuple(left)}


def with_first(statements: tuple[Statement, ...], words: str) -> dict[str, Any]:
    """These statements, with more words at the end of the first."""
    first = statements[0].model_copy(update={"text": f"{statements[0].text} {words}"})
    return {"statements": (first, *statements[1:])}


def value(of: Quality, name: str) -> float:
    return next(each.value for each in of.components if each.name == name)


def with_words(words: str) -> Answer:
    """The good report, with these words at the end of its first statement."""
    return GOOD.model_copy(update=with_first(GOOD.statements, words))


def test_a_report_that_does_what_was_asked_has_the_full_score() -> None:
    perfect = quality()
    assert (perfect.score, perfect.verdict, perfect.complaints) == (1.0, "good", [])
    assert perfect.words in WORDS
    assert sum(each.weight for each in perfect.components) == pytest.approx(1)


FAULTS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "cut": ({"complete": False}, {}, "it was cut off"),
    "stopped": ({}, {"cut": True}, "it was cut off"),
    "no summary": (without("executive_summary"), {}, "it has 2 of 3 sections"),
    "two recommendations": (without("throughput"), {}, "it has 2 of 3 recommendations"),
    "one risk": (without(row=2), {}, "its risk table has 1 of 2 rows"),
    "free form": ({"by_schema": False}, {}, "it does not follow the schema"),
    "repeats": ({"repeated": 3}, {}, "3 whole statements"),
    "unsupported": ({}, {"unsupported": 2}, "6 of its 8 statements"),
    "contradicted": ({}, {"contradicted": 1}, "1 contradicted"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_costs_and_is_named(name: str) -> None:
    changes, counts, complaint = FAULTS[name]
    faulty = quality(GOOD.model_copy(update=changes), **counts)
    assert faulty.score < 1
    assert any(complaint in each for each in faulty.complaints), faulty.complaints


@pytest.mark.parametrize("count", range(len(FAULTS) + 1))
def test_without_one_of_its_faults_a_report_is_never_worse(count: int) -> None:
    def of(names: tuple[str, ...]) -> Quality:
        changes: dict[str, Any] = {}
        counts: dict[str, Any] = {}
        left = GOOD.statements
        for name in names:
            changes |= FAULTS[name][0]
            counts |= FAULTS[name][1]
            left = tuple(it for it in left if it in changes.get("statements", left))
        changes["statements"] = left
        return quality(GOOD.model_copy(update=changes), **counts)

    ranks = ["not usable", "usable with care", "good"]
    for names in combinations(FAULTS, count):
        faulty = of(names)
        for name in names:
            mended = of(tuple(each for each in names if each != name))
            assert mended.score >= faulty.score, (names, name)
            assert ranks.index(mended.verdict) >= ranks.index(faulty.verdict), (names, name)


@settings(deadline=None)
@given(st.sampled_from([THAI, LOOP]), st.integers(1, 14), st.integers(0, 3))
def test_drift_and_loops_never_pay_however_short_the_report_is(words: str, kept: int, times: int) -> None:
    statements = tuple(sentence(number, "executive_summary") for number in range(kept))
    report = GOOD.model_copy(update={"statements": statements})
    faulty = report.model_copy(update=with_first(statements, " ".join([words] * times)))
    assert quality(faulty).score <= quality(report).score


COUNT = st.integers(0, 30)


@settings(deadline=None)
@given(COUNT, COUNT, COUNT, COUNT)
def test_one_fault_less_among_the_statements_never_costs(
    supported: int, contradicted: int, unsupported: int, not_checkable: int
) -> None:
    def score(**counts: int) -> float:
        return quality(**(given | counts)).score

    given = {"contradicted": contradicted, "unsupported": unsupported, "not_checkable": not_checkable}
    given["supported"] = supported
    worse = score(contradicted=contradicted + 1), score(unsupported=unsupported + 1)
    assert max(worse) <= score() <= score(supported=supported + 1)
    assert 0 <= score() <= 1
    assert score(contradicted=contradicted + 1) <= score(unsupported=unsupported + 1)


def test_a_third_of_the_length_asked_for_is_not_good_however_true_it_is() -> None:
    left = without(row=3)["statements"]
    one_each = [it for n, it in enumerate(left) if it.place not in AIMS or it.place != left[n - 1].place]
    short = GOOD.model_copy(update={"statements": tuple(one_each)})
    found = quality(short)
    assert value(found, "length") < 0.8
    assert (found.score > 0.85, found.verdict) == (True, "usable with care")


def test_a_paragraph_in_another_script_is_not_usable_whatever_the_rest() -> None:
    drifted = quality(with_words(f"{THAI} {THAI}"))
    assert drifted.verdict == "not usable"
    assert any("another script" in each for each in drifted.complaints)
    assert quality(with_words("von Müller, Zoë and Ångström")).verdict == "good"


def test_another_language_in_latin_script_is_drift_too() -> None:
    statement = Statement(id="R1", place="executive_summary", text=f"{GERMAN} {{F1}}.")
    german = GOOD.model_copy(update={"statements": (statement,)})
    assert value(quality(german), "language") < 0.5


def test_a_text_that_repeats_itself_is_not_usable() -> None:
    looping = quality(with_words(LOOP))
    assert (value(looping, "repetition"), looping.verdict) == (0.0, "not usable")
    assert looping.words <= quality().words + 8  # a loop doesn't make it longer


def test_the_facts_that_must_be_cited_are_the_first_by_rank() -> None:
    one = GOOD.model_copy(update=without("executive_summary", *AIMS))
    cited = {reference for statement in one.statements for reference in statement.references}
    missed = [each for each in SHOWN[:MANDATORY] if each not in cited]
    assert missed
    assert value(quality(one), "mandatory facts") == pytest.approx(1 - len(missed) / MANDATORY)
    assert f"it does not cite {', '.join(missed)}" in quality(one).complaints
    assert value(score_text(GOOD, SHOWN[:1], {"supported": 1}), "mandatory facts") == 1


def test_what_cites_nothing_or_is_refuted_is_not_usable() -> None:
    bare = parse_answer("report", '{"executive_summary": ["The model is fast and it is good for all of the use."]}')
    assert quality(bare).verdict == "not usable"
    assert quality(contradicted=6).verdict == "not usable"
    assert quality(contradicted=1).verdict == "usable with care"


@pytest.mark.parametrize("text", ["", "\n \n", "{}", '{"executive_summary": []}', "{"])
def test_an_empty_answer_scores_nothing_and_says_so(text: str) -> None:
    empty = score_text(parse_answer("report", text), SHOWN, {})
    assert (empty.score, empty.verdict, empty.complaints, empty.words) == (0.0, "not usable", ["it is empty"], 0)


def test_the_same_report_always_has_the_same_score() -> None:
    report = with_words(LOOP)
    assert quality(report) == quality(Answer.model_validate_json(report.model_dump_json()))
