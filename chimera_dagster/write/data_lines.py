"""Texts from files as lines of a prompt: each stays on its line, and can neither instruct the model nor forge an id."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

# What a tokenizer may take for a marker of the chat template: <|im_start|>, <start_of_turn>, </s>, [INST], <<SYS>>.
_MARKERS = re.compile(
    r"[<＜]{1,2}[|｜/]?[\w/▁.-]{1,40}[|｜]?[>＞]{1,2}|\[/?[A-Z_]{2,40}\]|[|｜](?:im_start|im_end|end|user|assistant|system)[|｜]"
)
_BRACKETS = str.maketrans(dict.fromkeys("{[<｛［＜⟨〈", "(") | dict.fromkeys("}]>｝］＞⟩〉", ")"))
_MODEL = re.compile(r"\{(M[1-9][0-9]*)\}")
_CITATION = re.compile(r"(\{[FDM][1-9][0-9]*\})")


class Line(NamedTuple):
    """A line of data, its id, and the ids of the models that it names."""

    id: str
    text: str
    models: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{{{self.id}}} {self.text}" if self.id else self.text


def clean(text: str) -> str:
    """`text` on one line, without chat template markers, brackets, braces and invisible characters."""
    # Categories C and Z: controls, direction marks, halves of surrogate pairs; every kind of space and line end.
    visible = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return " ".join(_MARKERS.sub(" ", visible).translate(_BRACKETS).split())


def model_ids(models: Sequence[str]) -> dict[str, str]:
    """`M1`, `M2`, ... of the models in their order. Statements name models by id because tags contain digits."""
    return {f"M{number}": tag for number, tag in enumerate(dict.fromkeys(models), start=1)}


class Names:
    """Puts ids of models into texts in place of their tags."""

    def __init__(self, models: Mapping[str, str]) -> None:
        self.lines = {name: Line(name, f"= {clean(tag)}") for name, tag in models.items() if clean(tag)}
        self._ids = {clean(tag): name for name, tag in reversed(list(models.items())) if clean(tag)}
        tags = "|".join(re.escape(tag) for tag in sorted(self._ids, key=lambda tag: (-len(tag), tag)))
        self._tags = re.compile(rf"(?<![\w:/.-])(?:{tags})(?![\w/-]|[.:]\w)") if tags else None

    def line(self, id_: str, text: str) -> Line:
        """A text from a file as a line that names models by their ids."""
        return _line(id_, self._put(clean(text)))

    def list_item(self, text: str, ids: Collection[str]) -> Line:
        """A model's statement as a list item, so that it does not look like a line with an id; keeps `ids`."""
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
