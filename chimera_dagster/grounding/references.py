"""References that code replaces: `{F3}` by a figure, `{D1}` or `[F3]` by a source, `{M1}` or a tag by a model."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

# Few digits, because int() refuses thousands of them.
REFERENCE = re.compile(r"\{\s*([FDM])0*([1-9]\d{0,5})\s*\}")

_SOURCE = re.compile(r"[\[(]([FD])0*([1-9]\d{0,5})[\])]")
_EITHER = re.compile(f"{REFERENCE.pattern}|{_SOURCE.pattern}")
_TAG = re.compile(r"[A-Za-z][\w./:-]*")  # a "model" called `999 tok/s` is not recognised by its tag


class Part(NamedTuple):
    """A part of a statement: the model's own words, the id of a figure or of a source, or a model's tag."""

    kind: Literal["words", "figure", "source", "model"]
    text: str


def parts(text: str, models: Sequence[str]) -> Iterator[Part]:
    """The parts of a statement in their order; `models` are named M1, M2, ... An id need not exist."""
    at = 0
    for match in _EITHER.finditer(text):
        yield from _words(text[at : match.start()], models)
        at, letter, number = match.end(), match[1] or match[3], int(match[2] or match[4])
        if letter == "M" and number <= len(models):
            yield Part("model", models[number - 1])
        else:
            yield Part("figure" if match[1] == "F" else "source", f"{letter}{number}")
    yield from _words(text[at:], models)


def own_figure(text: str, models: Sequence[str], ids: Collection[str]) -> str:
    """The first word with a digit, of any script, that is not a tag or an id of `ids`; empty if there is none."""
    for part in parts(text, models):
        if part.kind in ("figure", "source") and part.text not in ids:
            return part.text
        if part.kind == "words":
            for word in part.text.split():
                if any(unicodedata.category(char)[0] == "N" for char in word):
                    return word
    return ""


def _words(text: str, models: Sequence[str]) -> Iterator[Part]:
    tags = _tags(tuple(models))
    pieces = tags.split(text) if tags else [text]  # by turns the model's own words and a tag
    for place, piece in enumerate(pieces):
        if piece:
            yield Part("model" if place % 2 else "words", piece)


@lru_cache(maxsize=8)
def _tags(models: tuple[str, ...]) -> re.Pattern[str] | None:
    named = sorted((tag for tag in models if _TAG.fullmatch(tag)), key=lambda tag: (-len(tag), tag))
    return re.compile(rf"(?<![\w:/.-])({'|'.join(map(re.escape, named))})(?![\w/-]|[.:]\w)", re.I) if named else None
