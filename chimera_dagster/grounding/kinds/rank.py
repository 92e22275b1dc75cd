"""Ranks: the place of a model among the models, or of a value of a parameter among its values, by the means."""

import re
from collections.abc import Iterator

from chimera_dagster.evidence.figures import format_value
from chimera_dagster.grounding.claim import Claim, contradicted, supported, unsupported
from chimera_dagster.grounding.clause import Clause
from chimera_dagster.grounding.evidence_index import EvidenceIndex
from chimera_dagster.grounding.kinds.common import metrics_of, one_model, params_of, runs_of, sign_of
from chimera_dagster.grounding.kinds.typed import is_of_sets
from chimera_dagster.grounding.mention import Mention


def rank_claims(clause: Clause) -> Iterator[Claim]:
    """Of each superlative and ordinal, for every metric that it lists."""
    for word in clause.of("superlative"):
        if is_of_sets(clause, word) and clause.figures and not any(each.values for each in clause.all_of("parameter")):
            clause.use(word)  # what the figure is of, and no claim of its own
            continue
        for metric in metrics_of(clause, word):
            yield from _rank(clause, word, metric)


def _rank(clause: Clause, word: Mention, metric: str) -> Iterator[Claim]:
    index = clause.index
    place = int(word.values[0]) if word.values else 1
    sign = sign_of(word.meaning, metric)
    names = clause.models or clause.carry.models[-1:]
    parameters = [each for each in clause.all_of("parameter") if each.values]
    text = clause.sentence.text[word.end : clause.end]
    of_sets = re.match(r"\s*(?:\w+\s+)?(?:value|setting|set|configuration|level)", text) or re.search(
        r"parameter set|\bvalues? of\b|across|among (?:its|the) (?:settings|values|parameter)", clause.text
    )
    if metric not in index.runs.units:
        clause.use(word)
        yield unsupported("rank", clause.text, f"no run measures {metric}")
        return
    if (
        parameters
        and names
        and (
            of_sets
            or (
                len(clause.models) == 1
                and len(parameters) >= 1
                and not re.search(r"of all models|fastest model|best model", clause.text)
            )
        )
    ):
        yield from _best_level(clause, word, one_model(names[0]), metric, sign, place)
        return
    if parameters and not names:
        for model in index.run_models:
            yield from _best_level(clause, word, model, metric, sign, place)
        return
    if not names:
        return
    subject = _rank_subject(clause, word, names)
    model = one_model(subject)
    clause.use(word)
    if model is None:
        yield unsupported("rank", clause.text, "which of several models is meant is not said")
        return
    yield from ranked(clause, word, model, metric, sign, place)


def _rank_subject(clause: Clause, word: Mention, names: list[Mention]) -> Mention:
    after = [each for each in names if each.start >= word.end]
    before = [each for each in names if each.end <= word.start]
    if after and (
        not before
        or re.match(
            r"^[^,;]{0,40}\b(?:is|was|belongs to|by|for|goes to|comes from|that of|of)\s*$",
            clause.between(word.end, after[0].start),
        )
    ):
        return after[0]
    return before[-1] if before else names[0]


def ranked(clause: Clause, word: Mention, model: str, metric: str, sign: int, place: int) -> Iterator[Claim]:
    index, params, runs = clause.index, params_of(clause), runs_of(clause)
    means = index.runs.alike(metric, index.run_models, params, runs)
    if means is None:
        yield unsupported("rank", clause.text, f"{metric} of the models was not measured under equal conditions")
        return
    negated = clause.negation_before(word) is not None
    if model not in means:
        yield unsupported("rank", clause.text, f"{metric} of {model} is not measured")
        return
    if len(means) < 2:
        yield unsupported("rank", clause.text, f"{metric} is measured of one model only")
        return
    often = {name: mean for name, mean in means.items() if index.runs.count(metric, name) >= 3}
    ranks: list[int] = []
    for pool in (means, often):
        order = sorted(pool, key=lambda name: -sign * pool[name])
        if model in order:
            ranks.append(order.index(model) + 1)
    unit = index.runs.units[metric]
    shown = ", ".join(
        f"{name} {format_value(means[name], unit)}" for name in sorted(means, key=lambda name: -sign * means[name])[:6]
    )
    says = f"mean {metric}: {shown}"
    if (place in ranks) != negated:
        yield supported("rank", clause.text, says, "the means agree")
    else:
        yield contradicted("rank", clause.text, f"{model} is number {ranks[0]} by its mean", says)


def _best_level(
    clause: Clause, word: Mention, model: str | None, metric: str, sign: int, place: int
) -> Iterator[Claim]:
    """Whether a value of a parameter, or a set of several, is the best of its model."""
    clause.use(word)
    if model is None:
        yield unsupported("rank", clause.text, "which of several models is meant is not said")
        return
    index, given = clause.index, params_of(clause)
    if not given:
        yield unsupported("rank", clause.text, "which value of the parameter is meant is not said")
        return
    verdicts: list[tuple[bool, str]] = []
    for readings in _level_readings(index, model, metric, given):
        if len(readings) < 2:
            continue
        order = sorted(readings, key=lambda label: -sign * readings[label])
        own = label(given)
        if own in order:
            shown = ", ".join(f"{label}: {readings[label]:.4g}" for label in order[:4])
            verdicts.append((order.index(own) + 1 == place, f"mean {metric} of {model} at {shown}"))
    if not verdicts:
        yield unsupported("rank", clause.text, "there are no two values to compare")
        return
    good = next((says for right, says in verdicts if right), None)
    if good:
        yield supported("rank", clause.text, good, "the means agree")
    else:
        yield contradicted("rank", clause.text, "another value is ahead", verdicts[0][1])


def label(params: dict[str, float]) -> str:
    return ", ".join(f"{name}={value:g}" for name, value in sorted(params.items()))


def _level_readings(
    index: EvidenceIndex, model: str, metric: str, given: dict[str, float]
) -> Iterator[dict[str, float]]:
    """Means by value of the parameter over all runs, then means by whole parameter set (from three runs)."""
    if len(given) == 1:
        [name] = given
        levels = {
            label({name: value}): index.runs.mean(metric, model, {name: value})
            for value in index.runs.params_of(model, name)
        }
        yield {label: mean for label, mean in levels.items() if mean is not None}
    for least in (3, 1):
        found: dict[str, float] = {}
        for each in index.runs.sets_of(model, metric):
            statistic = index.runs.statistic(metric, model, each, exact=True)
            if statistic is not None and statistic.n >= least:
                found[label(each)] = statistic.values["mean"]
        if found:
            yield found
            return
