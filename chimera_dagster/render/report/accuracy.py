"""The accuracy of a trial in its report: one line, the share of each kind of question, and every question."""

from collections.abc import Iterator, Sequence

from chimera_dagster.quiz.question import Answered
from chimera_dagster.quiz.score import Accuracy
from chimera_dagster.records.documents import Metrics, Outcome
from chimera_dagster.render.blocks import Block, Details, Heading, Link, Paragraph, Table, inlines
from chimera_dagster.spec.tasks import LETTERS

ACCURACY = "accuracy"  # anchor of the section
_MOST = 200  # questions; outcome.json has all
_LONGEST = 160  # characters of a question or an answer in a cell


def accuracy_line(accuracy: Accuracy) -> str:
    """`17 of 24 questions right, ...`, and whether blind choices would do as well."""
    line = accuracy.words
    return line if accuracy.low > accuracy.chance else f"{line}: no better than chance, as far as this can tell"


def questions(metrics: Metrics, outcome: Outcome) -> Iterator[Block]:
    """The section of the appendix; nothing if no question was asked."""
    if metrics.accuracy is not None:
        blocks = tuple(_blocks(metrics.accuracy, outcome.answers))
        yield Details(Heading(3, "Questions", ACCURACY), blocks, on_paper=False)


def _blocks(accuracy: Accuracy, answers: Sequence[Answered]) -> Iterator[Block]:
    yield Paragraph(
        f"Accuracy: {accuracy_line(accuracy)}. The calls took {accuracy.seconds:.1f} s in all, after those that are "
        f"measured, and count for no throughput and no TTFT. Not answered: {accuracy.unanswered}."
    )
    rows = tuple(
        (
            kind,
            f"{part.right} of {part.asked}",
            f"{part.share:.2f}",
            f"{part.low:.2f} to {part.high:.2f}",
            f"{part.chance:.2f}",
        )
        for kind, part in accuracy.kinds.items()
    )
    header = ("kind", "right", "share", "95 % interval", "chance")
    yield Table(header, rows, "Right answers by kind of question", frozenset({2, 4}))
    shown = answers[:_MOST]
    header = ("", "kind", "question", "right answer", "the model's answer", "made of")
    yield Table(header, tuple(map(_row, shown)), f"{len(shown)} of {len(answers)} questions, as they were asked")
    yield Paragraph(inlines("The prompts and the raw answers are in ", Link("outcome.json", "outcome.json"), "."))


def _row(answered: Answered) -> tuple[str, ...]:
    question = answered.question
    given = answered.problem or _in_words(answered, answered.read or "")
    # the rest of the text is choices and what to do, which every question has
    asked = question.text.removeprefix("Question: ").partition("\nA. ")[0] if question.choices else question.text
    files = ", ".join(dict.fromkeys(f"{file}, {record}" for file, record in question.sources))
    verdict = "right" if answered.is_right else "wrong"
    right = _in_words(answered, question.right)
    return (question.id, question.kind, _cut(asked), _cut(right), f"{verdict}: {_cut(given)}", files or "–")


def _in_words(answered: Answered, read: str) -> str:
    """A letter with its choice; another answer as it is."""
    choices = answered.question.choices
    return f"{read}. {choices[LETTERS.index(read)]}" if choices and read in LETTERS[: len(choices)] and read else read


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} […]"
