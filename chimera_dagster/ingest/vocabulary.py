"""What names mean: original column or key to canonical metric and unit, as vocabulary.yaml lists them.

Matching is exact after normalising, never fuzzy: a name that is not listed keeps its number under its own name.
"""

import fnmatch
import hashlib
import re
import struct
from collections import deque
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict

from chimera_dagster.errors import SpecError
from chimera_dagster.ingest.remembered import forget, remembered
from chimera_dagster.ingest.user_vocabulary import UserVocabulary, read_user_vocabulary

WHOLE = frozenset({"num_gpu", "num_ctx", "top_k"})
_HOTTEST = 5.0  # above it, `temperature` is that of a device
_PERCENTILES = frozenset({"percentile", "percentiles"})
_PERCENTILE = re.compile(r"p\d{1,2}(?:\.\d+)?")
_REMARK = re.compile(r"[`\s]*\(.*|`.*")  # `gemma3:latest` (4.3B parameters)
MODEL_NAME = r"[A-Za-z0-9][\w.-]*+(?:/[\w.-]++)*+"
MODEL_TAG = rf"{MODEL_NAME}:(?:latest|(?=[\w.-]*?\d)(?=[\w.-]*?[A-Za-z])[\w.-]++)"  # a time, 10:30, is not one
_TAG_IN = re.compile(rf"(?<![\w./:-]){MODEL_TAG}")
_PUBLISHED = re.compile(r"(?<![\w./-])[A-Za-z]{2}[\w.-]*+/(?=[\w.:-]*\d)(?=[\W\d]*[A-Za-z]{2})[\w.:-]*\w")
_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")

Role = Literal["context", "parameter", "condition", "error", "success", "attached", "identifier", "number"]


def _flat(entries: list[str | list[str]]) -> list[str]:
    return [name for entry in entries for name in ([entry] if isinstance(entry, str) else entry)]


class _Metric(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: str
    names: list[str]
    assumed: dict[str, str] = {}


class Vocabulary(BaseModel):
    """The whole of vocabulary.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    units: dict[str, dict[str, float]]
    metrics: dict[str, _Metric]
    context: dict[str, list[str]]
    parameters: dict[str, list[str]]
    conditions: dict[str, list[str]]
    counts: list[str]
    failure: dict[Literal["error", "success"], list[str]]
    attached: list[str]
    run_columns: list[str]
    identifiers: Annotated[list[str], BeforeValidator(_flat)]
    aggregates: dict[str, list[str]]
    families: list[str]
    numbers: list[str] = []  # names that measure something, whatever pattern of `identifiers` they match


class Meaning(NamedTuple):
    """What a number's name says. `unit` is canonical, and None if the name is not in the vocabulary."""

    metric: str
    unit: str | None
    factor: float
    original_unit: str | None
    aggregate: str | None


@remembered()
def vocabulary() -> Vocabulary:
    """The packaged vocabulary, with the user's names in it."""
    return _user_file.words or _packaged()


def use_file(path: Path | None) -> str:
    """From now on read names as this file of the user's says; returns its digest, empty without a file.

    Raises SpecError if it is not valid. What was derived from other names is forgotten.
    """
    try:
        content = path.read_bytes() if path else b""
    except OSError as error:
        raise SpecError(f"{path} can't be read: {error.strerror}.", hint="It is named as the vocabulary.") from error
    if content != _user_file.content:
        _user_file.path = path
        _user_file.words = _extended(_packaged(), read_user_vocabulary(path), path) if path else None
        _user_file.content = content
        forget()
    return hashlib.sha256(content).hexdigest()[:12] if path else ""


def file_in_use() -> Path | None:
    """The file that `use_file` named last."""
    return _user_file.path


class _UserFile:
    """The file that is in use in this process."""

    path: Path | None = None
    content = b""
    words: Vocabulary | None = None


_user_file = _UserFile()


@cache
def _packaged() -> Vocabulary:
    text = Path(__file__).with_name("vocabulary.yaml").read_text(encoding="utf-8")
    return Vocabulary.model_validate(yaml.load(text, yaml.CSafeLoader))


def _extended(words: Vocabulary, own: UserVocabulary, path: Path) -> Vocabulary:
    """The packaged words with the user's names, which win over the packaged ones."""

    def base(name: str) -> str:
        plain = _plain(_BRACKETS.sub(" ", name))
        return _without_aggregate(plain, words)[0] or plain

    metrics, taken = dict[str, _Metric](), set[str]()
    for metric, given in own.metrics.items():
        known = words.metrics.get(metric)
        unit = given.unit or (known.unit if known else None)
        if unit not in words.units or (known and unit != known.unit):
            allowed = known.unit if known else ", ".join(words.units)
            raise SpecError(f"{path}, metrics.{metric}.unit: expected {allowed} (given: {given.unit!r}).")
        names: dict[str, str | None] = {}
        for name, unit_in in given.names.items():
            stem, _, suffix = base(name).rpartition("_")
            if (unit_in or suffix).lower() not in words.units[unit]:
                what = (
                    f"{unit_in!r} is not a unit of {unit}" if unit_in else f"the name does not end in a unit of {unit}"
                )
                raise SpecError(f"{path}, metrics.{metric}.names.{name}: {what}.")
            names[base(name) if unit_in else stem] = unit_in
        taken |= {*names}
        assumed = {name: unit_in for name, unit_in in names.items() if unit_in}
        packaged = known or _Metric(unit=unit, names=[])
        metrics[metric] = _Metric(unit=unit, names=[*names, *packaged.names], assumed=packaged.assumed | assumed)
    others = {section: getattr(own, section) for section in ("conditions", "parameters", "context")}
    for section, given in others.items():
        if section != "conditions" and (unknown := [which for which in given if which not in getattr(words, section)]):
            raise SpecError(f"{path}, {section}.{unknown[0]}: expected one of {', '.join(getattr(words, section))}.")
    return words.model_copy(
        update={
            "metrics": metrics | {name: entry for name, entry in words.metrics.items() if name not in metrics},
            "numbers": sorted(taken),
            "identifiers": [*map(_plain, own.labels), *words.identifiers],
            **{section: _both(getattr(words, section), given) for section, given in others.items()},
        }
    )


def _both(packaged: dict[str, list[str]], own: dict[str, list[str]]) -> dict[str, list[str]]:
    """The user's names first: the first of two roles counts."""
    first = {which: [*map(_plain, names)] for which, names in own.items()}
    return {which: [*first.get(which, []), *packaged.get(which, [])] for which in dict.fromkeys((*first, *packaged))}


@remembered(maxsize=10_000)
def role_of(name: str) -> tuple[Role, str]:
    """What a column or key is for, and which of its kind: ('parameter', 'top_k'), ('context', 'model')."""
    plain = normal(name)[0]
    if not plain:
        return "identifier", "index"  # pandas writes its index as a column without a name
    if plain in _roles():
        return _roles()[plain]
    bare = _without_unit(plain)[0]
    patterns = vocabulary().identifiers
    if any(fnmatch.fnmatchcase(candidate, pattern) for candidate in {plain, bare} for pattern in patterns):
        return "identifier", plain
    return "number", plain


@remembered()
def _roles() -> dict[str, tuple[Role, str]]:
    """Every name that has a role of its own; of two roles the first listed here."""
    words = vocabulary()
    roles: dict[str, tuple[Role, str]] = {name: ("number", name) for name in words.numbers}
    for kind, names in words.failure.items():
        roles |= dict.fromkeys(names, (kind, kind))
    groups: tuple[tuple[Role, dict[str, list[str]]], ...] = (
        ("parameter", words.parameters),
        ("condition", words.conditions),
        ("context", words.context),
        ("attached", {name: [name] for name in words.attached}),
    )
    for role, group in groups:
        for which, names in group.items():
            for name in names:
                roles.setdefault(name, (role, which))
    return roles


@remembered(maxsize=10_000)
def meaning(name: str, unit: str | None = None, parent: str = "") -> Meaning:
    """What the number `name` measures.

    `unit` is what the file says beside the name (a units row, a suffix of the value); `parent` is the key above a
    name such as `mean_ms` that says only how a number was made.
    """
    plain, stated = normal(name)
    stated = unit.strip().lower() if unit else stated
    base, aggregate = _without_aggregate(plain)
    stem, suffix = _without_unit(base)
    stem, inner = _without_aggregate(stem)
    aggregate = aggregate or inner
    candidates = [(base, stated), (stem, stated or suffix)]
    if not stem and parent:
        above, above_unit = normal(parent)
        above_stem, above_suffix = _without_unit(above)
        given = stated or suffix or above_unit
        candidates = [(above, given), (above_stem, given or above_suffix)]
    if not stem:
        candidates.append(("latency", stated or suffix))
    for candidate, candidate_unit in candidates:
        found = _lookup(candidate, candidate_unit)
        if found:
            return found._replace(aggregate=aggregate)
    return Meaning(name.strip(" *`"), None, 1.0, unit or stated or suffix, aggregate)


def is_metric(name: str) -> bool:
    """Whether a column of this name measures something that the vocabulary knows."""
    return role_of(name)[0] == "number" and meaning(name).unit is not None


def names_metric(name: str) -> bool:
    """Whether this is the name of a metric, whatever the unit."""
    base = _without_aggregate(normal(name)[0])[0]
    return not _names().isdisjoint((base, stem(name)))


@remembered()
def _names() -> frozenset[str]:
    return frozenset[str]().union(*(entry.names for entry in vocabulary().metrics.values()))


@remembered(maxsize=10_000)
def assumed_unit(name: str) -> str | None:
    """The unit that a name implies if nothing beside it states one; None if it implies none, or states one itself.

    A unit that the user's own vocabulary gives a name is stated.
    """
    plain, stated = normal(name)
    base = _without_aggregate(plain)[0]
    assumed = (entry.assumed[base] for entry in vocabulary().metrics.values() if base in entry.assumed)
    return None if stated or base in vocabulary().numbers else next(assumed, None)


@remembered(maxsize=10_000)
def stem(name: str) -> str:
    """A name without the words that say its unit or its aggregate; for a path, that of the whole path."""
    plain = _without_aggregate(normal(name)[0])[0]
    words = _without_aggregate(_without_unit(plain)[0])[0].split("_")
    return "_".join(word for word in words if word not in _PERCENTILES)


@remembered(maxsize=10_000)
def canonical_unit(unit: str) -> str | None:
    """The canonical unit for what `unit` measures; None if the vocabulary does not know it."""
    spelled = unit.strip().lower()
    return next((canonical for canonical, spellings in vocabulary().units.items() if spelled in spellings), None)


def is_unit(text: str) -> bool:
    return text.strip().lower() in _units()


@remembered()
def _units() -> frozenset[str]:
    return frozenset[str]().union(*vocabulary().units.values())


@remembered(maxsize=10_000)
def normal(name: str) -> tuple[str, str | None]:
    """`name` in lower case with underscores, and the unit that stands in its brackets, if one does."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip(" *`"))
    unit = next((inside.strip().lower() for inside in _BRACKETS.findall(text) if is_unit(inside)), None)
    return _plain(_BRACKETS.sub(" ", text)), unit


def _plain(name: str) -> str:
    text = name.lower().replace("%", " percent ").replace("δ", " delta ")
    return re.sub(r"[^\w.]+|_+", "_", text).strip("_")


def parameter(name: str, value: float) -> int | float | None:
    """A parameter's value in the form that ParamSet.canonical writes; None for a temperature in degrees."""
    if name == "temperature" and value > _HOTTEST:
        return None
    return int(value) if name in WHOLE and value.is_integer() else _written(value)


@lru_cache(maxsize=1_000)
def _written(value: float) -> float:
    """The number as it was before a tool kept it in 32 bits: 0.800000011920929 was 0.8."""
    short = float(f"{value:.6g}")
    return short if abs(value) < 1e9 and struct.unpack("f", struct.pack("f", short))[0] == value else value


def rank(context: str, name: str) -> int:
    """The position of `name` among the names of a context, from 0."""
    return vocabulary().context[context].index(normal(name)[0])


@remembered(maxsize=10_000)
def bare_model(text: str) -> str:
    """A model's tag without remarks: '`gemma3:latest` (4.3B parameters)' is gemma3:latest."""
    return _REMARK.sub("", text.strip(" *`"))


@remembered(maxsize=10_000)
def model_in_path(path: str) -> str | None:
    """The model that a file's or the nearest folder's name spells: `gemma3_1b-it-qat_x.csv` is gemma3:1b-it-qat."""
    families = "|".join(vocabulary().families)
    pattern = re.compile(
        rf"(?<![a-z0-9])((?:{families})[0-9.]*(?<!\.))(?:[_:@-]([0-9]+(?:\.[0-9]+)?[mb](?:-[a-z0-9]+)*))?(?![a-z])"
    )
    for part in reversed(path.lower().split("/")):
        found = pattern.search(part)
        if found:
            return f"{found[1]}:{found[2]}" if found[2] else found[1]
    return None


@remembered(1_024)
def model_in_heading(text: str) -> str | None:
    """The model that a heading names: a tag, `publisher/name` with a digit in the name, or else its family."""
    found = _TAG_IN.search(text) or _PUBLISHED.search(text)
    return bare_model(found[0]) if found else model_in_path(text)


def _lookup(base: str, unit: str | None) -> Meaning | None:
    words = vocabulary()
    for metric, entry in words.metrics.items():
        if base not in entry.names:
            continue
        spelled = unit or entry.assumed.get(base)
        factor = words.units[entry.unit].get(spelled.lower()) if spelled else None
        if factor is not None:  # otherwise the word names another metric, or the unit is unknown
            return Meaning(metric, entry.unit, factor, spelled, None)
    return None


def _without_aggregate(plain: str, known: Vocabulary | None = None) -> tuple[str, str | None]:
    words, found, known = deque(plain.split("_")), None, known or vocabulary()
    while words and (kind := _aggregate(words[0], known)):
        words.popleft()
        found = found if found and kind == "overall" else kind
    while words and (kind := _aggregate(words[-1], known)):
        words.pop()
        found = found or kind
    return "_".join(words), found


def _aggregate(word: str, known: Vocabulary) -> str | None:
    if _PERCENTILE.fullmatch(word):
        return word
    return next((kind for kind, spellings in known.aggregates.items() if word in spellings), None)


def _without_unit(plain: str) -> tuple[str, str | None]:
    stem, _, last = plain.rpartition("_")
    return (stem, last) if is_unit(last) else (plain, None)


def is_aggregate(name: str) -> bool:
    """Whether a name such as `p50` or `mean` only says how a number was made."""
    return not _without_aggregate(normal(name)[0])[0]
