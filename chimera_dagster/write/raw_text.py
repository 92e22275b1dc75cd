"""What a server sends as an answer, as Markdown: without thoughts, HTML and the marks of chats."""

import json
import re
import unicodedata
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple, cast

from pydantic_core import from_json

_MOST = 30_000  # characters; a report of 400 words has 3,000
_TURN = re.compile(r"<\|(?:im_end|im_start|endoftext|eot_id|end|eos)\|>|<(?:end|start)_of_turn>|</s>|\[/?INST\]|<｜")
_LEADING = re.compile(r"\A(?:<\|im_start\|>|<start_of_turn>|<s>)\s{0,9}(?:assistant|model)?")
_THOUGHT = re.compile(r"<(think|thinking|thought|reasoning)\b[^<>]{0,99}>.*?(?:</\1\s*>|\Z)", re.I | re.S)
_THOUGHT_END = re.compile(r"</(?:think|thinking|thought|reasoning)\s*>", re.I)
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|svg|head)\b[^<>]{0,999}>.*?(?:</\1\s*>|\Z)", re.I | re.S)
_HEADING_TAG = re.compile(r"<h([1-6])\b[^<>]{0,999}>", re.I)
_CELL_TAG = re.compile(r"</t[dh]\s*>", re.I)
_BLOCK_TAG = re.compile(
    r"</?(?:p|div|br|hr|li|ul|ol|table|thead|tbody|tr|td|th|section|article|h[1-6]|pre|blockquote)\b[^<>]{0,999}>", re.I
)
_TAG = re.compile(r"</?[A-Za-z][\w:-]{0,40}(?:\s[^<>]{0,999})?/?>")
_BULLET = re.compile(r"^(\s*)[•◦▪‣–]\s+", re.M)
_OPENING = re.compile(r"(?:```(?:json)?\s{0,9})?[{\[]\s{0,99}[\"{\[\]}]")


class Readable(NamedTuple):
    """`problems` says in plain English what was left out or is not as it should be."""

    markdown: str
    is_complete: bool
    problems: tuple[str, ...]


def readable(text: str) -> Readable:
    problems: list[str] = []
    is_complete = True
    if len(text) > _MOST:
        text = text[:_MOST]
        is_complete = False
        problems.append(f"it is longer than {_MOST:,} characters; the rest was not read")
    text = "".join(_visible(text)).strip()
    if _THOUGHT_END.search(text) and not _THOUGHT.search(text):
        text = _THOUGHT_END.split(text)[-1]  # the opening mark was part of the chat template
    thoughts = list(_THOUGHT.finditer(text))
    if thoughts:
        if not _THOUGHT_END.search(thoughts[-1][0]):
            is_complete = False
            problems.append("it ends within a thought")
        text = _THOUGHT.sub("\n", text)
    text = _LEADING.sub("", text.strip(), count=1)
    turn = _TURN.search(text)
    if turn:
        text = text[: turn.start()]
        problems.append("it goes on after the end of its turn")
    if _OPENING.match(text.lstrip()):
        content, whole = _json_of(text)
        if content is not None:
            problems.append("it is JSON, not Markdown")
            return Readable("\n\n".join(_json_blocks(content)), is_complete and whole, tuple(problems))
    without_tags = _without_tags(text)
    if without_tags != text:
        problems.append("it has HTML tags")
    return Readable(_BULLET.sub(r"\1- ", without_tags), is_complete, tuple(problems))


def _visible(text: str) -> Iterator[str]:
    """Without control characters and halves of surrogate pairs; every kind of line end is `\\n`."""
    for char in text.replace("\r\n", "\n"):
        category = unicodedata.category(char)
        if char in "\n\t" or category not in ("Cc", "Cs", "Zl", "Zp"):
            yield char
        else:
            yield "\n" if category in ("Zl", "Zp") or char == "\r" else " "


def _without_tags(text: str) -> str:
    text = _HIDDEN.sub("\n", text)
    if not _TAG.search(text):
        return text
    text = _CELL_TAG.sub(" ", text)
    text = _HEADING_TAG.sub(lambda tag: f"\n\n{'#' * int(tag[1])} ", text)
    return unescape(_TAG.sub("", _BLOCK_TAG.sub("\n\n", text)))


def _json_of(text: str) -> tuple[object, bool]:
    """The first JSON value of a text, None if there is none, and whether it has its end."""
    start = re.search(r"[{\[]", text)
    if start is None:
        return None, False
    one_line = text.replace("\n", " ").replace("\t", " ")
    try:
        return json.JSONDecoder().raw_decode(one_line, start.start())[0], True
    except (ValueError, RecursionError):
        pass  # it was cut, or is not JSON
    try:
        return from_json(one_line[start.start() :], allow_partial=True), False
    except ValueError:
        return None, False


def _json_blocks(content: object) -> Iterator[str]:
    """Keys as headings and strings as list items; without recursion, as an answer may be nested to any depth."""
    stack: list[tuple[str, object]] = [("", content)]
    while stack:
        key, value = stack.pop()
        if key:
            yield f"## {' '.join(key.replace('_', ' ').replace('#', ' ').split())}"
        if isinstance(value, str):
            yield f"- {' '.join(value.split())}"
        elif isinstance(value, dict):
            items = cast("dict[str, object]", value).items()
            if {str(name).casefold() for name in cast("dict[str, object]", value)} >= {"risk", "mitigation"}:
                named = {str(name).casefold(): " ".join(str(each).split()) for name, each in items}
                yield f"- Risk: {named['risk']} Mitigation: {named['mitigation']}"
            else:
                stack.extend((str(name), each) for name, each in reversed(list(items)))
        elif isinstance(value, list):
            stack.extend(("", each) for each in reversed(cast("list[object]", value)))
