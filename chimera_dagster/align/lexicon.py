"""The phrases that sentences are read by, as lexicon.yaml lists them, in a trie of words without endings."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict

from chimera_dagster.align.stems import stem

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORD = re.compile(r"[^\W_]+(?:['’][a-z]+)?|[%&]")
_NO_PHRASES = frozenset({"kinds", "roles"})
Sense = tuple[str, str]  # kind, key


class KindWords(BaseModel):
    """Keys of what a kind of note says and denies, and of the things it speaks of, parted by spaces."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    says: str
    denies: str
    things: str
    needs: str = ""  # one of these, to say anything of so many of its things
    least: int = 2


class Lexicon(BaseModel):
    """The whole of lexicon.yaml: each value is phrases parted by semicolons, by key where a kind has keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: dict[str, str]
    states: dict[str, str]
    stats: dict[str, str]
    relations: dict[str, str]
    choose: str
    uses: dict[str, str]
    negation: str
    certainty: dict[str, str]
    causes: dict[str, str]
    quantifiers: dict[str, str]
    bounds: dict[str, str]
    anchors: str
    others: str
    groups: str
    pronouns: str
    former: str
    latter: str
    breaks: str
    coordinators: str
    things: dict[str, str]
    acts: dict[str, str]
    neutral: str
    kinds: dict[str, KindWords]
    roles: dict[str, str]


class Node:
    """Of the trie: what a phrase that ends here may mean, and the words that may follow."""

    __slots__ = ("next", "senses")

    def __init__(self) -> None:
        self.next: dict[str, Node] = {}
        self.senses: list[Sense] = []


class Match(NamedTuple):
    """A phrase of `length` words and all that it may mean."""

    length: int
    senses: tuple[Sense, ...]


@cache
def load() -> Lexicon:
    raw = yaml.load(Path(__file__).with_name("lexicon.yaml").read_text(encoding="utf-8"), Loader=_LOADER)
    return Lexicon.model_validate(raw)


def kind_words(kind: str) -> KindWords:
    return load().kinds.get(kind, KindWords(says="", denies="", things=""))


@cache
def role(name: str) -> frozenset[str]:
    """The keys, kinds or words that play that part."""
    return frozenset(load().roles[name].split())


@cache
def senses_of(key: str) -> tuple[Sense, ...]:
    """The claims that have this key: `up` is a relation, `mix` an act; `uses.ttft_ms` names its kind."""
    kind, _, rest = key.rpartition(".")
    if kind:
        return ((kind, rest),)
    found = [
        (kind, key)
        for kind, entries in load()
        if isinstance(entries, dict) and kind not in _NO_PHRASES and key in entries
    ]
    return tuple(found) or ((key, ""),)


@cache
def trie() -> Node:
    root = Node()
    for kind, entries in load():
        if kind in _NO_PHRASES:
            continue
        for key, phrases in (entries if isinstance(entries, dict) else {"": entries}).items():
            for phrase in phrases.split(";"):
                _add(root, phrase.strip(), (kind, key))
    return root


def words_of(text: str) -> list[str]:
    """Words of a text without endings; hyphens part words."""
    return [stem(word) for word in _WORD.findall(text.lower())]


def longest(stems: list[str], start: int) -> Match | None:
    """The longest phrase that begins at that word."""
    node, found = trie(), None
    for length, word in enumerate(stems[start:], start=1):
        following = node.next.get(word)
        if following is None:
            break
        node = following
        if node.senses:
            found = Match(length, tuple(node.senses))
    return found


def _add(root: Node, phrase: str, sense: Sense) -> None:
    node = root
    words = words_of(phrase)
    if not words:
        return
    for word in words:
        node = node.next.setdefault(word, Node())
    if sense not in node.senses:
        node.senses.append(sense)
    if sense == ("acts", "loaded_first") and ("states", "cold") not in node.senses:
        node.senses.append(("states", "cold"))
