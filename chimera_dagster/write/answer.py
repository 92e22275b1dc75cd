"""Parses a model's answer into statements: by its schema, cut at any place, or without any form. It never raises."""

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Literal, cast, get_args

from pydantic import BaseModel
from pydantic_core import from_json

Stage = Literal["analysis", "report"]
Aim = Literal["throughput", "ttft", "quality"]  # of a recommendation
Place = Aim | Literal["executive_summary", "key_findings", "risk", "mitigation", "loose"]

AIMS: tuple[Aim, ...] = get_args(Aim)


class Statement(BaseModel, frozen=True):
    """A statement as the model wrote it, on one line, and its place in the answer.

    `id` is `A1`, `A2`, ... in an analysis and `R1`, `R2`, ... in a report, in the order of the answer. `row` is the row
    of the risk table, from 1; None elsewhere. A `loose` statement has no place in the schema: a paragraph or list item
    of an answer that is not JSON, or a string under an unknown key.
    """

    id: str
    place: Place
    text: str
    row: int | None = None

    @property
    def references(self) -> tuple[str, ...]:
        """Ids in braces or brackets, each once; they need not exist."""
        return tuple(dict.fromkeys(_REFERENCE.findall(self.text)))


class Answer(BaseModel, frozen=True):
    """The parsed answer of one call.

    `complete`: the answer was not cut. `by_schema`: every part has the type that the schema requires, and no statement
    is loose. `repeated` counts the statements that were dropped because the answer contained them before.
    """

    statements: tuple[Statement, ...]
    complete: bool
    by_schema: bool
    repeated: int

    def has(self, *places: Place) -> bool:
        """Whether a statement stands at one of these places."""
        return any(statement.place in places for statement in self.statements)


def parse_answer(stage: Stage, text: str) -> Answer:
    """Parse an answer; of a cut one, every statement that was closed before the cut is kept."""
    return _Parser(stage).parse(text)


_REFERENCE = re.compile(r"[{\[(]([FDM][1-9][0-9]{0,5})[}\])]")
_OPENING = re.compile(r"\{\s*(?:\"|\}|$)")  # of a JSON object; a citation opens with a brace too
_CONTROL = re.compile(r"[\x00-\x1f]")
_MARKUP = re.compile(r"\*\*|__|`+")
_ITEM = re.compile(r"^\s*(?:[-*•+]|\d{1,2}[.)])\s+")
_STRUCTURE = re.compile(r"^\s*(?:#.*|```.*|~~~.*|[-=*_|: ]*|\*\*[^*]+\*\*:?)\s*$")  # headings, fences, rules
_ENDINGS = tuple(".!?…|)]}\"”’'*`")


class _Parser:
    """Collects the statements of one answer, and counts those that it drops."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._found: list[Statement] = []
        self._seen: set[str] = set()
        self._repeated = 0
        self._by_schema = True

    def parse(self, text: str) -> Answer:
        content, complete = _first_object(text)
        if content is None:
            complete = text.rstrip().endswith(_ENDINGS)
            self._add("loose", list(_paragraphs(text)))
        else:
            self._add_parts(content)
        return Answer(
            statements=tuple(self._found),
            complete=complete,
            by_schema=self._by_schema and content is not None and not any(it.place == "loose" for it in self._found),
            repeated=self._repeated,
        )

    def _add_parts(self, content: dict[str, object]) -> None:
        self._add("executive_summary", content.pop("executive_summary", []))
        if self._stage == "analysis":
            self._add("key_findings", content.pop("key_findings", []))
        advice = content.pop("recommendations", {})
        for aim in AIMS:
            value = self._field(advice, aim)
            # the two calls ask for different ones: one statement, or a list of them
            self._add(aim, [value] if isinstance(value, str) else value)
        for number, row in enumerate(self._list(content.pop("risks", [])), start=1):
            risk, mitigation = (self._new_text(self._field(row, key)) for key in ("risk", "mitigation"))
            if risk:
                self._append("risk", risk, number)
                self._append("mitigation", mitigation, number)
        self._add("loose", list(_strings(content)))

    def _add(self, place: Place, values: object) -> None:
        for value in self._list(values):
            self._append(place, self._new_text(value))

    def _append(self, place: Place, text: str, row: int | None = None) -> None:
        if text:
            id_ = f"{self._stage[0].upper()}{len(self._found) + 1}"
            self._found.append(Statement(id=id_, place=place, text=text, row=row))

    def _field(self, value: object, key: str) -> object:
        """A field of what should be an object; empty if the answer was cut before it."""
        if not isinstance(value, dict):
            self._by_schema = False
            return ""
        return cast("dict[str, object]", value).get(key, "")

    def _list(self, value: object) -> list[object]:
        """What should be a list; any other value counts as its only item."""
        if isinstance(value, list):
            return cast("list[object]", value)
        self._by_schema = False
        return [value]

    def _new_text(self, value: object) -> str:
        """The text of a statement on one line; empty if it is not a string, has no words or repeats an earlier one."""
        if not isinstance(value, str):
            self._by_schema = False
            return ""
        text = _clean(value)
        words = re.sub(r"[^\w{}]+", " ", text).strip().casefold()
        if words in self._seen:
            self._repeated += 1
        if not words or words in self._seen:
            return ""
        self._seen.add(words)
        return text


def _first_object(text: str) -> tuple[dict[str, object] | None, bool]:
    """The first JSON object, None if there is none, and whether it has its end."""
    text = _CONTROL.sub(" ", text)
    opening = _OPENING.search(text)
    if opening is None:
        return None, False
    try:
        return json.JSONDecoder().raw_decode(text, opening.start())[0], True
    except (ValueError, RecursionError):
        pass  # it was cut, or is not JSON
    try:
        return from_json(text[opening.start() :], allow_partial=True), False
    except ValueError:
        return None, False


def _strings(value: object) -> Iterator[str]:
    """Every string in a JSON value but keys; without recursion, as an answer may be nested to any depth."""
    stack = [value]
    while stack:
        current = stack.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, dict):
            stack.extend(reversed(list(cast("dict[str, object]", current).values())))
        elif isinstance(current, list):
            stack.extend(reversed(cast("list[object]", current)))


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs, list items and table rows of Markdown or plain text, without headings and rules."""
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        is_structure = _STRUCTURE.match(line)
        if lines and (is_structure or _ITEM.match(line) or line.strip().startswith("|")):
            yield " ".join(lines)
            lines = []
        if not is_structure:
            lines.append(_MARKUP.sub("", _ITEM.sub("", line.strip().strip("|").replace("|", "–"))))


def _clean(text: str) -> str:
    """`text` on one line, without control characters and halves of surrogate pairs."""
    kept = "".join(" " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in text)
    return " ".join(kept.split())
