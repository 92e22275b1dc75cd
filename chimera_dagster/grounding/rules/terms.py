"""What the rules have in common: the metric, the models and the scope that a relation or a figure is about."""

import re
from typing import NamedTuple

from chimera_dagster.evidence.measures import SCORES
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.folder import Folder
from chimera_dagster.grounding.lexicon import lexicon
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.grounding.rules.typed import canonical_unit, metric_named
from chimera_dagster.grounding.scope import Scope
from chimera_dagster.schemas import DECODE, OUTPUT, TTFT

_SCORES = tuple(measure.metric for measure in SCORES)
_LOOSE = {"throughput": (DECODE, OUTPUT), "token rate": (DECODE, OUTPUT), "tokens per second": (DECODE, OUTPUT)}
_SOONER = ("sooner", "later", "earlier")
_OBJECT = re.compile(
    r"\b(?:than|over|compared (?:to|with)|versus|vs\.?|against|relative to|that of|unlike|as|of)\b", re.I
)
_OTHER = re.compile(r"\bthe other(?: one| model)?\b|\bthan its rival\b", re.IGNORECASE)


class Within(NamedTuple):
    """The folder, and the files that a sentence limits itself to, None without a limit."""

    folder: Folder
    files: frozenset[str] | None


def named_metrics(clause: Clause) -> list[Mention]:
    return clause.all_of("metric", "telemetry")


EVERY_METRIC = re.compile(
    r"\b(?:every|all|each|any|both)(?: of)?(?: the)? (?:measures?|metrics?|respects?|criteri(?:on|a)|counts?)\b"
    r"|\bacross the board\b",
    re.IGNORECASE,
)


def options(clause: Clause, within: Within, near: Mention, named: list[Mention] | None = None) -> tuple[str, ...]:
    """The metrics that a word is about: the nearest named one, all that it may mean; none if no word names it."""
    known = within.folder.metrics
    if EVERY_METRIC.search(clause.text):
        return tuple(metric for metric in known if within.folder.contests(metric))
    mentions = named_metrics(clause) if named is None else named
    if near.text.lower() in _SOONER:
        mentions = [each for each in mentions if canonical_unit(metric_named(each)) == "ms"]
        if not mentions:
            return (TTFT,)
    if mentions:
        nearest = min(mentions, key=lambda each: min(abs(each.start - near.end), abs(near.start - each.end)))
        return meanings(nearest, known)
    if clause.carry.metric:
        return (clause.carry.metric,)
    of_sentence = [each for each in clause.sentence.mentions if each.kind == "metric"]
    if len({metric_named(each) for each in of_sentence}) == 1:
        return meanings(of_sentence[0], known)
    return ()


def meanings(mention: Mention, known: dict[str, str]) -> tuple[str, ...]:
    """The metrics that a word may mean in this folder: `throughput` may be that of one answer or of the server."""
    spelled = _SCORES if mention.meaning == "score" else _LOOSE.get(mention.text.lower(), ())
    loose = tuple(metric for metric in spelled if metric in known)
    return loose or (metric_named(mention),)


def good_end(metric: str) -> int:
    """1 if more of it is better, -1 if less is."""
    found = lexicon().metrics.get(metric)
    return found.good if found else -1


def sign_of(side: str, metric: str) -> int:
    """1 if the subject is said to have the larger figure."""
    scale, _, end = side.partition("_")
    larger = 1 if end in ("more", "most", "best") else -1
    return larger * (good_end(metric) or 1) if scale == "good" else larger


def one_model(mention: Mention | None) -> str | None:
    return mention.many[0] if mention is not None and len(mention.many) == 1 else None


def levels_of(clause: Clause, *, carried: bool = False) -> tuple[tuple[str, float], ...]:
    """Parameters and conditions that have one value in the clause, or in those before it."""
    found: dict[str, set[float]] = {}
    for each in clause.carry.levels if carried else clause.all_of("parameter"):
        found.setdefault(each.meaning, set()).update(each.values)
    own = {name: values.pop() for name, values in found.items() if len(values) == 1}
    return tuple(sorted(own.items()))


def runs_of(clause: Clause) -> str:
    named = {each.meaning for each in clause.all_of("runs")}
    return named.pop() if len(named) == 1 else "all"


def scope_of(clause: Clause, within: Within, metric: str) -> Scope:
    return Scope(metric, None, levels_of(clause), runs_of(clause), within.files)


def models_of(clause: Clause, within: Within) -> list[str]:
    """Models that a clause is about: its own, else those before it; `all three models` are all."""
    own = names_of(clause.models)
    if not own and re.search(r"\b(?:all|both|each|every|either)\b[^.;]{0,16}\bmodels?\b", clause.text, re.IGNORECASE):
        return list(within.folder.models)
    return own or names_of(clause.carry.models)


def sides(clause: Clause, word: Mention, within: Within) -> tuple[list[str], list[str]]:
    """Models that a relation word is said of, and those that they are compared with."""
    models = [each for each in clause.models if one_model(each)]
    after = [each for each in models if each.start >= word.end]
    before = [each for each in models if each.end <= word.start]
    marked = [each for each in after if _OBJECT.search(clause.between(max(word.end, each.start - 24), each.start))]
    names = within.folder.models
    passive = word.kind == "verb" and re.match(r"\s+by\b", clause.sentence.text[word.end :])
    if before and after and (marked or word.kind == "verb"):
        subject, other = (
            _group(clause, before),
            names_of((marked or after)[:1] + [e for e in after if e.start > (marked or after)[0].start]),
        )
        return (other, subject) if passive else (subject, other)
    if len(after) >= 2 and not before:
        return [str(one_model(after[0]))], names_of(after[1:])
    leading = re.match(r"\W*(?:compared (?:to|with)|unlike|against|relative to|versus)\b", clause.text, re.IGNORECASE)
    if leading and len(before) >= 2:
        return names_of(before[-1:]), names_of(before[:-1])
    if marked and not before and clause.carry.models:  # `phi3 puts out 466 tok/s, which is 1.9 times that of llama3`
        return names_of(clause.carry.models[-1:]), names_of(marked)
    subject = _group(clause, before) if before else names_of(after[:1])
    if not subject:
        subject = names_of(clause.carry.models[-1:])
    rest = [name for name in names_of(models) if name not in subject] or [
        name for name in names_of(clause.carry.models) if name not in subject
    ]
    if not rest and subject and (len(names) == 2 or _OTHER.search(clause.text)):
        rest = [name for name in names if name not in subject]
    return subject, rest


def names_of(mentions: list[Mention]) -> list[str]:
    return list(dict.fromkeys(name for each in mentions if (name := one_model(each))))


def _group(clause: Clause, before: list[Mention]) -> list[str]:
    """The last model before a word, with those that are listed with it."""
    found = [before[-1]]
    for each in reversed(before[:-1]):
        if not re.fullmatch(r"\s*(?:,\s*(?:and\s+)?|and\s+|or\s+)\s*", clause.sentence.text[each.end : found[0].start]):
            break
        found.insert(0, each)
    return names_of(found)
