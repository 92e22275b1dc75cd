"""Makes a quiz: as many questions of each kind as can be, with the right choice at each letter equally often."""

from collections.abc import Iterable, Sequence
from itertools import islice
from random import Random

from chimera_dagster.quiz.kinds import KINDS, NOT_IN_THE_DATA, Draft
from chimera_dagster.quiz.material import Material
from chimera_dagster.quiz.question import YOUR_TASKS, Question
from chimera_dagster.spec.tasks import LETTERS, Task

CHOICES = 4
_SHEET = "Results of benchmarks of language models:\n{lines}\n\n"
_ASK = "Question: {text}\n{choices}\nAnswer with the letter of the right choice alone.\nAnswer:"
_ASK_OF_TASK = "{text}\n{choices}\nAnswer with the letter of the right choice alone.\nAnswer:"


def make_quiz(data: Material, count: int, seed: int) -> list[Question]:
    """`count` questions, or as many as the material gives; the same ones for the same material and seed."""
    drafts = _drafts(data, count, Random(seed))
    if not drafts:
        return []
    random = Random(seed + 1)
    letters = _balanced(len(drafts), random)
    sheet = _SHEET.format(lines="\n".join(f"- {value.line}" for value in data.values))
    return [
        _question(number, draft, letter, sheet, random)
        for number, (draft, letter) in enumerate(zip(drafts, letters, strict=True), start=1)
    ]


def task_questions(tasks: Iterable[Task]) -> list[Question]:
    """The user's own tasks as questions; one with choices is asked with letters, in the order of the file."""
    return [_of_task(task) for task in tasks]


def _of_task(task: Task) -> Question:
    expected = task.expected
    if expected.of is None or expected.choice is None:
        shown = f"{expected.numeric:g}" if expected.numeric is not None else str(expected.exact or expected.regex)
        return Question(
            id=task.id, kind=YOUR_TASKS, text=task.prompt, right=shown, expected=expected, max_tokens=task.max_tokens
        )
    return Question(
        id=task.id,
        kind=YOUR_TASKS,
        text=_ASK_OF_TASK.format(text=task.prompt, choices=_lettered(expected.of)),
        choices=expected.of,
        right=LETTERS[expected.of.index(expected.choice)],
    )


def _drafts(data: Material, count: int, random: Random) -> list[Draft]:
    """In turn one of each kind, until there are enough or no kind has any left."""
    left = [kind(data, random) for kind in KINDS]
    found: list[Draft] = []
    seen: set[tuple[str, frozenset[str]]] = set()  # two comparisons differ in their choices alone
    while left and len(found) < count:
        for drafts in list(left):
            draft = next((each for each in drafts if _asked(each) not in seen and len(each.wrong) >= CHOICES - 1), None)
            if draft is None:
                left.remove(drafts)
                continue
            seen.add(_asked(draft))
            found.append(draft)
    known = sum(draft.right != NOT_IN_THE_DATA for draft in found)
    unknown = max(1, known // (CHOICES - 1))  # a model that always says so must not beat blind choices
    places = islice((place for place, draft in enumerate(found) if draft.right == NOT_IN_THE_DATA), unknown, None)
    left_out = set(places)
    return [draft for place, draft in enumerate(found) if place not in left_out][:count]


def _asked(draft: Draft) -> tuple[str, frozenset[str]]:
    return draft.text, frozenset(value.fact.id for value in draft.values)


def _question(number: int, draft: Draft, letter: str, sheet: str, random: Random) -> Question:
    wrong = draft.wrong[: CHOICES - 1]
    # otherwise this choice would always be the right one where it is offered
    if draft.right != NOT_IN_THE_DATA and NOT_IN_THE_DATA not in wrong and random.random() < 0.5:
        wrong[-1] = NOT_IN_THE_DATA
    random.shuffle(wrong)
    place = LETTERS.index(letter)
    choices = (*wrong[:place], draft.right, *wrong[place:])
    facts = [value.fact for value in draft.values]
    return Question(
        id=f"Q{number}",
        kind=draft.kind,
        data=sheet,
        text=_ASK.format(text=draft.text, choices=_lettered(choices)),
        choices=choices,
        right=letter,
        facts=tuple(fact.id for fact in facts),
        sources=tuple((fact.file, fact.record) for fact in facts),
    )


def _balanced(count: int, random: Random) -> list[str]:
    """As many of each letter, but for a remainder, in a random order."""
    letters = [LETTERS[place % CHOICES] for place in range(count)]
    # the remainder must not always fall to the first letters
    swap = dict(zip(LETTERS[:CHOICES], random.sample(LETTERS[:CHOICES], CHOICES), strict=True))
    return random.sample([swap[letter] for letter in letters], count)


def _lettered(choices: Sequence[str]) -> str:
    return "\n".join(f"{letter}. {text}" for letter, text in zip(LETTERS, choices, strict=False))
