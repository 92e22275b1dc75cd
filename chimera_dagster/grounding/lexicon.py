"""The words that claims are made of, as lexicon.yaml lists them, compiled to patterns once."""

import re
from collections.abc import Iterable
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict

from chimera_dagster.ingest.vocabulary import vocabulary

Side = Literal["good_more", "good_less", "size_more", "size_less"]


class _Metric(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    good: Literal[-1, 0, 1]
    words: list[str]


class _Telemetry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: list[str]
    words: list[str]


class Lexicon(BaseModel):
    """The whole of lexicon.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: dict[str, _Metric]
    telemetry: dict[str, _Telemetry]
    unmeasured: list[str]
    parameters: dict[str, list[str]]
    aggregates: dict[str, list[str]]
    single_run: list[str]
    runs: dict[str, list[str]]
    comparatives: dict[Side, list[str]]
    verbs: dict[Side, list[str]]
    same: list[str]
    superlatives: dict[Literal["good_best", "good_worst", "size_most", "size_least"], list[str]]
    ordinals: dict[str, int]
    directions: dict[Literal["up", "down", "good", "bad"], list[str]]
    effects: list[str]
    significant: list[str]
    negations: list[str]
    approximate: list[str]
    bounds: dict[Literal["above", "below"], list[str]]
    advice: list[str]
    imperatives: list[str]
    plain_words: list[str]
    counted: dict[str, list[str]]
    file_endings: list[str]
    model_families: list[str]


class Words(NamedTuple):
    """A pattern of many spellings, and what each of them means."""

    pattern: re.Pattern[str]
    meanings: dict[str, str]

    def meaning(self, text: str) -> str:
        return self.meanings[_plain(text)]


@cache
def lexicon() -> Lexicon:
    """The packaged lexicon; it is read once."""
    text = Path(__file__).with_name("lexicon.yaml").read_text(encoding="utf-8")
    return Lexicon.model_validate(yaml.load(text, yaml.CSafeLoader))


@cache
def metric_words() -> Words:
    """Spellings of metrics. Of vocabulary.yaml those of two words or more: `time` and `load` alone are no metric."""
    found = {word: metric for metric, entry in lexicon().metrics.items() for word in entry.words}
    for metric, entry in vocabulary().metrics.items():
        for name in (metric, *entry.names):
            if "_" in name:
                found.setdefault(_plain(name), metric)
    return words_of(found)


@cache
def telemetry_words() -> Words:
    return words_of({word: name for name, entry in lexicon().telemetry.items() for word in entry.words})


@cache
def parameter_words() -> Words:
    found = {_plain(word): name for name, words in vocabulary().parameters.items() for word in words}
    return words_of(found | {word: name for name, words in lexicon().parameters.items() for word in words})


@cache
def unit_words() -> Words:
    """Spellings of units that stand after a figure."""
    return words_of({spelled: unit for unit, names in vocabulary().units.items() for spelled in names})


def unit_factor(unit: str, spelled: str) -> float:
    """What a value in `spelled` is multiplied with to be in the canonical `unit`."""
    return vocabulary().units[unit][spelled.lower()]


@cache
def group_words(name: str) -> Words:
    """A group of lexicon.yaml that maps meanings to spellings: `aggregates`, `comparatives`, `directions`, ..."""
    groups: dict[str, list[str]] = getattr(lexicon(), name)
    return words_of({word: meaning for meaning, words in groups.items() for word in words})


def is_plain(word: str) -> bool:
    """Whether a word in lower case, without one of the usual endings, is one that claims nothing."""
    stems = [word.removesuffix(ending) for ending in ("", "s", "es", "d", "ed", "ing", "ly")]
    return any(stem in _plain_words() for stem in (*stems, f"{word.removesuffix('ing')}e"))


@cache
def _plain_words() -> frozenset[str]:
    return frozenset(lexicon().plain_words)


@cache
def list_pattern(name: str) -> re.Pattern[str]:
    """A list of lexicon.yaml as one pattern."""
    return pattern_of(getattr(lexicon(), name))


def words_of(meanings: dict[str, str]) -> Words:
    return Words(pattern_of(meanings), {_plain(word): meaning for word, meaning in meanings.items()})


def pattern_of(words: Iterable[str]) -> re.Pattern[str]:
    """Any of `words` as whole words, the longest first; a space in them also matches a hyphen or an underscore."""
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    # The edges stand once for all words that have them: to compile them for each word takes longer than all else.
    alike = groupby(ordered, key=lambda word: (word[0].isalnum(), word[-1].isalnum()))
    parts = [_edged("|".join(map(_spelled, group)), *edges) for edges, group in alike]
    return re.compile("|".join(parts), re.IGNORECASE)


def _edged(spelled: str, before: bool, after: bool) -> str:
    return f"{'(?<![A-Za-z0-9])' if before else ''}(?:{spelled}){'(?![A-Za-z0-9])' if after else ''}"


def _spelled(word: str) -> str:
    return r"[\s_-]+".join(re.escape(part) for part in word.split(" "))


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.strip().lower())
