"""What kinds of claims that relate two things have in common: the metric, models and runs that a clause is about."""

from chimera_dagster.metric_names import DECODE
from chimera_dagster.write.claims.clause import Clause
from chimera_dagster.write.claims.kinds.typed import metric_named
from chimera_dagster.write.claims.lexicon import lexicon
from chimera_dagster.write.claims.mention import Mention


def metric_of(clause: Clause, near: Mention | None = None, fallback: str | None = DECODE) -> str:
    """The metric that a relation is about: named in the clause, else before it, else decoding speed."""
    named = [metric_named(each) for each in clause.all_of("metric", "telemetry", "unmeasured")]
    mentions = clause.all_of("metric", "telemetry", "unmeasured")
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
    return found or list(clause.ground.run_models)


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
    return next((f"{each.id}: {each.text}" for each in clause.ground.tests if each.id == finding), finding)
