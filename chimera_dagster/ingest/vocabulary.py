"""What names mean: original column or key to canonical metric and unit, as vocabulary.yaml lists them.

Matching is exact after normalising, never fuzzy: a name that is not listed keeps its number under its own name.
"""

import fnmatch
import hashlib
import re
import struct
from collections import deque
from collections.abc import Iterator
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
_PERCENTILE = re.compile(r"p(?:ct|erc)?(?P<whole>\d{1,2})(?:\.?(?P<part>(?<=99)9+|(?<=\.)\d+))?", re.ASCII)
_ORDINAL = re.compile(r"(?P<number>\d{1,2}(?:\.\d+)?)(?:st|nd|rd|th)?", re.ASCII)
_COMMON_PERCENTS = frozenset({"1", "5", "10", "25", "50", "75", "90", "95", "99", "99.9"})  # 25%, as pandas writes it
_LONGEST_UNIT = 3  # words: tokens_per_second
_SECTION = re.compile(r"(?<=[^\W\d])\.(?=[^\W\d])")  # usage.prompt_tokens, but not p99.9
_SHORTEST = ("min",)  # the least of all, unless the name is that of a long time: `Latency (min)`, `Duration (min)`
_LONG_TIME = re.compile(r"duration|total|elapsed|runtime|wall", re.IGNORECASE)
_REMARK = re.compile(r"[`\s]*\(.*|`.*")  # `gemma3:latest` (4.3B parameters)
MODEL_NAME = r"[A-Za-z0-9][\w.-]*+(?:/[\w.-]++)*+"
MODEL_TAG = rf"{MODEL_NAME}:(?:latest|(?=[\w.-]*?\d)(?=[\w.-]*?[A-Za-z])[\w.-]++)"  # a time, 10:30, is not one
_VALUE = frozenset({"value", "values", "val"})
_PER_GPU = re.compile(r"(?<=_s)_gpu$|(?<=_sec)_gpu$")  # tok/s/GPU
_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")

Role = Literal[
    "context",
    "parameter",
    "condition",
    "error",
    "success",
    "status",
    "count",
    "errors",
    "attached",
    "identifier",
    "number",
]


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
    failure: dict[Literal["error", "success", "status"], list[str]]
    failure_counts: list[str]
    request_counts: dict[str, list[str]]
    request_rates: list[str]
    engines: list[str]
    attached: list[str]
    holders: list[str]
    summaries: list[str]
    machines: list[str]
    capacities: list[str]
    run_columns: list[str]
    identifiers: Annotated[list[str], BeforeValidator(_flat)]
    setting_words: list[str]
    remarks: Annotated[list[str], BeforeValidator(_flat)]
    answers: list[str]
    row_labels: list[str]
    aggregates: dict[str, list[str]]
    fillers: list[str]
    families: list[str]
    ordinary_words: Annotated[list[str], BeforeValidator(_flat)]
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
        return _without_aggregate(plain)[0] or plain

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
    above, _, last = _sections(plain)
    if above and last in _roles():
        return _roles()[last]
    bare = _without_unit(plain)[0]
    names, patterns = _identifiers()
    if any(candidate in names or patterns.fullmatch(candidate) for candidate in {plain, bare}):
        return "identifier", plain
    if (above and role_under(last, above)[0] == "identifier") or _counts_values(plain):
        return "identifier", plain
    return "number", plain


def _counts_values(plain: str) -> bool:
    """Whether a name such as `ttft_ms_count` says how many values of a metric there are."""
    stem, _, last = plain.rpartition("_")
    if not stem or last not in vocabulary().counts or plain in _metrics_of():
        return False
    return any(
        entry.unit in ("ms", "tok/s") for base, _, _ in _readings(stem) for _, entry in _metrics_of().get(base, ())
    )


def role_under(name: str, parent: str) -> tuple[Role, str]:
    """As `role_of`; what a machine has, such as `memory_gb` under `system`, is not what a run used."""
    role, which = role_of(name)
    if role == "number" and parent:
        words, plain = vocabulary(), normal(name)[0]
        stem, unit = _without_unit(plain)
        is_size = unit is None or kind_of(unit) == "MiB"
        if is_size and stem in words.capacities and normal(parent)[0] in words.machines:
            return "identifier", plain
    return role, which


def _sections(plain: str) -> tuple[str, str, str]:
    """A name that was flattened, such as `options.temperature`: the key above, the mark, and the key itself."""
    *above, last = _SECTION.split(plain)
    return (above[-1], ".", last) if above else ("", "", plain)


@remembered()
def _identifiers() -> tuple[frozenset[str], re.Pattern[str]]:
    """The identifiers that are whole names, and a pattern for the others."""
    whole, parts = list[str](), list[str]()
    for name in vocabulary().identifiers:
        (parts if set(name) & set("*?[") else whole).append(name)
    return frozenset(whole), re.compile("|".join(map(fnmatch.translate, parts)))


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
    name such as `mean_ms` or `value` that says only how a number was made.
    """
    plain, stated = normal(name)
    stated = unit.strip().lower() if unit else stated
    suffix, aggregate = None, None
    for place, (base, suffix_here, aggregate_here) in enumerate(_readings(plain)):
        given = stated or suffix_here
        if place == 0:
            aggregate = aggregate_here
        if place == 1:
            suffix, aggregate = suffix_here, aggregate_here
        if parent and (not base or base in _VALUE):
            above = meaning(parent, given)
            if above.unit is not None or base or unit or not given:
                return above._replace(aggregate=aggregate_here or above.aggregate)
        found = _lookup(base, given) if base else _unnamed(given)
        if found:
            return found._replace(aggregate=aggregate_here)
    above, _, last = _sections(plain)
    if above and (found := meaning(last, stated, above)).unit:
        return found
    return Meaning(name.strip(" *`"), None, 1.0, unit or stated or suffix, aggregate)


def _readings(plain: str) -> Iterator[tuple[str, str | None, str | None]]:
    """The ways to read a name as a base, a unit and an aggregate, the most likely first.

    The unit and the aggregate stand at its ends; then anywhere, and words that say nothing are left out.
    """
    base, aggregate = _without_aggregate(plain)
    yield base, None, aggregate
    words = base.split("_")
    units = [count for count in range(min(_LONGEST_UNIT, len(words)), 0, -1) if is_unit("_".join(words[-count:]))]
    for count in units or [0]:
        stem, inner = _without_aggregate("_".join(words[: len(words) - count]))
        yield stem, "_".join(words[-count:]) if count else None, aggregate or inner
    known = vocabulary()
    words, kinds = list[str](), list[str]()
    for word in _with_percentiles(plain.split("_")):
        if kind := _aggregate(word):
            kinds.append(kind)
        elif word not in known.fillers:
            words.append(word)
    aggregate = next((kind for kind in kinds if kind != "overall"), kinds[0] if kinds else None)
    yield "_".join(words), None, aggregate
    for count in range(min(_LONGEST_UNIT, len(words)), 0, -1):
        for start in range(len(words) - count, -1, -1):
            if is_unit(unit := "_".join(words[start : start + count])):
                yield "_".join([*words[:start], *words[start + count :]]), unit, aggregate


def _unnamed(unit: str | None) -> Meaning | None:
    """A number of which only its unit and its aggregate are said: the unit names it."""
    bases = ("latency", "tok_s", "requests_per_s") if unit else ()
    return next((found for base in bases if (found := _lookup(base, unit))), None)


def is_metric(name: str) -> bool:
    """Whether a column of this name measures something that the vocabulary knows."""
    return role_of(name)[0] == "number" and meaning(name).unit is not None


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


def is_unit(text: str) -> bool:
    return text.strip().lower() in _units()


def kind_of(unit: str) -> str:
    """The canonical unit of what is measured in `unit`, which is one of the vocabulary."""
    return _units()[unit.strip().lower()]


@remembered(maxsize=10_000)
def kinds_of(name: str) -> frozenset[str]:
    """The canonical units that a number of this name may have; empty if the name is not known."""
    if role_of(name)[0] != "number":
        return frozenset()
    if stated := meaning(name).unit:
        return _with_percent(frozenset([stated]))
    for base, _, _ in _readings(normal(name)[0]):
        if base in _metrics_of():
            return _with_percent(frozenset(entry.unit for _, entry in _metrics_of()[base]))
    return frozenset()


def _with_percent(units: frozenset[str]) -> frozenset[str]:
    """A share may be written as a percentage."""
    return units | {"%"} if "share" in units else units


@remembered(maxsize=10_000)
def metric_of(name: str) -> tuple[str, str] | None:
    """The metric that a number of this name is, and its canonical unit, if its name leaves no other kind of unit."""
    if role_of(name)[0] != "number":
        return None
    for base, _, _ in _readings(normal(name)[0]):
        if found := _metrics_of().get(base):
            return (found[0][0], found[0][1].unit) if len({entry.unit for _, entry in found}) == 1 else None
    return None


@remembered()
def _units() -> dict[str, str]:
    return {spelling: unit for unit, spellings in vocabulary().units.items() for spelling in spellings}


@remembered(maxsize=10_000)
def normal(name: str) -> tuple[str, str | None]:
    """`name` in lower case with underscores, and the unit that stands in its brackets, if one does.

    What else stands in brackets is a remark, unless all of it are words of the vocabulary: `TTFT (p95, ms)`.
    """
    text, unit = name.strip(" *`"), None
    if "(" in text or "[" in text:
        is_long = _LONG_TIME.search(text) is not None
        units = [inside.strip().lower() for inside in _BRACKETS.findall(text) if is_unit(inside)]
        unit = next((each for each in units if is_long or each not in _SHORTEST), None)
        text = _BRACKETS.sub(lambda found: f" {found[1]} " if _says(found[1], is_long=is_long) else " ", text)
    return _plain(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text)), unit


def _says(remark: str, *, is_long: bool) -> bool:
    """Whether a remark in brackets is part of the name, which may be that of a long time."""
    if remark.strip().lower() in _SHORTEST:
        return not is_long
    words = _PER_GPU.sub("", _plain(remark)).split("_")
    return (
        not is_unit(remark)
        and remark.strip() != "1"  # of a footnote
        and all(word in _words() or word.isdigit() or _PERCENTILE.fullmatch(word) for word in words)
    )


@remembered()
def _words() -> frozenset[str]:
    """Words that an aggregate, a unit, or the kind of a rate or a duration has."""
    known = vocabulary()
    words = frozenset[str]().union(*known.aggregates.values(), *known.units.values())
    return words | {"decode", "prefill", "generation", "prompt", "output", "out", "input", "total", "eval", "median"}


def _plain(name: str) -> str:
    text = name.lower().replace("%", " percent ").replace("δ", " delta ")
    return re.sub(r"[^\w.]+|_+", "_", text).strip("_")


@remembered(maxsize=1_000)
def is_engine(text: str) -> bool:
    """Whether a text is an engine's name, perhaps with a version: `vLLM 0.8.5`."""
    plain = _plain(text)
    return any(plain == engine or plain.startswith(f"{engine}_") for engine in vocabulary().engines)


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
    names, plain = vocabulary().context[context], normal(name)[0]
    return names.index(plain if plain in names else _sections(plain)[2])


@remembered(maxsize=10_000)
def bare_model(text: str) -> str:
    """A model's tag without remarks: '`gemma3:latest` (4.3B parameters)' is gemma3:latest."""
    return _REMARK.sub("", text.strip(" *`"))


@remembered()
def _metrics_of() -> dict[str, list[tuple[str, _Metric]]]:
    """The metrics that each name may stand for."""
    found: dict[str, list[tuple[str, _Metric]]] = {}
    for metric, entry in vocabulary().metrics.items():
        for name in entry.names:
            found.setdefault(name, []).append((metric, entry))
    return found


def _lookup(base: str, unit: str | None) -> Meaning | None:
    words = vocabulary()
    for metric, entry in _metrics_of().get(base, ()):
        spelled = unit or entry.assumed.get(base)
        factor = words.units[entry.unit].get(spelled.lower()) if spelled else None
        if spelled and factor is None and entry.unit == "share" and spelled.lower() in words.units["%"]:
            factor = 0.01
        if factor is not None:  # otherwise the word names another metric, or the unit is unknown
            return Meaning(metric, entry.unit, factor, spelled, None)
    return None


def _without_aggregate(plain: str) -> tuple[str, str | None]:
    words, found = deque(_with_percentiles(plain.split("_"))), None
    while words and (kind := _aggregate(words[0])):
        words.popleft()
        found = found if found and kind == "overall" else kind
    while words and (kind := _aggregate(words[-1])):
        words.pop()
        found = found or kind
    return "_".join(words), found


def _aggregate(word: str) -> str | None:
    if word[:1] == "p" and (found := _PERCENTILE.fullmatch(word)):
        return f"p{found['whole']}" + (f".{found['part']}" if found["part"] else "")
    return _aggregates().get(word)


@cache
def _aggregates() -> dict[str, str]:
    return {word: kind for kind, spellings in _packaged().aggregates.items() for word in spellings}


def _with_percentiles(words: list[str]) -> list[str]:
    """The words with p95 for `95th`, `95th percentile`, `percentile 95`, `p(95)`, `quantile 0.95` and `95 percent`."""
    if not any(word[:1].isdigit() for word in words):
        return words
    found, place = list[str](), 0
    while place < len(words):
        word, after = words[place], words[place + 1] if place + 1 < len(words) else ""
        before = found[-1] if found else ""
        place += 1
        number = _ORDINAL.fullmatch(word)
        says = {before, after} & {"percentile", "percentiles", "quantile", "quantiles", "pctl"} or {before} & {"p"}
        if not number or not (says or word[-1].isalpha() or (after == "percent" and word in _COMMON_PERCENTS)):
            found.append(word)
            continue
        share = float(number["number"])
        if before in says:
            found.pop()
        elif after in says or after == "percent":
            place += 1
        found.append(f"p{share * 100 if share < 1 else share:g}")
    return found


def _without_unit(plain: str) -> tuple[str, str | None]:
    """The name without the longest unit at its end, and the unit."""
    words = plain.split("_")
    for count in range(min(_LONGEST_UNIT, len(words)), 0, -1):
        if is_unit(unit := "_".join(words[-count:])):
            return "_".join(words[:-count]), unit
    return plain, None


def is_aggregate(name: str) -> bool:
    """Whether a name such as `p50` or `mean` only says how a number was made."""
    return aggregate_of(name) is not None


@remembered(maxsize=10_000)
def aggregate_of(name: str) -> str | None:
    """The aggregate that a name such as `p50` or `avg` says, if it says nothing else."""
    stem, aggregate = _without_aggregate(normal(name)[0])
    return None if stem else aggregate


@remembered(maxsize=10_000)
def stem_of(name: str) -> str:
    """A name without its unit, as the vocabulary lists it."""
    return _without_unit(normal(name)[0])[0]
