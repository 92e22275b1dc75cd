"""The answer proper in what a model sent: without thinking, a fence around it, HTML and chat template markers."""

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple, cast

from pydantic_core import from_json

END = "END OF TEXT"  # the last line of a draft and so of an answer: without it, small models write the draft twice
MOST_CHARACTERS = 40_000  # read of an answer: fifteen times the longest report that is asked for

_THINKING = re.compile(r"<(/?)(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_MARKED = rf"[>#*_`-]{{0,9}}{END}[.*_`]{{0,9}}"
_END = re.compile(rf"^[ \t]{{0,9}}{_MARKED}[ \t]*$\n?|(?<=\s){_MARKED}(?=[\s|]*\Z)", re.MULTILINE)
_TURN = re.compile(r"<\|(?:im_end|im_start|endoftext|eot_id|end|eos)\|>|<(?:end|start)_of_turn>|</s>|\[/?INST\]|<｜")
_BEGINNING = re.compile(r"(?:<\|im_start\|>|<start_of_turn>|<s>)\s{0,9}(?:assistant|model)?")
_FENCE = re.compile(r"(?:```|~~~)[ \t]*(\w*)[ \t]*")
_HIDDEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|svg|head)\b[^<>]{0,200}>.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
_LINE_TAG = re.compile(
    r"</?(?:p|div|br|hr|li|ul|ol|h[1-6]|tr|table|section|article|body|html|blockquote)\b[^<>\n]{0,200}>", re.IGNORECASE
)
_ROW_TAG = re.compile(r"<tr\b[^<>\n]{0,200}>\s*", re.IGNORECASE)
_CELL_TAG = re.compile(r"</t[dh]\s*>\s*", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,200}>")


class RawAnswer(NamedTuple):
    """The Markdown of an answer, or the strings of one that is JSON; `problems` say what was left out of it."""

    text: str
    strings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    is_cut: bool = False


def read_raw(text: str) -> RawAnswer:
    """Never raises."""
    problems: list[str] = []
    is_cut = False
    text, is_thinking = _without_thinking(text.encode("utf-8", "replace").decode())  # halves of surrogate pairs
    if is_thinking:
        problems.append("it ends within a thought")
    if len(text) > MOST_CHARACTERS:
        problems.append(f"only its first {MOST_CHARACTERS:,} of {len(text):,} characters are read")
        text, is_cut = text[:MOST_CHARACTERS], True
    text, is_passed = _first_turn(text)
    if is_passed:
        problems.append("it goes on after the end of its turn")
    text = _without_fence(_END.sub("", text))
    if text.lstrip()[:1] in ("{", "[") and (strings := _json_strings(text)) is not None:
        return RawAnswer("", tuple(strings), (*problems, "it is JSON, not Markdown"), is_cut or is_thinking)
    without_html = _without_html(text)
    if without_html != text:
        problems.append("it has HTML tags")
    return RawAnswer(without_html, (), tuple(problems), is_cut or is_thinking)


def has_end(text: str) -> bool:
    """Whether the model wrote the line that ends an answer: then nothing is missing."""
    return _END.search(text) is not None


def _without_thinking(text: str) -> tuple[str, bool]:
    """Without thinking, and whether the text ends in it. If a template opens it in the prompt, it only closes here."""
    first, *rest = _THINKING.split(text)
    kept, is_thinking = [first], False
    for slash, piece in zip(rest[::2], rest[1::2], strict=True):
        if slash and not is_thinking:
            kept.clear()
        is_thinking = not slash
        if not is_thinking:
            kept.append(piece)
    return "\n".join(kept), is_thinking


def _first_turn(text: str) -> tuple[str, bool]:
    """What a model wrote before it wrote on for others, and whether it did; a server may ignore its stop tokens."""
    text = text.lstrip()
    beginning = _BEGINNING.match(text)
    text = text[beginning.end() :] if beginning else text
    first, *others = _TURN.split(text)
    return first, any(map(str.strip, others))


def _without_fence(text: str) -> str:
    """Without a code fence around all of it, whose end may be missing."""
    first, _, rest = text.strip().partition("\n")
    if not _FENCE.fullmatch(first):
        return text
    rest, _, last = rest.rpartition("\n")
    return rest if _FENCE.fullmatch(last.strip()) else f"{rest}\n{last}"


def _without_html(text: str) -> str:
    if "<" in text:
        text = _CELL_TAG.sub(" | ", _ROW_TAG.sub("\n| ", _HIDDEN.sub("\n", text)))
        text = "\n".join(_line(line) for line in text.splitlines())
    return unescape(text)


def _line(line: str) -> str:
    """A row of a table stays on its line."""
    return _TAG.sub("", _LINE_TAG.sub(" " if "|" in line else "\n", line))


def _json_strings(text: str) -> list[str] | None:
    """Every string in a JSON value but its keys, also of one that was cut; None if it is not JSON."""
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        try:
            value = from_json(text.strip(), allow_partial=True)
        except ValueError:
            return None
    return list(_strings(value))


def _strings(value: object) -> Iterator[str]:
    """Without recursion, because an answer may be nested to any depth."""
    stack = [value]
    while stack:
        current = stack.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, dict):
            stack.extend(reversed(list(cast("dict[str, object]", current).values())))
        elif isinstance(current, list):
            stack.extend(reversed(cast("list[object]", current)))
