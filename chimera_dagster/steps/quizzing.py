"""Asks a trial's model the questions whose right answers are counted as its accuracy."""

from collections.abc import Sequence
from functools import lru_cache

from chimera_dagster.errors import ContextTooSmallError, InputError
from chimera_dagster.quiz.make import make_quiz, task_questions
from chimera_dagster.quiz.material import material_of
from chimera_dagster.quiz.question import Answered, Question
from chimera_dagster.quiz.score import is_right, read_answer
from chimera_dagster.records.documents import Summary
from chimera_dagster.records.store import Store
from chimera_dagster.spec.sweep import TrialPlan
from chimera_dagster.spec.tasks import read_tasks
from chimera_dagster.steps.asking import TrialClient


def questions_of(store: Store, plan: TrialPlan) -> list[Question]:
    """All questions of a trial: those about the reports folder, then the user's own tasks. Equal for all of a sweep.

    Raises InputError if nothing can be asked about the folder, SpecError if the tasks can't be read, NotIngestedError.
    """
    spec = plan.spec
    found: list[Question] = []
    if spec.questions:
        found += _about_folder(store, store.read_json("summary", Summary), spec.questions, spec.seed)
    if spec.tasks is not None:
        found += task_questions(read_tasks(spec.tasks))
    return found


def ask_questions(client: TrialClient, questions: Sequence[Question]) -> list[Answered]:
    """Ask one by one. A question that does not fit the context window has no answer. Raises EngineError."""
    if not questions:
        return []  # a time of almost nothing would be a step in the report
    with client.clock("questions"):
        return [_ask(client, question, number) for number, question in enumerate(questions, start=1)]


def _about_folder(store: Store, summary: Summary, count: int, seed: int) -> list[Question]:
    found = _made(store, summary.digest, summary.code, count, seed)
    if not found:
        raise InputError(
            f"No question can be asked about {summary.reports_dir}: code can state no measured value of its files.",
            hint="Set 'questions: 0' in sweep.yaml; 'chimera ingest' says what could not be read.",
        )
    return found


@lru_cache(maxsize=1)
def _made(store: Store, digest: str, code: str, count: int, seed: int) -> list[Question]:
    """Cached by the content of the folder and the version of the code that read it, for all trials of a sweep."""
    return make_quiz(material_of(store.read_table("facts"), store.read_table("data_summary")), count, seed)


def _ask(client: TrialClient, question: Question, number: int) -> Answered:
    try:
        answer, ms = client.answer(question, number)
    except ContextTooSmallError as error:
        return Answered(question=question, answer="", read=None, is_right=False, ms=0.0, problem=error.message)
    read = read_answer(question, answer)
    problem = None if read is not None else "the model wrote nothing that can be read as an answer"
    return Answered(
        question=question, answer=answer, read=read, is_right=is_right(question, read), ms=ms, problem=problem
    )
