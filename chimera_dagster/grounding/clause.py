"""A clause with what was read in it, and which of it belongs to which figure."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chimera_dagster.grounding.folder import Folder
from chimera_dagster.grounding.lexicon import lexicon, list_pattern
from chimera_dagster.grounding.mention import Mention, Sentence

_BREAK = re.compile(
    r";|,?\s+(?:while|whereas|although|though|but|however|yet|because|given that|where)\b"
    r"|(?<=\w),\s+(?:which|and|so)\b|\s[–—]\s|\.\s|:\s|,\s+as\s(?!well|against|a\b)",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"(?:^|[.:*]\s*)\W*(?:while|although|though|because|since|whereas|beyond)\b[^,;]*(?=,)", re.IGNORECASE
)
# What may stand between a figure and the name that it is given to: `57 tok/s (mean, n=72) for gemma3`
_GIVEN = re.compile(
    r"^[\s)]*(?:,?\s*on average\s*)?(?:\(|for|by|on|with|from|of|over|in|at|across|under|using|when|is that of"
    r"|to that of|to those of|belongs to)"
    r"\s*(?:all\s+)?(?:of\s+)?(?:the\s+|its\s+|an?\s+|model\s+)*(?:\(?\x01+\)?\s*(?:of|for|by|on)?\s*)?$",
    re.IGNORECASE,
)
# `2.0 s instead of 421 ms for smollm2`
_GIVEN_LATER = re.compile(
    r"^\s*(?:instead of|rather than|against|versus|compared (?:to|with))\s+(?:the\s+)?\x01+"
    r"\s+(?:for|of|by|on|with)\s+(?:the\s+)?$",
    re.IGNORECASE,
)


@dataclass
class Carry:
    """What a clause without a subject of its own takes from those before it, in the same sentence."""

    models: list[Mention] = field(default_factory=list[Mention])
    metric: str | None = None
    runs: str = "all"
    levels: tuple[Mention, ...] = ()


class Clause:
    """A part of a sentence with its mentions; `used` are those that a claim has taken."""

    def __init__(self, sentence: Sentence, start: int, end: int, folder: Folder, carry: Carry) -> None:
        self.sentence, self.start, self.end, self.folder, self.carry = sentence, start, end, folder, carry
        self.text = sentence.text[start:end].strip()
        self.mentions = [each for each in sentence.mentions if start <= each.start < end]
        self.used: set[int] = set()

    def of(self, *kinds: str) -> list[Mention]:
        return [each for each in self.mentions if each.kind in kinds and id(each) not in self.used]

    def all_of(self, *kinds: str) -> list[Mention]:
        return [each for each in self.mentions if each.kind in kinds]

    def use(self, *mentions: Mention) -> None:
        self.used.update(id(each) for each in mentions)

    def between(self, one: int, other: int) -> str:
        """The text between two places, mentions hidden."""
        text = list(self.sentence.text[one:other])
        for each in self.mentions:
            for place in range(max(each.start, one), min(each.end, other)):
                text[place - one] = "\x01"
        return "".join(text)

    @property
    def figures(self) -> list[Mention]:
        """Numbers, in their order."""
        return [each for each in self.mentions if each.number is not None]

    @property
    def models(self) -> list[Mention]:
        return self.all_of("model")

    @property
    def is_advice(self) -> bool:
        words = self.text.lstrip(" -*•\"'“(").split()
        first = re.sub(r"\W", "", words[0]).lower() if words else ""
        return first in lexicon().imperatives or list_pattern("advice").search(self.text) is not None

    def negation_before(self, mention: Mention) -> Mention | None:
        """A negation shortly before a word: `is not faster`, `no faster`."""
        near = [each for each in self.of("negation") if 0 <= mention.start - each.end <= 22]
        return near[-1] if near else None

    def bind(self, figure: Mention, kinds: Sequence[str], *, among: Sequence[Mention] | None = None) -> Mention | None:
        """The mention that a figure belongs to: given right after it, before it, or later in the clause."""
        found = [each for each in (self.all_of(*kinds) if among is None else among) if each is not figure]
        if not found:
            return None
        others = [each for each in self.figures if each is not figure]
        after = [each for each in found if each.start >= figure.end]
        if (
            after
            and _GIVEN.match(self.between(figure.end, after[0].start))
            and not any(figure.end <= each.start < after[0].start for each in others)
        ):
            return after[0]
        if after and _GIVEN_LATER.match(self.between(figure.end, after[0].start)):
            return after[0]
        before = [each for each in found if each.end <= figure.start]
        since = max((each.end for each in others if each.end <= figure.start), default=self.start)
        near = [each for each in before if each.start >= since]
        if near:
            return near[-1]
        until = min((each.start for each in others if each.start >= figure.end), default=self.end)
        soon = [each for each in after if each.start < until]
        if not before:
            return (soon or after or [None])[0]
        return before[-1]


def clauses(sentence: Sentence, folder: Folder) -> Iterator[Clause]:
    """The clauses of a sentence from left to right; each knows what the ones before it were about."""
    taken = [(each.start, each.end) for each in sentence.mentions if each.kind not in ("negation",)]
    places: list[int] = []
    places += [each.end() for each in _LEADING.finditer(sentence.text)]
    depth = _depths(sentence.text)
    for match in _BREAK.finditer(sentence.text):
        inside = any(start <= match.start() < end for start, end in taken)
        if inside or depth[match.start()] or match.start() == 0:
            continue
        if re.search(r"\b(?:and|so)\b", match[0]) and not _starts_anew(sentence, match.end(), match.start()):
            continue
        places.append(match.start())
    edges = [0, *sorted(set(places)), len(sentence.text)]
    carry = Carry()
    for start, end in itertools.pairwise(edges):
        if not sentence.text[start:end].strip():
            continue
        clause = Clause(sentence, start, end, folder, carry)
        yield clause
        metrics, runs = clause.all_of("metric"), clause.all_of("runs")
        carry = Carry(
            clause.models or carry.models,
            metrics[-1].meaning if metrics else carry.metric,
            runs[-1].meaning if runs else "all",
            tuple(clause.all_of("parameter")) or carry.levels,
        )


def _starts_anew(sentence: Sentence, start: int, end_before: int) -> bool:
    """Whether `, and` begins a clause with a subject and a claim of its own."""
    rest = sentence.of("model", "metric", "parameter", start=start)
    return (
        bool(rest)
        and rest[0].start - start < 12
        and bool(sentence.of("number", "comparative", "superlative", end=end_before))
    )


def _depths(text: str) -> list[int]:
    depth, found = 0, list[int]()
    for sign in text:
        depth += sign in "(["
        found.append(depth)
        depth = max(0, depth - (sign in ")]"))
    return found
