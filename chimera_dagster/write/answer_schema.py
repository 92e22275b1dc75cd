"""The JSON schemas that answers are decoded under: no digit, no unknown id, no other script, and an end."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from chimera_dagster.write.answer import AIMS

Schema = dict[str, Any]

# llama.cpp turns a pattern into a grammar of the raw JSON: classes, groups, | and {m,n}, but no \d or lookaround. An
# operator behind a character beyond ASCII repeats only its last byte, unless the character is in a class.
_LETTERS = "A-Za-zÀ-ÖØ-öø-ž"
_INNER = f"[{_LETTERS}]{{1,19}}([-'’][{_LETTERS}]{{1,16}})?"  # trade-off
# No other single letters: small models would write ids without braces, one after the other. No quotation marks, dashes
# or underscores: small models continue after one that was meant to end the string, and repeat the schema's keys.
_WORD, _CAPITALISED = f"([aAI]|[{_LETTERS}]{_INNER})", f"([AI]|[A-Z]{_INNER})"
_GAP = "[,;]? "
_END = "[.]"


class WordCount(NamedTuple):
    """How many words may stand between two ids, or before the first."""

    least: int
    most: int


_AFTER_ID, _BEFORE_CITATION = WordCount(1, 8), WordCount(3, 12)
_STATEMENT, _CELL = WordCount(5, 16), WordCount(4, 12)


def statement_pattern(ids: Collection[str], words: WordCount, *, must_cite: bool = False) -> str:
    """Regular expression of one statement: Latin words without a digit, and `{id}` of these ids only.

    It is one sentence: a capital letter or a model first, a full stop last and none between. It has `words` before its
    first id, at most three ids, and one to eight words between them, so that it ends and is not a list of ids. With
    `must_cite` it cites a fact or finding, after at most two models.
    """
    names = _braced(id_ for id_ in ids if id_.startswith("M"))
    cites = _braced(id_ for id_ in ids if not id_.startswith("M"))
    more = f"({_GAP}{_WORD}){{{_AFTER_ID.least},{_AFTER_ID.most}}}"
    first = "|".join([_CAPITALISED, *names])
    any_id, cite = (f" ({'|'.join(options)})" for options in ([*names, *cites], cites))
    if not must_cite:
        begin = f"({first})({_GAP}{_WORD}){{{words.least - 1},{words.most - 1}}}"
        return f"^{begin}({any_id}{more}){{0,2}}({any_id})?{_END}$"
    begin = f"({first})({_GAP}{_WORD}){{{_BEFORE_CITATION.least - 1},{_BEFORE_CITATION.most - 1}}}"
    named = f"( ({'|'.join(names)}){more})?" if names else ""
    return f"^{begin}{named}{cite}({more}({any_id})?)?{_END}$"


def analysis_schema(ids: Collection[str]) -> Schema:
    """The schema of an analysis. `ids` are those in its prompt, without braces: facts, findings and models."""
    statement = {"$ref": "#/$defs/statement"}
    pair = _object({"risk": statement, "mitigation": statement})
    return _object(
        {
            "executive_summary": _list(statement, 2, 3),
            "key_findings": _list({"$ref": "#/$defs/finding"}, 3, 5),
            "recommendations": _object(dict.fromkeys(AIMS, statement)),
            "risks": _list(pair, 2, 4),
        }
    ) | _definitions(
        statement=statement_pattern(ids, _STATEMENT),
        finding=statement_pattern(ids, _STATEMENT, must_cite=True),
    )


def report_schema(ids: Collection[str]) -> Schema:
    """The schema of a report: the parts of the persona prompt; `ids` as for `analysis_schema`.

    Nineteen statements of fifteen words have the required length. The grammar does not enforce a length, because small
    models would reach it by repetition.
    """
    statement, cell = {"$ref": "#/$defs/statement"}, {"$ref": "#/$defs/cell"}
    return _object(
        {
            "executive_summary": _list(statement, 3, 5),
            "recommendations": _object(dict.fromkeys(AIMS, _list(statement, 1, 2))),
            "risks": _list(_object({"risk": cell, "mitigation": cell}), 2, 4),
        }
    ) | _definitions(
        statement=statement_pattern(ids, _STATEMENT),
        cell=statement_pattern(ids, _CELL),
    )


def _object(properties: Mapping[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Schema, least: int, most: int) -> Schema:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


def _definitions(**patterns: str) -> Schema:
    return {"$defs": {name: {"type": "string", "pattern": pattern} for name, pattern in patterns.items()}}


def _braced(ids: Iterable[str]) -> list[str]:
    """One alternative per letter: `{F1}`, `{F2}` and `{F10}` as `\\{F([12]|10)\\}`."""
    by_letter: defaultdict[str, set[str]] = defaultdict(set)
    for id_ in ids:
        by_letter[id_[0]].add(id_[1:])
    return [rf"\{{{letter}{_any_of(numbers)}\}}" for letter, numbers in by_letter.items()]


def _any_of(numbers: Collection[str]) -> str:
    """Exactly these numbers, in few alternatives: heads with the same last digits share one."""
    tails: defaultdict[str, set[str]] = defaultdict(set)
    for number in numbers:
        tails[number[:-1]].add(number[-1])
    heads: defaultdict[str, set[str]] = defaultdict(set)
    for head, digits in tails.items():
        heads["".join(sorted(digits))].add(head)
    parts: list[str] = []
    for digits, group in sorted(heads.items()):
        longer = group - {""}
        head = _any_of(longer) + ("?" if "" in group else "") if longer else ""
        parts.append(f"{head}[{digits}]")
    return f"({'|'.join(parts)})"
