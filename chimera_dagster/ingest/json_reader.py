"""JSON and JSON Lines: one record an object, named by its JSON pointer ('/' is the whole document)."""

import json
from collections.abc import Iterator
from typing import cast

from chimera_dagster.ingest import vocabulary
from chimera_dagster.ingest.records import Context, Read, Record, build, plain_number

_KeyValue = dict[str, object]


def read_json(text: str, *, lines: bool = False) -> Read:
    """Read one document, or with `lines` one a line; a document that goes on after its end is tried as lines.

    A record inherits model, backend, parameters and so on from the objects around it. Records of a JSON Lines file
    are named 'line 3' and, inside the line, by their pointer: 'line 3/usage'.
    """
    if lines:
        return _read_lines(text)
    try:
        return Read(_records(json.loads(text.lstrip("\ufeff"))), [])
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            read = _read_lines(text)
            if read.records:
                return read
        return Read([], [f"line {error.lineno}, column {error.colno}: {error.msg}"])
    except RecursionError:
        return Read([], ["the document is nested too deeply"])
    except ValueError as error:  # an integer of thousands of digits
        return Read([], [f"a value can't be read: {error}"])


def _read_lines(text: str) -> Read:
    records: list[Record] = []
    problems: list[str] = []
    for number, line in enumerate(text.lstrip("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            found = _records(value)
        except (ValueError, RecursionError) as error:
            what = f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)
            problems.append(f"line {number}: {what}")
            continue
        records += [
            record._replace(where=f"line {number}{'' if record.where == '/' else record.where}") for record in found
        ]
    return Read(records, problems)


def _records(document: object) -> list[Record]:
    return list(_walk(document, "", "", Context()))


def _walk(value: object, pointer: str, name: str, context: Context) -> Iterator[Record]:
    """Records at and below `value`; `name` is the nearest key above it."""
    if isinstance(value, list):
        for place, item in enumerate(cast("list[object]", value)):
            yield from _walk(item, f"{pointer}/{place}", name, context)
    elif isinstance(value, dict):
        content = cast(_KeyValue, value)
        record = build(pointer or "/", _fields(content), context, "json", plain_number, parent=name)
        if vocabulary.role_of(name)[0] == "attached":
            record = record._replace(failed_by=None)  # the record that it stands in has said so
        above = any(_is_records(item) for item in content.values())
        if record.numbers or record.failed_by:
            yield record._replace(kind="totals") if above else record
        for key, item in content.items():
            if isinstance(item, dict | list):
                inner = record.context
                if vocabulary.role_of(key)[0] != "context" and _is_model(key):
                    inner = inner._replace(model=key, model_source="json")
                yield from _walk(item, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}", key, inner)


def _fields(content: _KeyValue) -> Iterator[tuple[str, object]]:
    """An object's own fields; a list of numbers gives one field a number, 'name/0' for the first."""
    for key, value in content.items():
        yield key, value
        if isinstance(value, list):
            items = cast("list[object]", value)
            yield from ((f"{key}/{place}", item) for place, item in enumerate(items) if plain_number(item))


def _is_records(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in cast("list[object]", value))


def _is_model(key: str) -> bool:
    """Whether a key is a model's tag, as where results are grouped by model."""
    return ":" in key and "/" not in key and " " not in key and vocabulary.model_in_path(key) is not None
