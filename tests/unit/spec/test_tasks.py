"""The user's tasks file: what is read, and what is refused with its line."""

import json
from pathlib import Path
from typing import Any

import pytest

from chimera_dagster.errors import SpecError
from chimera_dagster.spec.sweep import load_spec
from chimera_dagster.spec.tasks import Expected, Task, matches, read_tasks

GOOD: dict[str, Any] = {"id": "t1", "prompt": "2 + 2?", "expected": {"exact": "4"}}


def write(folder: Path, *lines: Any) -> Path:
    path = folder / "tasks.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


@pytest.mark.parametrize(
    ("expected", "kind"),
    [
        ({"exact": "4"}, "exact"),
        ({"regex": r"\b4\b"}, "regex"),
        ({"choice": "four", "of": ["three", "four"]}, "choice"),
        ({"numeric": 4}, "numeric"),
        ({"numeric": 4.0, "tolerance": 0.5}, "numeric"),
        ({"numeric": 4.0, "tolerance": "5 %"}, "numeric"),
    ],
)
def test_each_way_to_say_what_is_right_is_read(tmp_path: Path, expected: dict[str, Any], kind: str) -> None:
    [task] = read_tasks(write(tmp_path, GOOD | {"expected": expected}))
    assert task.expected.kind == kind
    assert getattr(task.expected, kind) == expected[kind]


def test_blank_lines_and_a_byte_order_mark_are_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeff" + json.dumps(GOOD), "", GOOD | {"id": "t2"}, "")
    assert [task.id for task in read_tasks(path)] == ["t1", "t2"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "the line: Invalid JSON"),
        ("[1]", "the line: Input should be an object"),
        ({"id": "t2", "prompt": "?"}, "expected: Field required"),
        (GOOD | {"id": "t2", "expected": {}}, "exactly one of exact, regex, choice, numeric, and has none"),
        (GOOD | {"id": "t2", "expected": {"exact": "4", "numeric": 4}}, "and has 2"),
        (GOOD | {"id": "t2", "expected": {"regex": "(4"}}, "the pattern '(4' is not one of RE2: missing )"),
        (GOOD | {"id": "t2", "expected": {"regex": "4(?=5)"}}, "is not one of RE2"),
        (GOOD | {"id": "t2", "expected": {"regex": "((x{100}){100}){100}"}}, "is not one of RE2"),
        (GOOD | {"id": "t2", "expected": {"choice": "4"}}, "give both or neither"),
        (GOOD | {"id": "t2", "expected": {"choice": "4", "of": ["5", "6"]}}, "the right one must be among them"),
        (GOOD | {"id": "t2", "expected": {"choice": "4", "of": ["4", "4"]}}, "different choices"),
        (GOOD | {"id": "t2", "expected": {"exact": "4", "tolerance": 1}}, "'tolerance' belongs to 'numeric'"),
        (
            GOOD | {"id": "t2", "expected": {"numeric": 4, "tolerance": "much"}},
            "'much' is neither a number nor a share",
        ),
        (GOOD | {"id": "t2", "expected": {"numeric": 4, "tolerance": -1}}, "expected.tolerance"),
        (GOOD | {"id": "t2", "prompt": ""}, "prompt: String should have at least 1 character"),
        (GOOD | {"id": "t2", "answer": "4"}, "answer: Extra inputs are not permitted"),
        (GOOD, "id: line 1 has the id 't1' too"),
    ],
)
def test_a_wrong_line_is_named_in_one_line(tmp_path: Path, line: Any, words: str) -> None:
    path = write(tmp_path, GOOD, line)
    with pytest.raises(SpecError) as error:
        read_tasks(path)
    assert error.value.message.startswith(f"{path}, line 2, ")
    assert words in error.value.message
    assert "\n" not in str(error.value)


def test_a_file_that_is_missing_empty_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"nowhere\.jsonl can't be read"):
        read_tasks(tmp_path / "nowhere.jsonl")
    with pytest.raises(SpecError, match=r"tasks\.jsonl has no task"):
        read_tasks(write(tmp_path, ""))
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match=r"bytes\.jsonl can't be read"):
        read_tasks(tmp_path / "bytes.jsonl")


def test_a_pattern_that_would_hang_a_backtracking_engine_ends() -> None:
    # Python's re takes 2 ** 50 steps for this
    assert not matches("(a+)+$", "a" * 50_000 + "!")
    assert matches("(a+)+$", "a" * 50_000)


def test_a_relative_tolerance_is_a_share_of_the_number() -> None:
    assert Expected(numeric=-200.0, tolerance="2.5 %").margin == 5.0
    assert Expected(numeric=200.0, tolerance=3.0).margin == 3.0
    assert Expected(numeric=200.0).margin == 0.0


def test_the_path_of_the_tasks_is_relative_to_the_sweep_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    path = write(folder, GOOD)
    spec = folder / "sweep.yaml"
    spec.write_text("models: [m:1b]\ntasks: tasks.jsonl\n")
    monkeypatch.chdir(tmp_path)
    assert load_spec(Path("project/sweep.yaml")).tasks == path
    write(folder, GOOD, GOOD)
    with pytest.raises(SpecError, match="line 2, id"):
        load_spec(spec)


@pytest.mark.parametrize("goals", ["{want: {accuracy: 1}}", "{limits: [accuracy >= 0.5]}"])
def test_goals_that_name_accuracy_need_questions(tmp_path: Path, goals: str) -> None:
    spec = tmp_path / "sweep.yaml"
    spec.write_text(f"models: [m:1b]\ngoals: {goals}\n")
    with pytest.raises(SpecError, match="the goals name accuracy, but no question is asked: set 'questions: 24'"):
        load_spec(spec)
    spec.write_text(f"models: [m:1b]\nquestions: 12\ngoals: {goals}\n")
    assert load_spec(spec).questions == 12


def test_a_task_has_a_limit_of_tokens() -> None:
    assert Task.model_validate(GOOD).max_tokens == 64
