"""JSON documents in a text, with a complaint about keys that an object has twice."""

import json
from collections import Counter
from collections.abc import Callable

from chimera_dagster.ingest.json_shapes import Object
from chimera_dagster.ingest.number_marks import Problem
from chimera_dagster.text.foreign import json_value


def document_in(text: str, where: str, problem: Problem) -> object:
    """The JSON document in `text`; if an object has a key twice, the last value is read and the key is reported."""
    twice: list[str] = []
    document = json.loads(text, object_pairs_hook=unique_keys(where, twice))
    for key in twice:
        problem(key)
    return document


def unique_keys(where: str, twice: list[str]) -> Callable[[list[tuple[str, object]]], Object]:
    def unique(pairs: list[tuple[str, object]]) -> Object:
        content = dict(pairs)
        if len(content) < len(pairs):
            for key, count in Counter(key for key, _ in pairs).items():
                if count > 1:
                    twice.append(f"{where}key {key!r} appears {count} times in one object, its last value was read")
        return content

    return unique


def first_line_is_json(text: str) -> bool:
    try:
        json_value(text.lstrip("\ufeff \t\r\n").partition("\n")[0])
    except ValueError:
        return False
    return True
