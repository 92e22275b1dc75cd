"""Wide tables: columns that are called by what they are about and a metric, `B0_ttft`, `llama3_tps`, `TTFT (baseline)`.

What a column is about is a model, a quantization, a GPU or the number of one, an engine, a level of a condition, a run
or one side of a comparison by its name. Other names are sides of a comparison only if each of them has several metrics
of a run, the same ones: `network_ms` and `retrieval_ms` are parts of one run.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from chimera_dagster.ingest.engine_names import is_engine_alone
from chimera_dagster.ingest.gpu_names import names_gpu
from chimera_dagster.ingest.meanings import meaning
from chimera_dagster.ingest.metric_names import kinds_of, metric_of
from chimera_dagster.ingest.model_names import is_model, is_ordinary
from chimera_dagster.ingest.names import is_aggregate, stem
from chimera_dagster.ingest.quantities import quantity_in
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.roles import role_of
from chimera_dagster.ingest.tables.parts import Part, Row
from chimera_dagster.ingest.tables.subjects import is_change, is_variant, names_model, subject_of

_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*")
_REMARK = re.compile(r"([^()\[\]]+(?:[(\[][^()\[\]]+[)\]])?)\s*[(\[]([^()\[\]]+)[)\]]")
_DEVICE = re.compile(r"(?<![A-Za-z0-9])gpu[_ ]?(?P<index>\d{1,2})(?![A-Za-z0-9])", re.IGNORECASE)
_AT = "at|with|for|on|in|by|using|@"
_JOINING = re.compile(rf"^(?:(?:{_AT})(?=\W)[\s_-]*)+|[\s_-]+(?:{_AT})$", re.IGNORECASE)
_JOINTS = " _-/:.,|·"
_SHORTEST, _LONGEST, _MOST_WORDS, _MOST_COLUMNS = 2, 80, 10, 200
_SIDE = "variant"
# Metrics that only a whole run has; a part of one may have a time and a number of tokens, too
_OF_RUNS = frozenset({"ttft_ms", "tpot_ms", "itl_ms", "e2e_ms", "decode_tok_s", "output_tok_s"})
_WITHOUT_UNIT = frozenset({"ttft_ms", "tpot_ms", "itl_ms", "e2e_ms"})  # that a name says although it states no unit


class Split(NamedTuple):
    """A column's name in two: what it is about, `kind` and `value`, and its metric."""

    kind: str
    value: str
    metric: str


class Wide(NamedTuple):
    """A table with columns for each variant; `splits` are those, by their place."""

    names: tuple[str, ...]
    units: tuple[str | None, ...] | None
    splits: tuple[tuple[int, Split], ...]
    settings: frozenset[str] = frozenset()  # unlisted names that are conditions

    def parts(self, row: Row) -> Iterator[Part]:
        """A record for each variant, and before them one for the numbers that are of none."""
        names, units = self.names, self.units or (None,) * len(self.names)
        wide = dict(self.splits)
        others = [place for place in range(len(names)) if place not in wide]
        measured = {place for place in others if self._is_measured(place, row[place])}
        if measured:
            yield Part(tuple(names[at] for at in others), [row[at] for at in others], tuple(units[at] for at in others))
        common = [place for place in others if place not in measured]
        sides: dict[tuple[str, str], list[int]] = defaultdict(list)
        for place, split in self.splits:
            sides[split.kind, split.value].append(place)
        for (kind, value), own in sides.items():
            yield Part(
                (*(names[at] for at in common), *(wide[at].metric for at in own), kind),
                [*(row[at] for at in (*common, *own)), value],
                (*(units[at] for at in (*common, *own)), None),
                own[0],
            )

    def _is_measured(self, place: int, cell: str) -> bool:
        name = self.names[place]
        if name in self.settings or role_of(name)[0] != "number":
            return False
        return bool(kinds_of(name)) or quantity_in(cell.partition("±")[0]) is not None


@remembered(maxsize=1_024)
def splits_among(names: tuple[str, ...]) -> tuple[tuple[int, Split], ...]:
    """The columns of a wide table by their places; none of another one."""
    if len(names) > _MOST_COLUMNS:
        return ()
    possible = {place: splits for place, name in enumerate(names) if (splits := _splits(name))}
    roles = {role_of(name) for place, name in enumerate(names) if place not in possible}
    kinds = {split.kind for splits in possible.values() for split in splits} - {""}
    found: dict[int, Split] = {}
    for kind in sorted(kinds, key=lambda kind: (kind == _SIDE, kind)):
        if ("context", kind) not in roles:
            found |= _of_kind({place: splits for place, splits in possible.items() if place not in found}, kind)
    found = found or _of_grid(possible)
    return tuple(sorted(found.items()))


_Possible = Mapping[int, Sequence[Split]]


def _of_kind(possible: _Possible, kind: str) -> dict[int, Split]:
    """The columns about something of one kind, of which two have a metric in common."""
    found = {
        place: split
        for place, splits in possible.items()
        if (split := next((split for split in splits if split.kind == kind), None))
    }
    return found if _is_shared(found) else {}


def _is_shared(found: Mapping[int, Split]) -> bool:
    values: dict[str, set[str]] = defaultdict(set)
    for split in found.values():
        values[stem(split.metric)].add(split.value.casefold())
    return any(len(each) > 1 for each in values.values())


def _of_grid(possible: _Possible) -> dict[int, Split]:
    """The columns about sides that nothing knows: at least two, each with the same metrics, two of them or more."""
    by_value: dict[str, dict[str, tuple[int, Split]]] = defaultdict(dict)
    for place, splits in possible.items():
        for split in splits:
            by_value[split.value].setdefault(_plain(split.metric), (place, split))
    metrics = {value: frozenset(columns) for value, columns in by_value.items()}
    groups: dict[frozenset[str], list[str]] = defaultdict(list)
    for value, said in metrics.items():
        if len({stem(metric) for metric in said}) > 1 and not _is_usual(value) and _is_code(value, by_value):
            groups[said].append(value)
    for values in sorted(groups.values(), key=len, reverse=True):
        columns = [column for value in values for column in by_value[value].values()]
        of_run = any(_metric(split.metric) in _OF_RUNS for _, split in columns)
        if len(values) > 1 and of_run and len({place for place, _ in columns}) == len(columns):
            return {place: split._replace(kind=_SIDE) for place, split in columns}
    return {}


def _is_code(value: str, others: Iterable[str]) -> bool:
    """Whether a text is one word, or has a word of another side: `config a` beside `config b`."""
    words = {*_WORD.findall(value.casefold())}
    return len(words) == 1 or any(words & {*_WORD.findall(other.casefold())} for other in others if other != value)


def _is_usual(value: str) -> bool:
    """Whether a text says a part of a run or where it was measured, as `prefill` and `client` do, or only a number."""
    words = _WORD.findall(value.casefold())
    return all(word.replace(".", "").isdigit() or is_ordinary(word) for word in words)


@remembered(maxsize=4_096)
def _splits(name: str) -> tuple[Split, ...]:
    """The ways to read a name that nothing knows as a metric and what it is about, the longest metric first."""
    text = name.strip(" *`")
    if len(text) > _LONGEST or role_of(text)[0] != "number" or is_model(text):
        return ()
    if kinds_of(text):  # a remark in brackets is no part of a name: TTFT (vLLM)
        remark = _REMARK.fullmatch(text)
        return tuple(split for split in _split(remark[2], remark[1]) if split.kind) if remark else ()
    if device := _DEVICE.search(text):
        rests = (text.replace(device[0], other) for other in ("gpu", ""))
        return tuple(Split("gpu_index", device["index"], _bare(rest)) for rest in rests if _says_metric(_bare(rest)))[
            :1
        ]
    words = [*_WORD.finditer(text)]
    if not 1 < len(words) <= _MOST_WORDS:
        return ()
    found: list[Split] = []
    for cut in range(1, len(words)):
        before, after = text[: words[cut].start()], text[words[cut].start() :]
        found += _split(before, after)
    for cut in range(len(words) - 1, 0, -1):
        before, after = text[: words[cut].start()], text[words[cut].start() :]
        found += _split(after, before)
    return tuple(found)


def _split(about: str, metric: str) -> list[Split]:
    about, metric = _bare(about), _bare(metric)
    if not about or len(metric) < _SHORTEST or not _says_metric(metric) or is_aggregate(about):
        return []
    if any(map(is_change, _WORD.findall(about))):
        return []
    return [Split(*_about(about), metric)]


def _about(text: str) -> tuple[str, str]:
    """What a text is about, as a kind and a value; the kind is empty if nothing knows it."""
    kind, value = subject_of(text)
    if kind == "run":
        return ("", value) if text.isdigit() else (kind, value)
    if is_engine_alone(text) and not names_model(text):
        return "backend", text
    if kind == "model" and not names_model(text):
        return "", text
    if kind == "gpu" and not names_gpu(text):  # the number of a card alone
        return "", text
    return (_SIDE if is_variant(text) else kind), value


@remembered(maxsize=4_096)
def _says_metric(name: str) -> bool:
    if role_of(name)[0] != "number":
        return False
    return meaning(name).unit is not None or stem(name) == "throughput" or _metric(name) in _WITHOUT_UNIT


def _metric(name: str) -> str | None:
    found = metric_of(name)
    return found[0] if found else meaning(name).metric


def _plain(metric: str) -> str:
    return " ".join(_WORD.findall(metric.casefold()))


def _bare(text: str) -> str:
    text = _JOINING.sub("", text.strip(_JOINTS))
    for opening, closing in ("()", "[]"):
        if text.count(opening) != text.count(closing):
            text = text.strip(f"{_JOINTS}{opening}{closing}")
        if text[:1] == opening and text[-1:] == closing:
            text = text[1:-1].strip(_JOINTS)
    return text
