"""A question with a known answer, and what a model made of it."""

from typing import Literal

from pydantic import BaseModel

from chimera_dagster.spec.tasks import Expected

Kind = Literal["look up", "compare", "ratio", "unit", "not in the data", "your tasks"]
YOUR_TASKS: Kind = "your tasks"


class Question(BaseModel, frozen=True):
    """A model is sent `data`, the sheet that the questions of a quiz share, and `text`.

    Of a question with choices, `right` is a letter; of another, what is expected. `facts` are the ids of the facts that
    it was made of, `sources` their first files and records. `expected` belongs to a task of the user's.
    """

    id: str
    kind: Kind
    data: str = ""
    text: str
    choices: tuple[str, ...] = ()
    right: str
    facts: tuple[str, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    expected: Expected | None = None
    max_tokens: int = 8

    @property
    def chance(self) -> float:
        """How likely a blind choice is right."""
        return 1 / len(self.choices) if self.choices else 0.0


class Answered(BaseModel, frozen=True):
    """A question and the answer to it: `answer` as the model wrote it, and the letter or figure that was `read` of it.

    `ms` is from the request to the last chunk. `problem` says why there is no answer.
    """

    question: Question
    answer: str
    read: str | None
    is_right: bool
    ms: float
    problem: str | None = None
