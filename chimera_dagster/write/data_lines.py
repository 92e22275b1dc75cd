"""Texts from files as lines of a prompt: each stays on its line, is no instruction and forges no id."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

# What a tokenizer may take for a sign of the chat template: <|im_start|>, <start_of_turn>, </s>, [INST], <<SYS>>.
_MARKERS = re.compile(
    r"[<＜]{1,2}[|｜/]?[\w/▁.-]{1,40}[|｜]?[>＞]{1,2}|\[/?[A-Z_]{2,40}\]|[|｜](?:im_start|im_end|end|user|assistant|system)[|｜]"
)
_BRACKETS = str.maketrans(dict.fromkeys("{[<｛［＜⟨〈", "(") | dict.fromkeys("}]>｝］＞⟩〉", ")"))
_MODEL = re.compile(r"\{(M[1-9][0-9]*)\}")
_CITATION = re.compile(r"(\{[FDM][1-9][0-9]*\})")


class Line(NamedTuple):
    """A line of data under its id, and the models that it names by theirs."""

    id: str
    text: str
    models: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{{{self.id}}} {self.text}" if self.id else self.text


def clean(text: str) -> str:
    """`text` on one line, without signs of a chat template, brackets and braces, and what can't be seen."""
    # Categories C and Z: controls, marks of direction, halves of pairs; every kind of space and line end.
    seen = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
    return " ".join(_MARKERS.sub(" ", seen).translate(_BRACKETS).split())


def model_ids(models: Sequence[str]) -> dict[str, str]:
    """`M1`, `M2`, ... of the models in their order: what a statement names them by, as tags hold digits."""
    return {f"M{number}": tag for number, tag in enumerate(dict.fromkeys(models), start=1)}


class Names:
    """Models by id, to be put into texts in place of their tags."""

    def __init__(self, models: Mapping[str, str]) -> None:
        self.lines = {name: Line(name, f"= {clean(tag)}") for name, tag in models.items() if clean(tag)}
        self._ids = {clean(tag): name for name, tag in reversed(list(models.items())) if clean(tag)}
        tags = "|".join(re.escape(tag) for tag in sorted(self._ids, key=lambda tag: (-len(tag), tag)))
        self._tags = re.compile(rf"(?<![\w:/.-])(?:{tags})(?![\w/-]|[.:]\w)") if tags else None

    def line(self, id_: str, text: str) -> Line:
        """A text from a file as a line, the models in it named by their ids."""
        return _line(id_, self._put(clean(text)))

    def written(self, text: str, ids: Collection[str]) -> Line:
        """A model's own words as a list item, which no line with an id looks like: citations of these ids stay."""
        parts = _CITATION.split(text)
        words = (part if part[1:-1] in ids and place % 2 else self._between(part) for place, part in enumerate(parts))
        return _line("", " ".join(["-", *"".join(words).split()]))

    def _between(self, part: str) -> str:
        before, after = (" " if edge.isspace() else "" for edge in (part[:1], part[-1:]))
        return f"{before}{self._put(clean(part))}{after}"

    def _put(self, text: str) -> str:
        return self._tags.sub(lambda match: f"{{{self._ids[match[0]]}}}", text) if self._tags else text


def _line(id_: str, text: str) -> Line:
    return Line(id_, text, tuple(dict.fromkeys(_MODEL.findall(text))))
