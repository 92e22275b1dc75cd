"""Text fields that the vocabulary does not list and that say how a run was made: `technique`, `Attention`, `kv_cache`.

Their values set runs apart, so such a field is a condition under its own name. Whether it is one is decided over all
records of a table or a list: its texts are short, repeat, and tell apart runs that nothing else does. Free text, ids,
paths, dates, verdicts on an answer and what only repeats a model's name or a known setting are left alone.
"""

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Literal, NamedTuple, cast

from chimera_dagster.ingest.cells import CONTAINERS, MISSING, plain_number, text_of
from chimera_dagster.ingest.metric_names import kinds_of
from chimera_dagster.ingest.model_names import is_model
from chimera_dagster.ingest.names import is_aggregate, normal
from chimera_dagster.ingest.numeric_settings import (
    MOST_ROWS,
    has_metric,
    is_prompt_length,
    is_size,
    levels_among,
    may_have_levels,
)
from chimera_dagster.ingest.outcomes import outcomes_among
from chimera_dagster.ingest.quantities import quantity_in
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.request_rates import may_be_offered, offered_rates
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.units import is_unit
from chimera_dagster.ingest.vocabulary import vocabulary

_MOST_RECORDS = 10_000  # that are looked at
_SAMPLE = 50  # records among which a text column shows a text
_MOST_VALUES = 100  # a column of more is not one of settings
_MOST_NAMED_RUNS = 12  # of which each may have a name of its own
_MOST_ONCE = 40  # records of a table of aggregates, in which every value may stand once
_LONGEST, _MOST_WORDS = 48, 6
_MOST_NUMERIC = 20  # unlisted columns of numbers of a long table, of which none is called a setting
_MOST_FIELDS = 400  # of a record: one of more is a dump, not a row
_NOT_SHORT = re.compile(
    r"://|[\n\r\t{}<>?!\\]|[.:;,]\s*+$|\.\s|^[./~]|^[A-Za-z]:|\.(?:json|jsonl|csv|md|py|sh|txt|log|gguf|ya?ml|onnx|bin|html)$"
    r"|\d{4}-\d\d-\d\d|\d{1,2}:\d\d|^[\w.+-]+@[\w.-]+$",
    re.ASCII,
)
_MEASURED = re.compile(r"[^\w]*\d(?!\d*[-_ ]?[A-Za-z][\w-]*$)", re.ASCII)  # 1.4-1.6x, 0/5 runs, but not 4bit
_HASH = re.compile(r"(?:[0-9a-f]{7,}|[0-9a-f-]{16,}|[A-Za-z]{0,8}[-_][0-9A-Za-z]{16,})", re.ASCII)
_NUMBERED = re.compile(r"(?P<before>\D*+)(?P<number>\d{1,9})(?P<after>\D*+)", re.ASCII)
NONE = "none"
_NO_SETTING = frozenset({"default", "unknown", "other"})

Value = str | float | None
Record = Sequence[object]


class Setting(NamedTuple):
    """A field that may be a setting: its place among the names, and whether its name alone says that it is one."""

    place: int
    named: bool


@remembered(maxsize=4_096)
def is_named_as_setting(name: str) -> bool:
    """Whether an unlisted name has a word of a setting, such as `technique` or `attention_backend`."""
    words, plain = _setting_words(), normal(name)[0]
    return may_set(name) and (plain in words or any(word in words for word in plain.split("_")))


@remembered(maxsize=10_000)
def says_setting(text: str) -> bool:
    """Whether a text beside a name of a setting sets anything: `default` does not."""
    return is_short(text) and text.strip().lower() not in _NO_SETTING | MISSING and quantity_in(text) is None


def settings_among(names: tuple[str, ...], records: Iterable[Record]) -> frozenset[str]:
    """The names of those columns that are settings; `records` have a cell for each name."""
    candidates = _candidates(names)
    numeric = _numeric_candidates(names)
    others = [*may_be_offered(names), *_failures(names), *numeric]
    if not candidates and not others:
        return frozenset()
    every = iter(records)
    first = [record for record in islice(every, _SAMPLE) if len(record) == len(names)]
    candidates = [field for field in candidates if any(_is_text(record[field.place]) for record in first)]
    if not candidates and not others:
        return frozenset()
    first += [record for record in islice(every, _MOST_RECORDS) if len(record) == len(names)]
    outcomes = outcomes_among(names, [*(field.place for field in candidates if not field.named), *numeric], first)
    candidates = [field for field in candidates if field.place not in outcomes]
    numeric = {place: named for place, named in numeric.items() if place not in outcomes}
    found = _chosen(names, candidates, first) | offered_rates(names, first) | _counted_failures(names, first)
    return found | _levels(names, numeric, first, found) if numeric else found


@remembered(maxsize=4_096)
def _numeric_candidates(names: tuple[str, ...]) -> dict[int, bool]:
    """The places of columns whose numbers may be settings, and whether the name alone says that they are."""
    if not has_metric(names):
        return {}
    found = {field.place: field.named for field in _candidates(names) if may_have_levels(names[field.place])}
    others = (place for place, name in enumerate(names) if is_prompt_length(name) or _is_label_of_setting(name))
    return found | dict.fromkeys(others, True)


def _levels(
    names: tuple[str, ...], fields: Mapping[int, bool], records: Sequence[Record], found: frozenset[str]
) -> frozenset[str]:
    """The names of columns whose numbers are settings, besides the settings that were `found`."""
    is_dump = len(fields) > _MOST_NUMERIC and not any(named or is_size(names[place]) for place, named in fields.items())
    if is_dump and len(records) > MOST_ROWS:
        return frozenset()
    known = [place for place, name in enumerate(names) if name in found or _is_known_setting(name) or _is_model(name)]
    own = {*fields}
    apart = _codes(records, [place for place in known if place not in own])
    others = {place: named for place, named in fields.items() if names[place] not in found}
    return levels_among(names, others, records, apart, is_log=any(map(_tells_of_run, names)))


@remembered(maxsize=4_096)
def _failures(names: tuple[str, ...]) -> list[int]:
    words = vocabulary().failure_counts
    return [place for place, name in enumerate(names) if normal(name)[0] in words]


def _counted_failures(names: tuple[str, ...], records: Sequence[Record]) -> frozenset[str]:
    """The names of columns that count failures: whole numbers, of which one is above 1, or, in no log, all are 0."""
    is_log, found = any(map(_tells_of_run, names)), set[str]()
    for place in _failures(names):
        values = {_value(record[place]) for record in records}
        numbers = {value for value in values if isinstance(value, float) and value.is_integer()}
        if numbers and values <= {*numbers, None} and (max(numbers) > 1 or (numbers == {0.0} and not is_log)):
            found.add(names[place])
    return frozenset(found)


def settings_of_objects(objects: Sequence[object]) -> frozenset[str]:
    """As `settings_among` for a list of JSON objects, and those in objects such as `config` within them."""
    if not settings_among(*_table_of(objects[:_SAMPLE])):  # the usual case, and a list may be long
        return frozenset()
    return settings_among(*_table_of(objects[:_MOST_RECORDS]))


def _table_of(objects: Sequence[object]) -> tuple[tuple[str, ...], list[list[object]]]:
    records = [_flat(cast("Mapping[str, object]", item)) for item in objects if isinstance(item, dict)]
    names = tuple(dict.fromkeys(name for record in records for name in record))
    if len(records) < 2 or len(names) > _MOST_FIELDS:
        return (), []
    return names, [[record.get(name) for name in names] for record in records]


def _flat(content: Mapping[str, object]) -> dict[str, object]:
    """The fields of an object and of those that describe it."""
    flat = dict(content)
    for name, inner in content.items():
        if isinstance(inner, dict) and role_of(name)[0] == "attached":
            described = {key: value for key, value in cast("dict[str, object]", inner).items() if key not in flat}
            flat |= described
    return flat


@remembered(maxsize=4_096)
def _candidates(names: tuple[str, ...]) -> list[Setting]:
    found = [Setting(place, is_named_as_setting(name)) for place, name in enumerate(names) if may_set(name)]
    return sorted(found, key=lambda field: not field.named)


@remembered(maxsize=10_000)
def may_set(name: str) -> bool:
    """Whether nothing is known of a name, and it is not that of a remark, an outcome or a unit."""
    role, plain = role_of(name)[0], normal(name)[0]
    if role not in ("number", "attached") or kinds_of(name) or is_aggregate(name):
        return False
    return not (_pattern_of("remarks").fullmatch(plain) or _is_answer(plain))


@remembered(maxsize=10_000)
def _is_label_of_setting(name: str) -> bool:
    """Whether numbers of a name may be settings although it is listed as a label: `context` is an id in some tables."""
    plain = normal(name)[0]
    is_label = role_of(name)[0] == "identifier" and not _pattern_of("remarks").fullmatch(plain)
    return is_label and any(word in _setting_words() for word in (plain, *plain.split("_")))


def _setting_words() -> list[str]:
    return vocabulary().setting_words


@remembered(maxsize=10_000)
def _is_answer(plain: str) -> bool:
    """Whether a name, as `normal` gives it, is that of a text which a model was asked or wrote."""
    return _pattern_of("answers").fullmatch(plain) is not None


@remembered(maxsize=10_000)
def is_answer_of_model(name: str) -> bool:
    """Whether a field has what a model wrote, as text."""
    plain = normal(name)[0]
    return _is_answer(plain) and not _pattern_of("asked").fullmatch(plain)


@remembered()
def _pattern_of(section: Literal["remarks", "answers", "asked"]) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, getattr(vocabulary(), section))))


@remembered(maxsize=10_000)
def is_short(text: str) -> bool:
    """Whether a text is short and no sentence, path, date, hash or measured value."""
    text = text.strip()
    if len(text) > _LONGEST or len(text.split()) > _MOST_WORDS or _NOT_SHORT.search(text) or _MEASURED.match(text):
        return False
    return not (_HASH.fullmatch(text) and any(map(str.isdigit, text)))


def _is_text(cell: object) -> bool:
    return isinstance(cell, bool) or (isinstance(cell, str) and isinstance(_value(cell), str))


def _value(cell: object) -> Value:
    """What a cell says: a text, a number, or None if it is missing; `none` is a setting's value."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, str):
        text = cell.strip()
        if text.lower() in MISSING:
            return NONE if text.lower() == NONE else None
        quantity = quantity_in(text)
        return quantity.number if quantity else text
    return plain_number(cell)


def _chosen(names: tuple[str, ...], candidates: list[Setting], records: Sequence[Record]) -> frozenset[str]:
    """Of the fields that look like settings, those that tell records apart, the one with the fewest values first."""
    is_log = any(_tells_of_run(name) for name in names)
    columns = {field: [record[field.place] for record in records] for field in candidates}
    possible = [
        (field, [_value(cell) for cell in column])
        for field, column in columns.items()
        if not any(isinstance(cell, CONTAINERS) for cell in column)
    ]
    possible = [
        (field, values) for field, values in possible if _are_settings(names[field.place], field, values, is_log=is_log)
    ]
    if not possible:
        return frozenset()
    possible.sort(key=lambda each: (not each[0].named, len({*each[1]})))
    own = {field.place for field in candidates}
    known = [place for place, name in enumerate(names) if _is_known_setting(name) and place not in own]
    models = [place for place, name in enumerate(names) if _is_model(name)]
    apart = _numbers([*zip(_codes(records, known), _codes(records, models), strict=True)])
    chosen = set[str]()
    for field, values in possible:
        if field.named or len({*zip(apart, values, strict=True)}) > len({*apart}):
            chosen.add(names[field.place])
            apart = _numbers([*zip(apart, values, strict=True)])
    return frozenset(chosen)


def _are_settings(name: str, field: Setting, values: Sequence[Value], *, is_log: bool) -> bool:
    """Whether the values of a column, some of them missing, may be those of a setting."""
    different = {*values}
    texts = [value for value in different if isinstance(value, str)]
    numbers = sum(isinstance(value, float) for value in values)
    if numbers > (len(values) // 2 if field.named else 0) or not _are_settings_texts(name, texts):
        return False  # the first: measured numbers, which some records do not have
    if len(different) == 1:
        return field.named and says_setting(texts[0])
    if 2 * len(different) <= len(values):
        return len(different) <= _MOST_VALUES
    is_one_of_few = _is_run_label(name) and len(different) <= _MOST_NAMED_RUNS
    stands_once = (
        (is_one_of_few or not _is_row_label(name)) and not _are_numbered(texts) and (field.named or not is_log)
    )
    return stands_once and len(different) <= _MOST_ONCE


def _are_settings_texts(name: str, texts: Sequence[str]) -> bool:
    """Whether there are texts, all of them short, that name neither models nor units nor, in a label, metrics."""
    names_others = 2 * sum(is_model(text) or is_unit(text) for text in texts) >= len(texts)
    return not names_others and all(map(is_short, texts)) and not (_is_row_label(name) and any(map(kinds_of, texts)))


def _is_row_label(name: str) -> bool:
    return normal(name)[0] in vocabulary().row_labels


def _is_run_label(name: str) -> bool:
    """Whether a label names a run after what was different in it: `run_name` is awq, gptq, bf16."""
    return normal(name)[0].startswith("run_")


def _are_numbered(texts: Sequence[str]) -> bool:
    """Whether the texts differ in a number alone that counts them: `run-1`, `run-2`, `run-3`."""
    found = [_NUMBERED.fullmatch(text) for text in texts]
    parts = [(each["before"], each["after"], int(each["number"])) for each in found if each]
    numbers = {number for *_, number in parts}
    if len(parts) < max(len(texts), 3) or len({(before, after) for before, after, _ in parts}) > 1:
        return False
    return max(numbers) - min(numbers) + 1 == len(numbers)


@remembered(maxsize=10_000)
def _tells_of_run(name: str) -> bool:
    """Whether a column with this name numbers runs, or has what each of them was asked or answered."""
    role, which = role_of(name)
    plain = normal(name)[0]
    is_of_one = plain in vocabulary().run_columns or plain.endswith("_id")
    return is_of_one or (role == "context" and which in ("prompt", "timestamp")) or _is_answer(plain)


def _is_model(name: str) -> bool:
    return role_of(name) == ("context", "model")


@remembered(maxsize=10_000)
def _is_known_setting(name: str) -> bool:
    role, which = role_of(name)
    is_about = role == "context" and which in ("backend", "gpu", "provider")
    return is_about or role in ("condition", "parameter", "attached")


def _codes(records: Sequence[Record], places: Sequence[int]) -> list[int]:
    """A number for each different combination of what the records have at these places."""
    return _numbers([tuple(_said(record[place]) for place in places) for record in records])


def _said(cell: object) -> str | None:
    """What a cell says as a text; nothing for settings in an object, whose own fields say it."""
    return str(cell) if isinstance(cell, bool) else text_of(cell)


def _numbers(keys: Sequence[object]) -> list[int]:
    codes: dict[object, int] = {}
    return [codes.setdefault(key, len(codes)) for key in keys]
