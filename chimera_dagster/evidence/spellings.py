"""One name for each model and each GPU that files spell in several ways, and names that may mean the same model.

Upper and lower case alone never tell two tags apart (`runs.spellings`). Here are the spellings that tools have for one
tag: `gemma3-4b` beside `gemma3:4b`, `gemma3` beside `gemma3:latest`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import pandas as pd

_WORD = re.compile(r"(?:[^\W_]|(?<=\d)\.(?=\d))+")
_LATEST = "latest"  # the tag that Ollama takes if none is given
_GIVEN = ("column", "json", "text")  # sources that spell a model as its tool does
# What a name may add to another one's without being another model: the tag that people mean by the short name
_ADDED = re.compile(r"it|instruct|chat|latest|gguf|q\d|[ksml]|[01]|f16|fp16|bf16")
_DEVICE_WORDS = frozenset({"gpu", "nvidia", "geforce", "amd", "vram", "memory", "graphics", "card"})
_SERIES = re.compile(r"(?:tesla|quadro|radeon|instinct|rtx|gtx)*")
_SOCKET = re.compile(r"(?:sxm\d?|pcie|nvl)?")
_REMARK = re.compile(r" *[(,;].*")
_MEMORY = re.compile(r"(\d{1,3}(?:\.\d)?) ?g(?:i?b)?\b")


class OneSpelling(NamedTuple):
    """`measurements` with one spelling for each model and GPU, and the `models` that others are counted as."""

    measurements: pd.DataFrame
    models: Mapping[str, Sequence[str]] = {}


def with_one_spelling(measurements: pd.DataFrame) -> OneSpelling:
    """schemas.Measurements with models and GPUs under one name each, if that is safe.

    Tags are one model if they have the same words. They are left apart if one file has both, which sets them beside
    each other, and names with a slash are: those of repositories are given as they are. A family that a heading names
    (`Gemma3`) need not be `gemma3:latest`. GPUs are one if they differ in words alone that tell no device from another.
    """
    measurements = _one_gpu(measurements)
    pairs = measurements.loc[measurements["model"].notna(), ["file", "model", "model_source"]]
    counts = pairs.astype("str").value_counts()
    spelled: dict[tuple[str, ...], dict[str, tuple[bool, int]]] = defaultdict(dict)
    places: dict[str, set[str]] = defaultdict(set)
    for (file, model, source), rows in counts.items():  # pyright: ignore[reportGeneralTypeIssues] - a MultiIndex
        if key := _key(model, source):
            given, before = spelled[key].get(model, (False, 0))
            spelled[key][model] = (given or source in _GIVEN, before + int(rows))
            places[model].add(file)
    others: dict[str, list[str]] = {}
    for names in spelled.values():
        if len({name.casefold() for name in names}) > 1 and not _beside_each_other(names, places):
            chosen, *rest = sorted(names, key=lambda name: (not names[name][0], ":" not in name, -names[name][1], name))
            others[chosen] = sorted(rest)
    if not others:
        return OneSpelling(measurements)
    wanted = {name: chosen for chosen, rest in others.items() for name in rest}
    families = (measurements["model_source"] == "heading") & measurements["model"].isin(
        list(filter(_is_family, wanted))
    )
    model = _renamed(measurements["model"], wanted).mask(families, measurements["model"])
    return OneSpelling(measurements.assign(model=model), others)


def alike(models: Iterable[str]) -> list[frozenset[str]]:
    """Groups of names that may mean one model, those of a single name included, in the order of their first names.

    One name has the words of the other, its publisher left out, and else at most those of a usual build: `-instruct`,
    a quantization.
    """
    groups: dict[int, set[str]] = {}
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, name in enumerate(models):
        near = places[_own_words(name)]
        joined = [place for place in near if any(may_be_one(name, other) for other in groups[place])]
        groups[number] = {name}.union(*(groups.pop(place) for place in joined))
        near[:] = [*(place for place in near if place not in joined), number]
    return [frozenset(group) for group in groups.values()]


def pairs_alike(models: Iterable[str]) -> list[frozenset[str]]:
    """Every pair of names that may mean one model; see `alike`."""
    near: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in models:
        near[_own_words(name)].append(name)
    return [frozenset(pair) for names in near.values() for pair in combinations(names, 2) if may_be_one(*pair)]


def _own_words(name: str) -> tuple[str, ...]:
    """Equal for all names that may mean one model, so that thousands need not be compared with each other."""
    return tuple(sorted(word for word in _words(name.rpartition("/")[2]) if not _ADDED.fullmatch(word)))


def may_be_one(one: str, other: str) -> bool:
    """Whether the names may mean one model; see `alike`."""
    first, second = (_words(name.rpartition("/")[2]) for name in (one, other))
    short, long = sorted((first, second), key=len)
    rest = list(long)
    for word in short:
        if word not in rest:
            return False
        rest.remove(word)
    named = any(char.isdigit() for word in short for char in word)
    return bool(short) and named and all(_ADDED.fullmatch(word) for word in rest)


def _one_gpu(measurements: pd.DataFrame) -> pd.DataFrame:
    counts = measurements["gpu"].value_counts()
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(map(str, counts.index), key=lambda name: (-int(counts[name]), name)):
        groups[_device(name)].append(name)
    for short in [*groups]:
        full = [device for device in groups if device != short and _is_short_for(short, device)]
        if len(full) == 1:
            groups[full[0]] += groups.pop(short)
    wanted = {
        name: names[0]
        for device, names in groups.items()
        if device and len({size for name in names for size in _MEMORY.findall(name.casefold())}) < 2  # of 40 or 80 GB
        for name in names[1:]
    }
    return measurements.assign(gpu=_renamed(measurements["gpu"], wanted)) if wanted else measurements


def _is_short_for(short: str, device: str) -> bool:
    """Whether people call a device so: `3060` for `RTX 3060`, `V100` for `Tesla V100 SXM2`."""
    if not any(map(str.isdigit, short)):
        return False
    before, found, after = device.partition(short)
    return bool(found) and _SERIES.fullmatch(before) is not None and _SOCKET.fullmatch(after) is not None


def _device(name: str) -> str:
    """What of its name tells a GPU from others, without a remark; the memory is left out, as few names give it."""
    words = _WORD.findall(_MEMORY.sub(" ", _REMARK.sub("", name.casefold())))
    return "".join(word for word in words if word not in _DEVICE_WORDS)


def _renamed(column: "pd.Series[str]", wanted: Mapping[str, str]) -> "pd.Series[str]":
    """Of a column of texts or categories, which have all of these names."""
    for name, chosen in wanted.items():
        column = column.mask(column == name, chosen)
    return column


def _key(model: str, source: str) -> tuple[str, ...]:
    """Equal for spellings of one tag; empty for a name that is not a tag."""
    if "/" in model or (source == "heading" and _is_family(model)):
        return ()
    words = _words(model)
    return tuple(words[:-1] if words[-1:] == [_LATEST] and len(words) > 1 else words)


def _is_family(model: str) -> bool:
    return len(_words(model)) == 1


def _beside_each_other(names: Iterable[str], places: Mapping[str, set[str]]) -> bool:
    """Whether one file has two of the names that differ in more than case."""
    files: dict[str, set[str]] = defaultdict(set)
    for name in names:
        files[name.casefold()] |= places[name]
    return sum(map(len, files.values())) > len(set[str]().union(*files.values()))


def _words(name: str) -> list[str]:
    return _WORD.findall(name.casefold())
