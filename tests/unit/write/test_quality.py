"""The quality score: each fault costs, none pays, and the verdict follows."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chimera_dagster.write.answer import Recommendation, Report, Risk, Statement, read_report
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


def sentence(number: int) -> Statement:
    """Twenty words of English, no run of four of which stands in another sentence."""
    nouns = [f"{chr(ord('a') + number)}{noun}" for noun in (*NOUNS, "india")]
    words = " ".join(f"{noun} {('of', 'the', 'is')[place % 3]}" for place, noun in enumerate(nouns))
    return Statement(text=f"The {words} {{F{number % 12 + 1}}}.")


GOOD = Report(
    executive_summary=tuple(map(sentence, range(4))),
    recommendations=tuple(
        Recommendation(aim=aim, statements=(sentence(4 + 2 * place), sentence(5 + 2 * place)))
        for place, aim in enumerate(("throughput", "ttft", "quality"))
    ),
    risks=tuple(Risk(risk=sentence(10 + 2 * place), mitigation=sentence(11 + 2 * place)) for place in range(3)),
    complete=True,
    by_schema=True,
    repeated=0,
)


def quality(report: Report = GOOD, **counts: Any) -> Quality:
    return score_text(report, SHOWN, **({"supported": 6} | counts))


def value(of: Quality, name: str) -> float:
    return next(each.value for each in of.components if each.name == name)


def with_words(words: str) -> Report:
    """The good report, with these words at the end of its first statement."""
    first = Statement(text=f"{GOOD.executive_summary[0].text} {words}")
    return GOOD.model_copy(update={"executive_summary": (first, *GOOD.executive_summary[1:])})


def test_a_report_that_does_what_was_asked_has_the_full_score() -> None:
    perfect = quality()
    assert (perfect.score, perfect.verdict, perfect.complaints) == (1.0, "good", [])
    assert perfect.words in WORDS
    assert sum(each.weight for each in perfect.components) == pytest.approx(1)


FAULTS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "cut": ({"complete": False}, {}, "it is cut"),
    "stopped": ({}, {"cut": True}, "it is cut"),
    "no summary": ({"executive_summary": ()}, {}, "it has 2 of 3 sections"),
    "two recommendations": ({"recommendations": GOOD.recommendations[1:]}, {}, "it gives 2 of three recommendations"),
    "one risk": ({"risks": GOOD.risks[:1]}, {}, "its risk table has 1 of 2 rows"),
    "free form": ({"by_schema": False}, {}, "it does not keep to the schema"),
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
        for name in names:
            changes |= FAULTS[name][0]
            counts |= FAULTS[name][1]
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
    statements = GOOD.statements[:kept]
    report = GOOD.model_copy(update={"executive_summary": statements, "recommendations": (), "risks": ()})
    longer = Statement(text=f"{statements[0].text} {' '.join([words] * times)}")
    faulty = report.model_copy(update={"executive_summary": (longer, *statements[1:])})
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
    one_each = tuple(one.model_copy(update={"statements": one.statements[:1]}) for one in GOOD.recommendations)
    short = GOOD.model_copy(update={"recommendations": one_each, "risks": GOOD.risks[:2]})
    found = quality(short)
    assert value(found, "length") < 0.8
    assert (found.score > 0.85, found.verdict) == (True, "usable with care")


def test_a_paragraph_in_another_script_is_not_usable_whatever_the_rest() -> None:
    drifted = quality(with_words(f"{THAI} {THAI}"))
    assert drifted.verdict == "not usable"
    assert any("another script" in each for each in drifted.complaints)
    assert quality(with_words("von Müller, Zoë and Ångström")).verdict == "good"


def test_another_language_in_latin_script_is_drift_too() -> None:
    german = Report(executive_summary=(Statement(text=f"{GERMAN} {{F1}}."),), complete=True, by_schema=True, repeated=0)
    assert value(quality(german), "language") < 0.5


def test_a_text_that_repeats_itself_is_not_usable() -> None:
    looping = quality(with_words(LOOP))
    assert (value(looping, "repetition"), looping.verdict) == (0.0, "not usable")
    assert looping.words <= quality().words + 8  # a loop doesn't make it longer


def test_the_facts_that_must_be_cited_are_the_first_by_rank() -> None:
    one = GOOD.model_copy(update={"executive_summary": (), "recommendations": (), "risks": GOOD.risks})
    cited = {reference for statement in one.statements for reference in statement.references}
    missed = [each for each in SHOWN[:MANDATORY] if each not in cited]
    assert missed
    assert value(quality(one), "mandatory facts") == pytest.approx(1 - len(missed) / MANDATORY)
    assert f"it does not cite {', '.join(missed)}" in quality(one).complaints
    assert value(score_text(GOOD, SHOWN[:1], supported=1), "mandatory facts") == 1


def test_what_cites_nothing_or_is_refuted_is_not_usable() -> None:
    bare = read_report('{"executive_summary": ["The model is fast and it is good for all of the use."]}')
    assert quality(bare).verdict == "not usable"
    assert quality(contradicted=6).verdict == "not usable"
    assert quality(contradicted=1).verdict == "usable with care"


@pytest.mark.parametrize("text", ["", "\n \n", "{}", '{"executive_summary": []}', "{"])
def test_an_empty_answer_scores_nothing_and_says_so(text: str) -> None:
    empty = score_text(read_report(text), SHOWN)
    assert (empty.score, empty.verdict, empty.complaints, empty.words) == (0.0, "not usable", ["it is empty"], 0)


def test_the_same_report_always_has_the_same_score() -> None:
    report = with_words(LOOP)
    assert quality(report) == quality(Report.model_validate_json(report.model_dump_json()))
