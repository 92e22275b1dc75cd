"""Texts from files as lines of a prompt: each stays on its line, and instructs nobody and forges no line."""

import re
import unicodedata

# What a tokenizer may take for a marker of the chat template: <|im_start|>, <start_of_turn>, </s>, [INST], <<SYS>>.
_MARKERS = re.compile(
    r"[<＜]{1,2}[|｜/]?[\w/▁.-]{1,40}[|｜]?[>＞]{1,2}|\[/?[A-Z_]{2,40}\]|[|｜](?:im_start|im_end|end|user|assistant|system)[|｜]"
)
_BRACKETS = str.maketrans(dict.fromkeys("{[<｛［＜⟨〈", "(") | dict.fromkeys("}]>｝］＞⟩〉", ")"))


def clean(text: str) -> str:
    """`text` on one line, without chat template markers, brackets, braces and invisible characters."""
    # Categories C and Z: controls, direction marks, halves of surrogate pairs; every kind of space and line end.
    visible = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return " ".join(_MARKERS.sub(" ", visible).translate(_BRACKETS).split())
