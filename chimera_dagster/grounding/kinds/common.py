"""What kinds of claims that relate two things have in common: the metric, models and runs that a clause is about."""

import re

from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.kinds.typed import canonical_unit, metric_named
from chimera_dagster.grounding.lexicon import lexicon
from chimera_dagster.grounding.mention import Mention
from chimera_dagster.schemas import DECODE, TTFT

OBJECT = re.compile(
    r"\b(?:than|over|compared (?:to|with)|versus|vs\.?|against|relative to|that of|unlike|as)\b", re.IGNORECASE
)
_LISTED = re.compile(r"[\s,]*(?:and|or|as well as|plus)[\s\x01]*(?:in |by |on )?(?:the |its )?[\s\x01]*", re.IGNORECASE)


def metrics_of(clause: Clause, near: Mention) -> list[str]:
    """The metrics that a relation is about: that of `metric_of`, and those that are listed with it."""
    named = clause.all_of("metric", "telemetry", "unmeasured")
    groups: list[list[Mention]] = []
    for each in named:
        if groups and _is_listed(clause, groups[-1][-1], each):
            groups[-1].append(each)
        else:
            groups.append([each])
    one = metric_of(clause, near)
    listed = next((group for group in groups if one in map(metric_named, group)), [])
    return list(dict.fromkeys(metric_named(each) for each in listed)) or [one]


def _is_listed(clause: Clause, one: Mention, other: Mention) -> bool:
    between = [each.kind for each in clause.mentions if one.end <= each.start < other.start]
    return set(between) <= {"aggregate"} and _LISTED.fullmatch(clause.between(one.end, other.start)) is not None


def metric_of(clause: Clause, near: Mention | None = None, fallback: str | None = DECODE) -> str:
    """The metric that a relation is about: named in the clause, else before it, else decoding speed."""
    mentions = clause.all_of("metric", "telemetry", "unmeasured")
    if near is not None and near.text.lower() in ("sooner", "later"):
        mentions = [each for each in mentions if canonical_unit(metric_named(each)) == "ms"]
        if not mentions:
            return TTFT
    named = [metric_named(each) for each in mentions]
    if near is not None and len(mentions) > 1:
        mentions.sort(key=lambda each: min(abs(each.start - near.end), abs(near.start - each.end)))
        return metric_named(mentions[0])
    return named[0] if named else clause.carry.metric or fallback or DECODE


def good_end(metric: str) -> int:
    return lexicon().metrics[metric].good if metric in lexicon().metrics else -1


def sign_of(side: str, metric: str) -> int:
    """1 where the subject is said to have the larger figure."""
    scale, _, end = side.partition("_")
    larger = 1 if end in ("more", "most", "best") else -1
    return larger * (good_end(metric) or 1) if scale == "good" else larger


def one_model(mention: Mention | None) -> str | None:
    return mention.many[0] if mention is not None and len(mention.many) == 1 else None


def subjects_of(clause: Clause) -> list[str]:
    """Models that the clause is about: its own, else those before it; with none named, all."""
    named = clause.models or clause.carry.models
    found = list(dict.fromkeys(model for each in named if (model := one_model(each))))
    return found or list(clause.index.run_models)


def params_of(clause: Clause) -> dict[str, float]:
    return {each.meaning: each.values[0] for each in clause.all_of("parameter") if len(each.values) == 1}


def runs_of(clause: Clause) -> str:
    named = clause.all_of("runs")
    return named[0].meaning if named else "all"


def turn_of(word: Mention, metric: str) -> int:
    if word.kind == "direction":
        return {"up": 1, "down": -1, "good": good_end(metric), "bad": -good_end(metric)}[word.meaning]
    return sign_of(word.meaning, metric)


def quoted(clause: Clause, finding: str) -> str:
    return f"{finding}: {clause.index.findings[finding].text}" if finding else ""
