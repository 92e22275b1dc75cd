"""The JSON schema that an answer is decoded under: no digit, no id that was not shown, no other script, an end."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from chimera_dagster.write.answer import AIMS

Schema = dict[str, Any]

# llama.cpp turns a pattern into a grammar of the raw JSON: classes, groups, | and {m,n}, but no \d, no lookaround, and
# of a character beyond ASCII that an operator follows only the last byte is repeated unless it stands in a class.
_LETTERS = "A-Za-zÀ-ÖØ-öø-ž"
_INNER = f"[{_LETTERS}]{{0,19}}([-'’_][{_LETTERS}]{{1,20}}){{0,3}}"  # num_ctx, trade-off
_WORD, _CAPITALISED = f"[“]?[{_LETTERS}]{_INNER}[”]?", f"[A-Z]{_INNER}"
_GAP = "([,;:]| [–—])? "
_END = "[.!?]"


class Words(NamedTuple):
    """How many words a statement may have, a citation counted as one."""

    least: int
    most: int


_BEFORE_CITATION = Words(3, 12)
_ANALYSIS_WORDS = Words(5, 20)
# A report of the longest statements has 392 words. To ask for 300 at least would make small models say things twice.
_SECTION_WORDS, _CELL_WORDS = Words(6, 24), Words(4, 16)


def statement_pattern(ids: Collection[str], words: Words, *, must_cite: bool = False) -> str:
    """Regular expression of one statement: Latin words without a digit, and `{id}` for no other than these ids.

    It is one sentence: a capital letter first, a full stop last and none between. With `must_cite` a fact or finding is cited in it, after
    at least three and at most twelve other words.
    """
    names = _braced(each for each in ids if each.startswith("M"))
    cites = _braced(each for each in ids if not each.startswith("M"))
    plain, opening = "|".join([_WORD, *names]), "|".join([_CAPITALISED, *names])
    any_word, any_opening = "|".join([plain, *cites]), "|".join([opening, *cites])
    if not must_cite:
        return f"^({any_opening})({_GAP}({any_word})){{{words.least - 1},{words.most - 1}}}{_END}$"
    # The first citation is the one that must be: so no text can be read in two ways, which would double the work.
    before = f"({opening})({_GAP}({plain})){{{_BEFORE_CITATION.least - 1},{_BEFORE_CITATION.most - 1}}}{_GAP}"
    after = f"({_GAP}({any_word})){{0,{words.most - _BEFORE_CITATION.most - 1}}}"
    return f"^{before}({'|'.join(cites)}){after}{_END}$"


def analysis_schema(ids: Collection[str]) -> Schema:
    """Of the first call. `ids` are those shown in its prompt, without braces: facts, findings and models."""
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
        statement=statement_pattern(ids, _ANALYSIS_WORDS),
        finding=statement_pattern(ids, _ANALYSIS_WORDS, must_cite=True),
    )


def report_schema(ids: Collection[str]) -> Schema:
    """Of the second call: the parts of the persona prompt in at most 400 words; `ids` as for `analysis_schema`."""
    statement, cell = {"$ref": "#/$defs/statement"}, {"$ref": "#/$defs/cell"}
    return _object(
        {
            "executive_summary": _list(statement, 3, 5),
            "recommendations": _object(dict.fromkeys(AIMS, _list(statement, 1, 2))),
            "risks": _list(_object({"risk": cell, "mitigation": cell}), 2, 4),
        }
    ) | _definitions(
        statement=statement_pattern(ids, _SECTION_WORDS),
        cell=statement_pattern(ids, _CELL_WORDS),
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
    """One alternative for each letter: `{F1}`, `{F2}` and `{F10}` as `\\{F([12]|10)\\}`."""
    by_letter: defaultdict[str, set[str]] = defaultdict(set)
    for each in ids:
        by_letter[each[0]].add(each[1:])
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
