"""What every reader returns, and how the fields of one row or object become a record."""

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple, cast

from chimera_dagster.ingest import vocabulary

MISSING = frozenset({"", "-", "--", "–", "—", "n/a", "na", "nan", "none", "null"})
_FALSE = frozenset({"false", "no", "0", "0.0"})
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_REMARK = re.compile(r"[`\s]*\(.*|`.*")  # `gemma3:latest` (4.3B parameters)

ModelSource = Literal["column", "json", "path"]


class Number(NamedTuple):
    """One number as the file has it; `parent` is the key above it, empty outside JSON."""

    name: str
    value: float
    unit: str | None = None
    parent: str = ""


class Context(NamedTuple):
    """What a record is about; nested records inherit it."""

    model: str | None = None
    model_source: ModelSource | None = None
    backend: str | None = None
    gpu: str | None = None
    prompt: str | None = None
    timestamp: str | None = None
    params: tuple[tuple[str, int | float], ...] = ()
    labels: tuple[tuple[str, float], ...] = ()
    failed: bool = False


class Record(NamedTuple):
    """One row, object or list item.

    `kind` is 'totals' for an object that stands above a list of records, and 'reported' for a number in a text, which
    repeats a result. `failed_by` is the field in which this very record says that it failed.
    """

    where: str
    numbers: list[Number]
    context: Context
    failed_by: str | None = None
    kind: Literal["run", "totals", "reported"] = "run"


class Read(NamedTuple):
    """What a reader found; `problems` name the place and what is wrong there, and what they name was left out."""

    records: list[Record]
    problems: list[str]


Quantity = tuple[float, str | None]


def plain_number(value: object) -> Quantity | None:
    """A finite number of JSON; texts and truth values are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return (number, None) if math.isfinite(number) else None


def number_in(cell: str, *, decimal_comma: bool = False) -> float | None:
    """The finite number that a cell consists of; `1,234` is grouped unless commas are decimal."""
    text = cell.strip()
    if decimal_comma:
        text = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
    elif _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    if not _PLAIN.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def build(
    where: str,
    fields: Iterable[tuple[str, object]],
    inherited: Context,
    source: ModelSource,
    number: Callable[[object], Quantity | None],
    units: dict[str, str] | None = None,
    parent: str = "",
) -> Record:
    """Sort a record's fields into numbers, parameters and context; `units` are those of a units row, by name."""
    numbers: list[Number] = []
    texts: dict[str, str] = {}
    names: dict[str, str] = {}
    params = dict(inherited.params)
    labels = dict(inherited.labels)
    failed_by: str | None = None
    for name, value in fields:
        role, which = vocabulary.role_of(name)
        quantity = number(value)
        if role in ("error", "success"):
            failed_by = failed_by or (name if _says_failed(role, value) else None)
        elif role == "attached":
            params |= _params_in(value)
            failed_by = failed_by or _error_in(value)
            texts = {**_texts_in(value), **texts}
        elif role == "context":
            text = None if which == "gpu" and quantity else _text(value)  # a number of layers names no GPU
            if text and (which not in names or _rank(which, name) < _rank(which, names[which])):
                texts[which], names[which] = text, name
        elif role == "parameter" and quantity:
            setting = vocabulary.parameter(which, quantity[0])
            if setting is None:
                numbers.append(Number(name, *quantity, parent))
            else:
                params[which] = setting
        elif role == "identifier" and quantity:
            labels[which] = quantity[0]
        elif role == "number" and quantity:
            numbers.append(Number(name, quantity[0], quantity[1] or (units or {}).get(name), parent))
    context = inherited._replace(
        **{name: text for name, text in texts.items() if name != "model"},
        params=tuple(sorted(params.items())),
        labels=tuple(sorted(labels.items())),
        failed=inherited.failed or failed_by is not None,
    )
    if "model" in texts:
        context = context._replace(model=_REMARK.sub("", texts["model"].strip(" *`")), model_source=source)
    return Record(where, numbers, context, failed_by)


def parsed_object(value: object) -> dict[str, object]:
    """The object that `value` is, or that its JSON text holds; empty where it is none."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _params_in(value: object) -> dict[str, int | float]:
    found: dict[str, int | float] = {}
    for name, inner in parsed_object(value).items():
        role, which = vocabulary.role_of(name)
        quantity = plain_number(inner)
        setting = vocabulary.parameter(which, quantity[0]) if role == "parameter" and quantity else None
        if setting is not None:
            found[which] = setting
    return found


def _texts_in(value: object) -> dict[str, str]:
    roles = {name: (vocabulary.role_of(name), _text(inner)) for name, inner in parsed_object(value).items()}
    return {which: text for (role, which), text in roles.values() if role == "context" and text}


def _error_in(value: object) -> str | None:
    for name, inner in parsed_object(value).items():
        role, _ = vocabulary.role_of(name)
        if role in ("error", "success") and _says_failed(role, inner):
            return name
    return None


def _text(value: object) -> str | None:
    if isinstance(value, dict):
        value = cast("dict[str, object]", value).get("name")
    if value is None or isinstance(value, bool | dict | list):
        return None
    # a lone surrogate, legal in JSON, can't be stored as UTF-8
    text = str(value).strip().encode("utf-8", "replace").decode()
    return None if text.lower() in MISSING else text


def _rank(which: str, name: str) -> int:
    return vocabulary.vocabulary().context[which].index(vocabulary.normal(name)[0])


def _says_failed(role: str, value: object) -> bool:
    if isinstance(value, dict | list):
        return role == "error" and bool(cast("list[object]", value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return False  # JSON has truth values, so a number there counts failures
    text = "" if value is None else str(value).strip().lower()
    if text in MISSING:
        return False
    return (text in _FALSE) == (role == "success")
