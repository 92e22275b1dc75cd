"""The questions that code makes: right by the sheet that they come with, and fair."""

import json
import re
from collections import Counter
from itertools import product

import pandas as pd
import pytest

from chimera_dagster.quiz.kinds import NOT_IN_THE_DATA
from chimera_dagster.quiz.make import CHOICES, make_quiz, task_questions
from chimera_dagster.quiz.material import Material, material_of
from chimera_dagster.quiz.question import Question
from chimera_dagster.schemas import DataSummary, Facts, as_table
from chimera_dagster.spec.tasks import LETTERS, Task

MEASURED = {
    ("a:1b", "decode_tok_s"): 57.2,
    ("b:3b", "decode_tok_s"): 21.4,
    ("c:7b", "decode_tok_s"): 9.06,
    ("a:1b", "ttft_ms"): 95.3,
    ("b:3b", "ttft_ms"): 363.0,
}
WORDS = {"decode_tok_s": ("mean decode throughput", "tok/s"), "ttft_ms": ("mean time to first token", "ms")}


def fact(number: int, model: str, metric: str, value: float, kind: str = "model_mean") -> dict[str, object]:
    words, unit = WORDS[metric]
    return {
        "id": f"F{number}",
        "kind": kind,
        "text": f"{words} of {model} over all its runs",
        "template": f"{words} of {model}: {{value}} (n={{n}})",
        "value": value,
        "values": json.dumps({"value": value, "n": 5}),
        "unit": unit,
        "n": 5,
        "model": model,
        "metric": metric,
        "aggregate": "mean",
        "params": None,
        "conditions": "{}",
        "runs": "all",
        "sources": json.dumps([[f"{model[0]}.csv", f"row {number}"]]),
    }


def material(measured: dict[tuple[str, str], float] = MEASURED, **more: object) -> Material:
    rows = [fact(number, *key, value) | more for number, (key, value) in enumerate(measured.items(), start=1)]
    statistics = as_table([], DataSummary).reindex(range(len(rows)))
    statistics["model"], statistics["metric"] = [[key[place] for key in measured] for place in (0, 1)]
    return material_of(as_table(rows, Facts), statistics)


def right_of(question: Question) -> str:
    return question.choices[LETTERS.index(question.right)]


def asked(question: Question) -> str:
    return question.text.removeprefix("Question: ").partition("\n")[0]


def matched(pattern: str, question: Question) -> tuple[str, ...]:
    found = re.match(pattern, asked(question))
    assert found, question.text
    return found.groups()


@pytest.fixture(scope="module")
def quiz() -> list[Question]:
    return make_quiz(material(), 60, seed=7)


def values_in(question: Question) -> dict[str, tuple[float, str]]:
    """The sheet as a reader sees it: value and unit of each name."""
    found = re.findall(r"^- (.+): ([\d.]+) (\S+)$", question.data, re.MULTILINE)
    return {name: (float(value), unit) for name, value, unit in found}


def named_in(question: Question) -> list[str]:
    return [name for name in values_in(question) if name in question.text.partition("\nA. ")[0]]


def test_the_sheet_has_every_value_with_its_unit(quiz: list[Question]) -> None:
    read = values_in(quiz[0])
    assert {name.split(" of ")[1].split()[0] for name in read} == {"a:1b", "b:3b", "c:7b"}
    assert sorted(value for value, _ in read.values()) == sorted(MEASURED.values())


def test_every_kind_is_asked(quiz: list[Question]) -> None:
    assert set(Counter(question.kind for question in quiz)) == {
        "look up",
        "compare",
        "ratio",
        "unit",
        "not in the data",
    }
    few = Counter(question.kind for question in make_quiz(material(), 10, seed=7))
    assert set(few.values()) == {2}


def test_what_is_looked_up_is_on_the_sheet(quiz: list[Question]) -> None:
    for question in (each for each in quiz if each.kind == "look up"):
        [name] = named_in(question)
        assert right_of(question) == "{:g} {}".format(*values_in(question)[name])


def test_what_is_compared_is_highest_or_lowest_on_the_sheet(quiz: list[Question]) -> None:
    compared = [each for each in quiz if each.kind == "compare"]
    for question in compared:
        end, quantity = matched(r"Which of these has the (\w+) (.+)\?", question)
        subjects = [choice for choice in question.choices if choice.startswith(("a:", "b:", "c:"))]
        best = {"highest": max, "lowest": min}[end]
        read = values_in(question)
        assert right_of(question) == best(subjects, key=lambda subject: read[f"{quantity} of {subject}"])
        assert len(subjects) > 1
    assert {matched(r"Which of these has the (\w+)", question) for question in compared} == {("highest",), ("lowest",)}


def test_a_ratio_is_that_of_the_two_values(quiz: list[Question]) -> None:
    for question in (each for each in quiz if each.kind == "ratio"):
        high, low = matched(r"The (.+) is how many times the (.+)\?", question)
        read = values_in(question)
        times = float(right_of(question).removesuffix(" times"))
        assert times == pytest.approx(read[high][0] / read[low][0], rel=0.05)
        wrong = [float(choice.split()[0]) for choice in question.choices if choice.endswith("times")]
        assert sum(abs(value / times - 1) < 0.05 for value in wrong) == 1


def test_a_unit_is_converted_rightly(quiz: list[Question]) -> None:
    for question in (each for each in quiz if each.kind == "unit"):
        [name] = named_in(question)
        value, unit = values_in(question)[name]
        number, into = right_of(question).split()
        expected = {"ms": (value / 1000, "s"), "tok/s": (1000 / value, "ms")}[unit]
        assert (float(number), into) == (pytest.approx(expected[0], rel=5e-3), expected[1])


def test_what_is_not_in_the_data_is_measured_nowhere(quiz: list[Question]) -> None:
    asked_for = [asked(each) for each in quiz if each.kind == "not in the data"]
    assert "What is the mean time to first token of c:7b?" in asked_for
    known = {(WORDS[metric][0], model) for model, metric in MEASURED}
    for quantity, model in product({words for words, _ in WORDS.values()}, {model for model, _ in MEASURED}):
        assert (f"What is the {quantity} of {model}?" in asked_for) <= ((quantity, model) not in known)
    assert all(right_of(each) == NOT_IN_THE_DATA for each in quiz if each.kind == "not in the data")


def test_a_metric_that_the_folder_has_is_not_said_to_be_missing() -> None:
    data = material()
    known = data._replace(measured=data.measured | {("c:7b", "ttft_ms")})  # in the statistics, but no fact
    asked_for = [asked(each) for each in make_quiz(known, 200, seed=7)]
    assert "What is the mean time to first token of c:7b?" not in asked_for


def test_choices_differ_and_no_letter_is_favoured(quiz: list[Question]) -> None:
    assert all(len(set(question.choices)) == CHOICES for question in quiz)
    for count in (8, 24, 25, 30):
        letters = Counter(question.right for question in make_quiz(material(), count, seed=count))
        assert max(letters.values()) - min(letters[letter] for letter in "ABCD") <= 1


def test_that_the_data_do_not_say_is_also_a_wrong_choice(quiz: list[Question]) -> None:
    others = [question for question in quiz if question.kind != "not in the data"]
    offered = sum(NOT_IN_THE_DATA in question.choices for question in others)
    assert 0.25 * len(others) < offered < len(others)


def test_a_model_that_always_says_so_gets_no_more_than_chance(quiz: list[Question]) -> None:
    small = material({("a:1b", "decode_tok_s"): 57.2})
    for questions in (quiz, make_quiz(material(), 24, seed=7), make_quiz(small, 24, seed=7)):
        said = sum(right_of(question) == NOT_IN_THE_DATA for question in questions)
        assert 0 < said <= max(1, len(questions) / CHOICES)


def test_the_same_seed_gives_the_same_quiz_and_another_one_another() -> None:
    first, again, other = (make_quiz(material(), 20, seed) for seed in (7, 7, 8))
    assert first == again != other


def test_each_question_says_which_facts_and_files_it_is_made_of(quiz: list[Question]) -> None:
    for question in quiz:
        assert bool(question.facts) == (question.kind != "not in the data")
        assert len(question.facts) == len(question.sources)
    look_up = next(each for each in quiz if each.kind == "look up" and "c:7b" in asked(each))
    assert look_up.sources == (("c.csv", "row 3"),)


def test_no_question_is_asked_twice(quiz: list[Question]) -> None:
    assert len({(asked(question), frozenset(question.choices) - {NOT_IN_THE_DATA}) for question in quiz}) == len(quiz)


def test_nothing_can_be_asked_without_values_of_models() -> None:
    assert make_quiz(material({}), 24, seed=7) == []
    assert make_quiz(material(kind="files"), 24, seed=7) == []


def test_values_that_are_nearly_equal_are_not_compared() -> None:
    data = material({("a:1b", "decode_tok_s"): 57.2, ("b:3b", "decode_tok_s"): 57.3})
    assert not {"compare", "ratio"} & {question.kind for question in make_quiz(data, 50, seed=7)}


def test_a_file_that_names_no_model_is_asked_about_as_such() -> None:
    words = "mean decode throughput of a model that is not named (runs.csv)"
    questions = make_quiz(material({("a:1b", "decode_tok_s"): 57.2}, model=None, text=words), 9, seed=7)
    assert {f"What is the {words}?", f"What is the {words}, as milliseconds per token?"} <= {*map(asked, questions)}


def test_an_end_of_something_is_looked_up_and_not_compared() -> None:
    measured = {("a:1b", "decode_tok_s"): 57.2, ("b:3b", "decode_tok_s"): 21.4}
    rows = [fact(1, *key, value, "best_run") for key, value in measured.items()]
    for number, row in enumerate(rows, start=1):
        row |= {"id": f"F{number}", "text": f"highest decode throughput of a single run of {row['model']}"}
    questions = make_quiz(material_of(as_table(rows, Facts), as_table([], DataSummary)), 30, seed=7)
    assert {question.kind for question in questions} == {"look up", "unit", "not in the data"}


def test_a_task_with_choices_is_asked_with_letters() -> None:
    fields = {"id": "sky", "prompt": "What colour is the sky?", "expected": {"choice": "blue", "of": ["red", "blue"]}}
    [question] = task_questions([Task.model_validate(fields)])
    assert (question.right, question.chance) == ("B", 0.5)
    assert question.text.startswith("What colour is the sky?\nA. red\nB. blue\n")


def test_another_task_is_asked_as_it_is() -> None:
    fields = {"id": "t", "prompt": "2 + 2?", "expected": {"exact": "4"}, "max_tokens": 5}
    [question] = task_questions([Task.model_validate(fields)])
    assert (question.text, question.right, question.chance, question.max_tokens) == ("2 + 2?", "4", 0.0, 5)


def test_statistics_may_name_no_model() -> None:
    frame = as_table([], DataSummary).reindex(range(1))
    frame["metric"] = "ttft_ms"
    assert material_of(as_table([], Facts), pd.DataFrame(frame)).measured == frozenset()
