"""How an answer is read: by its schema, cut at any place, or without any form; nothing that was said is lost."""

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from typing import Any, cast

from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json

AIMS = ("throughput", "ttft", "quality")  # what the three recommendations balance


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Statement(_Frozen):
    """As the model wrote it, on one line."""

    text: str

    @property
    def references(self) -> tuple[str, ...]:
        """Ids in braces or brackets, each once; they need not exist."""
        return tuple(dict.fromkeys(_REFERENCE.findall(self.text)))


class Recommendation(_Frozen):
    """`aim` is one of AIMS."""

    aim: str
    statements: tuple[Statement, ...]


class Risk(_Frozen):
    """A row of the table; the answer may have been cut before the mitigation."""

    risk: Statement
    mitigation: Statement | None


class Answer(_Frozen):
    """What both calls are asked for.

    `loose` are statements without a place: paragraphs and list items of an answer that is no JSON, strings under keys
    nobody asked for. `by_schema`: there are none, and every part has the type that was asked for. `complete`: the
    answer was not cut. `repeated` counts the statements that were dropped because they stood in it before.
    """

    executive_summary: tuple[Statement, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    risks: tuple[Risk, ...] = ()
    loose: tuple[Statement, ...] = ()
    complete: bool
    by_schema: bool
    repeated: int

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All of them, in the order of the schema."""
        cells = (cell for row in self.risks for cell in (row.risk, row.mitigation) if cell)
        advice = (each for one in self.recommendations for each in one.statements)
        return (*self.executive_summary, *self._own(), *advice, *cells, *self.loose)

    def _own(self) -> tuple[Statement, ...]:
        return ()


class Analysis(Answer):
    key_findings: tuple[Statement, ...] = ()

    def _own(self) -> tuple[Statement, ...]:
        return self.key_findings


class Report(Answer):
    """The parts of the persona prompt; code numbers the sections, makes callouts bold and draws the table."""

    def without(self, texts: Collection[str]) -> "Report":
        """The report without these statements, and the places that they leave empty; they count as repeated."""

        def rest(statements: Iterable[Statement]) -> tuple[Statement, ...]:
            return tuple(each for each in statements if each.text not in texts)

        kept = Report(
            executive_summary=rest(self.executive_summary),
            recommendations=tuple(
                Recommendation(aim=one.aim, statements=statements)
                for one in self.recommendations
                if (statements := rest(one.statements))
            ),
            risks=tuple(
                Risk(risk=row.risk, mitigation=next(iter(rest([row.mitigation] if row.mitigation else [])), None))
                for row in self.risks
                if row.risk.text not in texts
            ),
            loose=rest(self.loose),
            complete=self.complete,
            by_schema=self.by_schema,
            repeated=self.repeated,
        )
        gone = len(self.statements) - len(kept.statements)
        return kept.model_copy(update={"repeated": self.repeated + gone})


def read_analysis(text: str) -> Analysis:
    """The answer of the first call, whatever it is: a cut one has every statement that was closed before the cut."""
    reader = _Reader(text)
    summary = reader.statements("executive_summary")
    findings = reader.statements("key_findings")
    return Analysis(executive_summary=summary, key_findings=findings, **reader.common())


def read_report(text: str) -> Report:
    """The answer of the second call, as `read_analysis`."""
    reader = _Reader(text)
    return Report(executive_summary=reader.statements("executive_summary"), **reader.common())


_REFERENCE = re.compile(r"[{\[(]([FDM][1-9][0-9]{0,5})[}\])]")
_OPENING = re.compile(r"\{\s*(?:\"|\}|$)")  # of a JSON object; a citation opens with a brace too
_CONTROL = re.compile(r"[\x00-\x1f]")
_MARKUP = re.compile(r"\*\*|__|`+")
_ITEM = re.compile(r"^\s*(?:[-*•+]|\d{1,2}[.)])\s+")
_STRUCTURE = re.compile(r"^\s*(?:#.*|```.*|~~~.*|[-=*_|: ]*|\*\*[^*]+\*\*:?)\s*$")  # headings, fences, rules
_ENDINGS = tuple(".!?…|)]}\"”’'*`")


class _Reader:
    """Takes the parts out of one answer and counts what it drops."""

    def __init__(self, text: str) -> None:
        value, self._whole = _parse(text)
        self._content = cast("dict[str, object]", value) if isinstance(value, dict) else None
        self._left = dict(self._content or {})
        self._seen: set[str] = set()
        self._repeated = 0
        self._by_schema = self._content is not None
        self._text = text

    def statements(self, key: str) -> tuple[Statement, ...]:
        return self._all(self._left.pop(key, []))

    def common(self) -> dict[str, Any]:
        """The fields that every answer has; called last, as what nobody took before becomes `loose`."""
        advice, rows = self._left.pop("recommendations", {}), self._left.pop("risks", [])
        recommendations = tuple(
            Recommendation(aim=aim, statements=found)
            for aim in AIMS
            if (found := self._advice(self._take(advice, aim)))
        )
        risks = tuple(filter(None, (self._risk(row) for row in self._items(rows))))
        loose: Iterable[object] = _strings(self._left) if self._content is not None else _paragraphs(self._text)
        lost = tuple(filter(None, (self._statement(each) for each in loose)))
        return {
            "recommendations": recommendations,
            "risks": risks,
            "loose": lost,
            "complete": self._whole if self._content is not None else self._text.rstrip().endswith(_ENDINGS),
            "by_schema": self._by_schema and not lost,
            "repeated": self._repeated,
        }

    def _advice(self, value: object) -> tuple[Statement, ...]:
        """One statement or a list of them: the two calls ask for different ones."""
        return self._all([value] if isinstance(value, str) else value)

    def _risk(self, row: object) -> Risk | None:
        risk = self._statement(self._take(row, "risk"))
        mitigation = self._statement(self._take(row, "mitigation"))
        return Risk(risk=risk, mitigation=mitigation) if risk else None

    def _take(self, value: object, key: str) -> object:
        """A field of what should be an object; empty where the answer was cut before it."""
        if not isinstance(value, dict):
            self._by_schema = False
            return ""
        return cast("dict[str, object]", value).get(key, "")

    def _items(self, value: object) -> list[object]:
        if isinstance(value, list):
            return cast("list[object]", value)
        self._by_schema = False
        return []

    def _all(self, value: object) -> tuple[Statement, ...]:
        """Of a list of statements, or of a single one."""
        if isinstance(value, list):
            items = cast("list[object]", value)
        else:
            self._by_schema, items = False, [value]
        return tuple(filter(None, (self._statement(item) for item in items)))

    def _statement(self, value: object) -> Statement | None:
        if not isinstance(value, str):
            self._by_schema = False
            return None
        text = _clean(value)
        words = re.sub(r"[^\w{}]+", " ", text).strip().casefold()
        if not words:
            return None
        if words in self._seen:
            self._repeated += 1
            return None
        self._seen.add(words)
        return Statement(text=text)


def _parse(text: str) -> tuple[object, bool]:
    """The first JSON object and whether it has its end; None where there is none."""
    text = _CONTROL.sub(" ", text)
    opening = _OPENING.search(text)
    if opening is None:
        return None, False
    try:
        return json.JSONDecoder().raw_decode(text, opening.start())[0], True
    except (ValueError, RecursionError):
        pass  # cut, or no JSON
    try:
        return from_json(text[opening.start() :], allow_partial=True), False
    except ValueError:
        return None, False


def _strings(value: object) -> Iterator[str]:
    """Every string in a JSON value, keys left out; without recursion, as an answer may nest without end."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting.extend(reversed(list(cast("dict[str, object]", one).values())))
        elif isinstance(one, list):
            waiting.extend(reversed(cast("list[object]", one)))


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs, list items and table rows of Markdown or plain text; headings and rules are none."""
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        row = line.strip().startswith("|")
        starts = bool(_STRUCTURE.match(line) or _ITEM.match(line) or row)
        if starts and lines:
            yield " ".join(lines)
            lines = []
        if not _STRUCTURE.match(line):
            lines.append(_MARKUP.sub("", _ITEM.sub("", line.strip().strip("|").replace("|", "–"))))


def _clean(text: str) -> str:
    """On one line, without what can't be printed: a control sign, half of a surrogate pair."""
    kept = "".join(" " if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") else sign for sign in text)
    return " ".join(kept.split())
