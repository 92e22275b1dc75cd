"""The questions of a trial: asked after what is measured, counted apart from it, and stored with their answers."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chimera_dagster.errors import InputError, SpecError
from chimera_dagster.quiz.question import Question
from chimera_dagster.records.store import Store
from chimera_dagster.records.trial_files import read_recorded
from chimera_dagster.steps import done, recompute
from chimera_dagster.steps.evidence import compute_evidence
from chimera_dagster.steps.ingest import ingest_folder
from chimera_dagster.steps.quizzing import questions_of
from tests.desk import Desk, faithful

TASKS = [
    {"id": "sum", "prompt": "2 + 2?", "expected": {"numeric": 4}},
    {"id": "sky", "prompt": "The sky?", "expected": {"choice": "blue", "of": ["red", "blue"]}},
]


def tasks_file(folder: Path, *tasks: object) -> Path:
    path = folder / "tasks.jsonl"
    path.write_text("\n".join(map(json.dumps, tasks or TASKS)))
    return path


def answers(desk: Desk, *texts: str) -> Iterator[str]:
    """Those to the two measured calls, then these."""
    return iter([*[faithful(desk.notes())] * 2, *texts])


def quiz(desk: Desk, count: int) -> list[Question]:
    return questions_of(desk.store, desk.plan(questions=count))


def test_right_answers_are_counted_and_no_measured_figure_changes(desk: Desk) -> None:
    letters = [question.right for question in quiz(desk, 8)]
    wrong = ["ABCD"["ABCD".index(letter) - 1] for letter in letters]
    given = [*letters[:5], *wrong[5:7], "I do not know."]
    metrics = desk.run_texts(answers(desk, *map(json.dumps, given[:7]), given[7]), questions=8)
    assert metrics.accuracy is not None
    assert (metrics.accuracy.right, metrics.accuracy.asked, metrics.accuracy.unanswered) == (5, 8, 1)
    assert metrics.accuracy.chance == 0.25
    assert sum(part.right for part in metrics.accuracy.kinds.values()) == 5
    assert metrics.headline.calls == len(metrics.calls) == 2
    assert metrics.seconds.questions > 0
    assert metrics.seconds.total > metrics.seconds.questions
    assert desk.run().accuracy is None


def test_questions_are_asked_with_the_trials_parameters_and_no_nonce(desk: Desk) -> None:
    desk.run(questions=3, grid={"num_ctx": [1024], "temperature": [0.7]})
    bodies = desk.stub.generations()[-3:]
    asked = quiz(desk, 3)
    assert [body["prompt"] for body in bodies] == [question.data + question.text for question in asked]
    assert all(body["options"]["temperature"] == 0.7 for body in bodies)
    assert all(body["format"] == {"type": "string", "enum": ["A", "B", "C", "D"]} for body in bodies)
    assert len({body["options"]["seed"] for body in bodies}) == 3


def test_every_question_and_answer_is_kept_and_can_be_counted_again(desk: Desk) -> None:
    metrics = desk.run(questions=6)
    stored = read_recorded(desk.store, desk.plan()).outcome
    assert [answered.question for answered in stored.answers] == quiz(desk, 6)
    assert all(answered.read in "ABCD" for answered in stored.answers if answered.read)
    assert len(stored.calls) == 2
    assert not recompute.recompute(desk.store, desk.plan(questions=6))[1]
    assert metrics.accuracy is not None
    folder = desk.store.folder_of(desk.plan().trial)
    changed = json.loads(folder.metrics.read_text())
    changed["accuracy"]["right"] += 1
    folder.metrics.write_text(json.dumps(changed))
    assert [each.name for each in recompute.recompute(desk.store, desk.plan(questions=6))[1]] == ["accuracy.right"]


def test_the_users_tasks_are_asked_after_them(desk: Desk, tmp_path: Path) -> None:
    texts = answers(desk, '"A"', '"A"', "It is 4.", '"B"')
    metrics = desk.run_texts(texts, questions=2, tasks=str(tasks_file(tmp_path)))
    assert metrics.accuracy is not None
    own = metrics.accuracy.kinds["your tasks"]
    assert (own.right, own.asked, own.chance) == (2, 2, 0.25)  # the mean of 0 and one of two
    assert metrics.accuracy.asked == 4


def test_a_question_that_does_not_fit_the_window_has_no_answer(desk: Desk, tmp_path: Path) -> None:
    long = {"id": "long", "prompt": "word " * 2_000, "expected": {"exact": "x"}}
    metrics = desk.run(tasks=str(tasks_file(tmp_path, long, TASKS[0])))
    stored = read_recorded(desk.store, desk.plan()).outcome
    assert metrics.accuracy is not None and metrics.accuracy.asked == 2
    assert stored.answers[0].problem is not None and "1024" in stored.answers[0].problem
    assert stored.answers[1].problem is None or "context" not in stored.answers[1].problem


def test_a_folder_without_values_is_refused_before_any_call(desk: Desk, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / "notes.csv").write_text("name,colour\nsky,blue\n")
    store = Store(tmp_path / "data")
    ingest_folder(store, reports)
    compute_evidence(store)
    calls = len(desk.stub.generations())
    with pytest.raises(InputError, match="No question can be asked about") as error:
        Desk(store, desk.stub, desk.engines).run(questions=4)
    assert str(reports) in error.value.message
    assert "'questions: 0'" in error.value.hint
    assert "\n" not in str(error.value)
    assert len(desk.stub.generations()) == calls


def test_a_tasks_file_that_is_gone_fails_the_trial_in_one_line(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"gone\.jsonl can't be read"):
        desk.run(tasks=str(tmp_path / "gone.jsonl"))


def test_other_questions_or_tasks_make_a_trial_run_again(desk: Desk, tmp_path: Path) -> None:
    path = tasks_file(tmp_path)
    digest = desk.run(questions=2, tasks=str(path)).data_digest
    plan = desk.plan(questions=2, tasks=str(path))
    assert done.is_measured(desk.store, plan, digest)
    assert not done.is_measured(desk.store, desk.plan(questions=3, tasks=str(path)), digest)
    assert not done.is_measured(desk.store, desk.plan(questions=2), digest)
    tasks_file(tmp_path, TASKS[0])
    assert not done.is_measured(desk.store, plan, digest)
    path.unlink()
    assert not done.is_measured(desk.store, plan, digest)
    assert done.is_measured(desk.store, desk.plan(), desk.run().data_digest)


def test_the_report_shows_the_share_and_every_question(desk: Desk) -> None:
    desk.run(questions=5)
    text = desk.render(questions=5).report.read_text()
    accuracy = read_recorded(desk.store, desk.plan()).metrics.accuracy
    assert accuracy is not None
    assert text.count(accuracy.words) >= 2
    assert "Right answers by kind of question" in text
    assert all(f"| {question.id} | {question.kind} |" in text for question in quiz(desk, 5))
    assert "the accuracy of the model's answers" not in text
    assert "5 questions that code made from the facts of the files, asked one by one" in text
    asked = desk.run(questions=200).accuracy
    assert asked is not None and asked.asked < 200
    text = desk.render(questions=200).report.read_text()
    assert f"{asked.asked} questions that code made from the facts of the files (of 200 wanted" in text
    desk.run()
    assert "the accuracy of the model's answers" in desk.render().report.read_text()
